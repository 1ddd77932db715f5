// The demonstration device on an Arduino Nano 33 IoT, whose Wi-Fi module
// speaks WiFiNINA.
//
//	tinygo flash -target=arduino-nano33 -stack-size=4kb -monitor -ldflags="-X main.ssid=NETWORK \
//	  -X main.password=PASSWORD -X main.key=app-key -X main.host=192.168.1.2:6001 \
//	  -X main.auth=http://192.168.1.2:6001/pusher/auth" .
package main

import (
	"machine"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/board"
	"tinygo.org/x/drivers/lsm6ds3"
	"tinygo.org/x/drivers/netlink"
	"tinygo.org/x/drivers/netlink/probe"
)

// Set with -ldflags "-X main.key=...".
var ssid, password, key, host, auth, name string

func main() {
	led := machine.LED
	led.Configure(machine.PinConfig{Mode: machine.PinOutput})
	_ = machine.I2C0.Configure(machine.I2CConfig{})
	sensor := lsm6ds3.New(machine.I2C0) // on board
	_ = sensor.Configure(lsm6ds3.Configuration{})

	// The SAMD21 has no source of randomness, but this pin, which must stay free.
	machine.InitADC()
	free := machine.ADC{Pin: machine.A0}
	free.Configure(machine.ADCConfig{})
	noise := board.Noise(func() uint16 { return free.Get() >> 4 }) // 12 bits, of 16

	link, _ := probe.Probe()
	board.Main(board.Config{
		Board:    "nano33-iot",
		Settings: board.Settings{SSID: ssid, Password: password, Key: key, Host: host, Auth: auth, Name: name},
		Wifi: &board.Station{
			Join: func() error {
				return link.NetConnect(&netlink.ConnectParams{Ssid: ssid, Passphrase: password, Retries: 1})
			},
			Leave: link.NetDisconnect,
		},
		LED: led, Sensor: sensor,
		Restart: machine.CPUReset,
		Adjust:  func(c *thimble.Config) { c.Entropy = noise },
	})
}
