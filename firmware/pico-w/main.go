// The demonstration device on a Raspberry Pi Pico W, with Wi-Fi by
// github.com/soypat/cyw43439. The README has the wiring.
//
//	tinygo flash -target=pico-w -stack-size=8kb -scheduler=tasks -monitor -ldflags="-X main.ssid=NETWORK \
//	  -X main.password=PASSWORD -X main.key=app-key -X main.host=192.168.1.2:6001 \
//	  -X main.auth=http://192.168.1.2:6001/pusher/auth" .
package main

import (
	"machine"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/board"
)

// Set with -ldflags "-X main.key=...".
var ssid, password, key, host, auth, name string

func main() {
	led := machine.GPIO15 // the one on board hangs on the radio, which has other things to do
	led.Configure(machine.PinConfig{Mode: machine.PinOutput})
	machine.InitADC()
	_ = machine.Watchdog.Configure(machine.WatchdogConfig{TimeoutMillis: machine.WatchdogMaxTimeout})
	_ = machine.Watchdog.Start()

	w := &wifi{ssid: ssid, password: password}
	board.Main(board.Config{
		Board:    "pico-w",
		Settings: board.Settings{SSID: ssid, Password: password, Key: key, Host: host, Auth: auth, Name: name},
		Wifi:     &board.Station{Join: w.start, Linked: w.linked},
		LED:      led, Sensor: chip{},
		Feed: machine.Watchdog.Update, Restart: machine.CPUReset,
		Adjust: func(c *thimble.Config) { c.Entropy = board.Words(machine.GetRNG) },
	})
}

// chip is the thermometer in the RP2040.
type chip struct{}

func (chip) ReadTemperature() (int32, error) { return machine.ReadTemperature(), nil }
