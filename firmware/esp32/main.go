// The demonstration device on an ESP32 DevKit, with Wi-Fi by tinygo.org/x/espradio.
// The README has the wiring.
//
//	go get tinygo.org/x/espradio@latest
//	tinygo flash -target=esp32-coreboard-v2 -stack-size=8kb -monitor -ldflags="-X main.ssid=NETWORK -X main.password=PASSWORD \
//	  -X main.key=app-key -X main.host=192.168.1.2:6001 -X main.auth=http://192.168.1.2:6001/pusher/auth" .
package main

import (
	"machine"
	"runtime/volatile"
	"unsafe"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/board"
	"tinygo.org/x/drivers/bme280"
	"tinygo.org/x/drivers/netdev"
	"tinygo.org/x/drivers/netlink"
	"tinygo.org/x/espradio"
	espnetlink "tinygo.org/x/espradio/netlink"
)

// Set with -ldflags "-X main.key=...".
var ssid, password, key, host, auth, name string

func main() {
	led := machine.LED // on board, GPIO 2
	led.Configure(machine.PinConfig{Mode: machine.PinOutput})
	_ = machine.I2C0.Configure(machine.I2CConfig{})
	sensor := bme280.New(machine.I2C0)
	sensor.Configure()

	link := &espnetlink.Esplink{}
	netdev.UseNetdev(link)
	board.Main(board.Config{
		Board:    "esp32",
		Settings: board.Settings{SSID: ssid, Password: password, Key: key, Host: host, Auth: auth, Name: name},
		Wifi: &board.Station{
			Join: func() error {
				return link.NetConnect(&netlink.ConnectParams{Ssid: ssid, Passphrase: password})
			},
			// The radio and its stack run on: only the access point is joined again.
			Rejoin: func() error {
				return espradio.Connect(espradio.STAConfig{SSID: ssid, Password: password})
			},
		},
		LED: led, Sensor: &sensor,
		Adjust: func(c *thimble.Config) { c.Entropy = board.Words(random) },
	})
}

// random is the number generator of the chip, which TinyGo does not know. It
// is fed by the radio's noise (ESP32 Technical Reference Manual, "Random Number
// Generator").
func random() (uint32, error) {
	return (*volatile.Register32)(unsafe.Pointer(uintptr(0x3ff75144))).Get(), nil
}
