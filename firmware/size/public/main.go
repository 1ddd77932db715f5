// A client with public channels, which reconnects.
package main

import (
	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/size/stub"
)

func main() {
	stub.Use(stub.Device{})
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Host: "broker.example:6001", Plaintext: true,
		Entropy: stub.Device{},
	})
	if err != nil {
		println(err.Error())
		return
	}
	client.OnError(func(err error) { println(err.Error()) })
	client.Subscribe("news").Bind("headline", func(e thimble.Event) { println(e.Text()) })
	for client.Poll() == nil {
	}
}
