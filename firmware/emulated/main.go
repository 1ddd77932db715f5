// The demonstration device as firmware for a board that QEMU emulates. It
// reaches the network through its serial port and "thimble bridge".
//
//	thimble demo --addr 127.0.0.1:6001
//	thimble bridge --tcp 127.0.0.1:4000 --allow 127.0.0.1:6001
//	tinygo build -target=riscv-qemu -o emulated.elf -ldflags="-X main.key=app-key \
//	  -X main.host=127.0.0.1:6001 -X main.auth=http://127.0.0.1:6001/pusher/auth -X main.seed=$RANDOM" .
//	qemu-system-riscv32 -machine virt -display none -monitor none -bios none \
//	  -kernel emulated.elf -serial tcp:127.0.0.1:4000,server=on,wait=on
//
// With -target=cortex-m-qemu it is qemu-system-arm -machine lm3s6965evb.
package main

import (
	"runtime"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/board"
	"github.com/thimble-go/thimble/firmware/emulated/virt"
	"github.com/thimble-go/thimble/firmware/serialnet"
)

// Set with -ldflags "-X main.key=...".
var key, host, auth, name, seed string

func main() {
	line, err := serialnet.New(serialnet.Config{Port: virt.UART{}, Clock: virt.Clock, Idle: runtime.Gosched, Window: 1000})
	if err != nil {
		println(err.Error())
		return
	}
	line.Use()
	board.Main(board.Config{
		Board:    "emulated",
		Settings: board.Settings{Key: key, Host: host, Auth: auth, Name: name},
		LED:      led{}, Status: quiet{}, Sensor: sensor{},
		Clock: virt.Clock,
		Idle: func() {
			line.Poll()
			runtime.Gosched()
		},
		Adjust: func(c *thimble.Config) {
			if seed != "" { // or the client says that there is no randomness
				c.Entropy = virt.NewDice(seed)
			}
		},
	})
}
