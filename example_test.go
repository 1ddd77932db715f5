package thimble_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/thimble-go/thimble"
)

// A program that listens until it is interrupted.
func Example() {
	client, err := thimble.New(thimble.Config{Key: "app-key", Cluster: "eu"})
	if err != nil {
		fmt.Println(err)
		return
	}
	news := client.Subscribe("news")
	news.Bind("headline", func(e thimble.Event) {
		fmt.Println(e.Field("title"), e.Field("tags.0"))
	})
	client.OnError(func(err error) { fmt.Println(err) })

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err = client.Run(ctx)
	var closed *thimble.CloseError
	if errors.As(err, &closed) {
		fmt.Println("the server does not want us:", closed)
	}
}

// A device with a loop of its own, which does other things as well.
func ExampleClient_Poll() {
	client, err := thimble.New(thimble.Config{Key: "app-key", Host: "192.168.1.2:6001", Plaintext: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	client.Subscribe("lights").Bind("set", func(e thimble.Event) {
		if on, ok := e.Field("on").Bool(); ok {
			fmt.Println("LED", on)
		}
	})
	for {
		if err := client.Poll(); err != nil {
			fmt.Println(err) // refused for good: wrong key, say
			time.Sleep(time.Minute)
			client.Connect()
		}
		// Read sensors, drive motors.
	}
}

// Private channels ask an authorization endpoint for a token, on each
// connection anew.
func ExampleEndpoint() {
	client, err := thimble.New(thimble.Config{
		Key:     "app-key",
		Cluster: "eu",
		Authorizer: thimble.Endpoint{
			URL:    "https://example.com/pusher/auth",
			Header: map[string]string{"Authorization": "Bearer " + os.Getenv("DEVICE_TOKEN")},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	orders := client.Subscribe("private-orders")
	orders.Bind("created", func(e thimble.Event) { fmt.Println(e.Text()) })
	orders.Bind(thimble.EventSubscriptionError, func(e thimble.Event) {
		var failed *thimble.SubscriptionError
		if errors.As(e.Err, &failed) && failed.Retry == 0 {
			fmt.Println("not before the next connection:", failed)
		}
	})
	_ = client.Run(context.Background())
}

// Presence channels know who is there.
func ExampleChannel_Members() {
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Cluster: "eu",
		Authorizer: thimble.Endpoint{URL: "https://example.com/pusher/auth"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	room := client.Subscribe("presence-room")
	room.Bind(thimble.EventSubscribed, func(thimble.Event) {
		fmt.Println("I am", room.Me())
		for _, m := range room.Members() {
			fmt.Println(m.ID, "is here:", m.Info)
		}
	})
	room.Bind(thimble.EventMemberAdded, func(e thimble.Event) { fmt.Println(e.Member.ID, "came") })
	room.Bind(thimble.EventMemberRemoved, func(e thimble.Event) { fmt.Println(e.Member.ID, "went") })
	_ = client.Run(context.Background())
}

// What a member says of himself is JSON, and is read without reflection, on
// boards too.
func ExampleMember_Field() {
	m := thimble.Member{ID: "7", Info: `{"name":"Ann","seat":{"row":3}}`}
	row, ok := m.Field("seat.row").Int()
	fmt.Println(m.Field("name"), row, ok, m.Field("age").Exists())
	// Output: Ann 3 true false
}

// A door opens only for members whom the server vouches for, whatever the
// event says about its sender.
func ExampleChannel_BindFrom() {
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Cluster: "eu",
		Authorizer: thimble.Endpoint{URL: "https://example.com/pusher/auth"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	residents := map[string]bool{"alice": true, "bob": true}
	door := client.Subscribe("presence-door")
	door.BindFrom("client-open", func(userID string) bool { return residents[userID] }, func(e thimble.Event) {
		fmt.Println("opened for", e.UserID)
		if err := door.Trigger("client-opened", `{"ok":true}`); err != nil {
			fmt.Println(err)
		}
	})
	_ = client.Run(context.Background())
}

// A token that was made elsewhere is for one connection, so it is asked for
// when there is one.
func ExampleClient_SubscribeAuthorized() {
	client, err := thimble.New(thimble.Config{Key: "app-key", Cluster: "eu"})
	if err != nil {
		fmt.Println(err)
		return
	}
	askBackend := func(socketID string) thimble.Token { return thimble.Token{Auth: "KEY:SIGNATURE"} }
	client.OnStateChange(func(s thimble.StateChange) {
		if s.Current == thimble.StateConnected {
			client.SubscribeAuthorized("private-orders", askBackend(client.SocketID()))
		}
	})
	_ = client.Run(context.Background())
}
