// The demonstration device on an Arduino Nano RP2040 Connect, whose Wi-Fi module
// speaks WiFiNINA.
//
//	tinygo flash -target=nano-rp2040 -stack-size=8kb -monitor -ldflags="-X main.ssid=NETWORK -X main.password=PASSWORD \
//	  -X main.key=app-key -X main.host=192.168.1.2:6001 -X main.auth=http://192.168.1.2:6001/pusher/auth" .
package main

import (
	"machine"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/board"
	"tinygo.org/x/drivers/lsm6dsox"
	"tinygo.org/x/drivers/netlink"
	"tinygo.org/x/drivers/netlink/probe"
)

// Set with -ldflags "-X main.key=...".
var ssid, password, key, host, auth, name string

func main() {
	led := machine.LED
	led.Configure(machine.PinConfig{Mode: machine.PinOutput})
	_ = machine.I2C0.Configure(machine.I2CConfig{})
	sensor := lsm6dsox.New(machine.I2C0) // on board
	_ = sensor.Configure(lsm6dsox.Configuration{})
	_ = machine.Watchdog.Configure(machine.WatchdogConfig{TimeoutMillis: machine.WatchdogMaxTimeout})
	_ = machine.Watchdog.Start()

	link, _ := probe.Probe()
	board.Main(board.Config{
		Board:    "nano-rp2040-connect",
		Settings: board.Settings{SSID: ssid, Password: password, Key: key, Host: host, Auth: auth, Name: name},
		Wifi: &board.Station{
			Join: func() error {
				return link.NetConnect(&netlink.ConnectParams{Ssid: ssid, Passphrase: password, Retries: 1})
			},
			Leave: link.NetDisconnect,
		},
		LED: led, Sensor: sensor,
		Feed: machine.Watchdog.Update, Restart: machine.CPUReset,
		Adjust: func(c *thimble.Config) { c.Entropy = board.Words(machine.GetRNG) },
	})
}
