// The demonstration device as firmware for a board that QEMU emulates. It
// reaches the network through its serial port and "thimble bridge".
//
//	thimble demo --addr 127.0.0.1:6001
//	thimble bridge --listen 127.0.0.1:4000 --allow 127.0.0.1:6001
//	tinygo build -target=riscv-qemu -o emulated.elf -ldflags="-X main.key=app-key \
//	  -X main.host=127.0.0.1:6001 -X main.auth=http://127.0.0.1:6001/pusher/auth -X main.name=emulated \
//	  -X main.seed=$RANDOM" .
//	qemu-system-riscv32 -machine virt -display none -monitor none -bios none \
//	  -kernel emulated.elf -serial tcp:127.0.0.1:4000
package main

import (
	"runtime"
	"strings"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/app"
	"github.com/thimble-go/thimble/firmware/serialnet"
)

// Set with -ldflags "-X main.key=...".
var key, host, auth, name, seed string

func main() {
	println(run())
	for { // a board that has ended does nothing, in place of starting anew
	}
}

func run() string {
	for _, v := range [...][2]string{{"key", key}, {"host", host}, {"auth", auth}, {"name", name}, {"seed", seed}} {
		if v[1] == "" {
			return "not set up: build with -ldflags=\"-X main." + v[0] + "=...\""
		}
	}
	line, err := serialnet.New(serialnet.Config{Port: uart{}, Clock: clock, Idle: runtime.Gosched, Window: 1000})
	if err != nil {
		return err.Error()
	}
	line.Use()
	client, err := thimble.New(thimble.Config{
		Key: key, Host: host, Plaintext: true, Clock: clock, Entropy: newDice(seed),
		Authorizer: thimble.Endpoint{URL: auth, Params: map[string]string{"device": name}},
	})
	if err != nil {
		return err.Error()
	}
	device, err := app.New(app.Config{
		Client: client, Sensor: sensor{}, LED: led{}, Clock: clock,
		MayControl: func(userID string) bool { return strings.HasPrefix(userID, "operator-") },
		Log:        func(text string) { println(text) },
	})
	if err != nil {
		return err.Error()
	}
	for {
		if err := device.Poll(); err != nil {
			return err.Error()
		}
		line.Poll()
		runtime.Gosched()
	}
}
