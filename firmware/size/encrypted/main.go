// The same with encrypted channels.
package main

import (
	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/size/stub"
)

func main() {
	stub.Use(stub.Device{})
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Host: "broker.example:6001", Plaintext: true,
		Encryption: thimble.Secretbox{},
		Authorizer: thimble.Endpoint{URL: "http://broker.example:6002/pusher/auth"},
		Entropy:    stub.Device{},
	})
	if err != nil {
		println(err.Error())
		return
	}
	client.OnError(func(err error) { println(err.Error()) })
	client.Subscribe("news").Bind("headline", func(e thimble.Event) { println(e.Text()) })
	room := client.Subscribe("presence-room")
	room.Bind(thimble.EventSubscriptionError, func(e thimble.Event) { println(e.Err.Error()) })
	room.Bind(thimble.EventMemberAdded, func(e thimble.Event) { println(e.Member.ID, room.MemberCount()) })
	room.Bind("client-ping", func(e thimble.Event) {
		if err := room.Trigger("client-pong", `{"ok":true}`); err != nil {
			println(err.Error())
		}
	})
	for client.Poll() == nil {
	}
}
