//go:build tinygo.riscv

// A client that measures itself in QEMU, on the network that "thimble bridge"
// gives it, and prints what it finds: "figure NAME VALUE". It joins a presence
// channel, counts what is allocated while events come, and loses its connection
// a few times. "make firmware-size" runs it.
package main

import (
	"runtime"
	"strconv"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/emulated/virt"
	"github.com/thimble-go/thimble/firmware/serialnet"
	"github.com/thimble-go/thimble/firmware/size/stub"
)

// Set with -ldflags "-X main.host=...".
var host, auth string

const (
	members    = 10
	settle     = 20 // events before those that count
	events     = 100
	reconnects = 5
)

func main() {
	if err := run(); err != nil {
		println("figure failed " + err.Error())
	}
	for {
	}
}

func run() error {
	line, err := serialnet.New(serialnet.Config{Port: virt.UART{}, Clock: virt.Clock, Idle: runtime.Gosched, Window: 1000})
	if err != nil {
		return err
	}
	net := &watch{Device: line, last: -1}
	stub.Use(net)
	net.begin()

	client, err := thimble.New(thimble.Config{
		Key: "app-key", Host: host, Plaintext: true, Clock: virt.Clock, Entropy: virt.NewDice("measured"),
		Authorizer: thimble.Endpoint{URL: auth},
		ReadBuffer: 4096, MaxMessage: 4080,
	})
	if err != nil {
		return err
	}
	seen := 0
	client.OnError(func(err error) { println(err.Error()) })
	room := client.Channel("presence-size")
	room.Bind("client-measure", func(e thimble.Event) { seen++ })
	room.Bind(thimble.EventSubscriptionError, func(e thimble.Event) { println(e.Err.Error()) })
	room.Subscribe()

	until := func(done func() bool) error {
		for !done() {
			if err := client.Poll(); err != nil {
				return err
			}
			net.look(false)
			line.Poll()
			runtime.Gosched()
		}
		return nil
	}
	joined := func() bool { return room.Subscribed() && room.MemberCount() == members }
	if err := until(joined); err != nil {
		return err
	}
	figure("peak-connect", net.peak())
	figure("heap", net.heap())

	if err := until(func() bool { return seen >= settle }); err != nil {
		return err
	}
	first, before := seen, mallocs()
	if err := until(func() bool { return seen >= settle+events }); err != nil {
		return err
	}
	figure("events", seen-first)
	figure("mallocs", int(mallocs()-before))

	net.peak()
	total := allocated()
	for range reconnects {
		net.cut()
		if err := until(func() bool { return !room.Subscribed() }); err != nil {
			return err
		}
		if err := until(joined); err != nil {
			return err
		}
	}
	figure("reconnection", int(allocated()-total)/reconnects)
	figure("peak-reconnect", net.peak())
	figure("heap-after", net.heap())
	figure("stack", net.deepest)
	println("figure done 0")
	return nil
}

func figure(name string, value int) { println("figure " + name + " " + strconv.Itoa(value)) }
