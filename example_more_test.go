package thimble_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thimble-go/thimble"
)

// A program that keeps a copy of something fetches what it has missed.
func ExampleEvent_gap() {
	client, err := thimble.New(thimble.Config{Key: "app-key", Cluster: "eu"})
	if err != nil {
		fmt.Println(err)
		return
	}
	prices := client.Subscribe("prices")
	prices.Bind(thimble.EventSubscribed, func(e thimble.Event) {
		if e.Gap > 0 {
			fmt.Println("fetch what is newer than", time.Now().Add(-e.Gap))
		}
	})
	_ = client.Run(context.Background())
}

// Who came and went while the client was away.
func ExampleChannel_MemberChanges() {
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Cluster: "eu", MemberChanges: true,
		Authorizer: thimble.Endpoint{URL: "https://example.com/pusher/auth"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	room := client.Subscribe("presence-room")
	room.Bind(thimble.EventSubscribed, func(thimble.Event) {
		joined, left := room.MemberChanges()
		fmt.Println(len(joined), "came,", len(left), "went")
	})
	_ = client.Run(context.Background())
}

// Client events that cannot be sent are errors, unless they may wait.
func ExampleChannel_Trigger() {
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Host: "127.0.0.1:6001", Plaintext: true,
		Authorizer: thimble.Endpoint{URL: "https://example.com/pusher/auth"},
		Backlog:    4096, // bytes; without it ErrNotConnected, ErrNotSubscribed and ErrRateLimited are returned
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	chat := client.Subscribe("private-chat")
	switch err := chat.Trigger("client-typing", `{"who":"ann"}`); {
	case errors.Is(err, thimble.ErrQueueFull):
		fmt.Println("too much waits already")
	case err != nil:
		fmt.Println(err)
	}
	fmt.Println(chat.Trigger("typing", `{}`))
	// Output: thimble: a client event's name starts with "client-" and has at most 200 characters
}

// A laptop that wakes up, or a phone that changes its network, need not wait
// until the silence is noticed.
func ExampleClient_Probe() {
	client, err := thimble.New(thimble.Config{Key: "app-key", Cluster: "eu"})
	if err != nil {
		fmt.Println(err)
		return
	}
	woken := make(chan struct{})
	go func() {
		for range woken {
			client.Probe()
		}
	}()
	_ = client.Run(context.Background())
}

// Going to another server or cluster keeps channels and handlers.
func ExampleClient_Switch() {
	client, err := thimble.New(thimble.Config{Key: "app-key", Host: "127.0.0.1:6001", Plaintext: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	client.Subscribe("news").Bind("headline", func(e thimble.Event) { fmt.Println(e.Text()) })
	if err := client.Switch(thimble.Server{Host: "127.0.0.1:6002", Plaintext: true}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(client.Switch(thimble.Server{Host: "https://example.com"}))
	// Output: thimble: Config.Host is a host or host:port, such as "127.0.0.1:6001", without scheme or path
}

// Values are read out of an event without a struct, and without reflection.
func ExampleEvent_Field() {
	e := thimble.Event{Data: []byte(`{"led":{"on":true,"color":[255,128,0]},"name":"desk \u2603","level":0.5}`)}
	on, _ := e.Field("led.on").Bool()
	green, ok := e.Field("led.color.1").Int()
	level, _ := e.Field("level").Float()
	fmt.Println(on, green, ok, level, e.Field("name"), e.Field("nothing").Exists())
	// Output: true 128 true 0.5 desk ☃ false
}

// The wifi of a board is brought up before each attempt to connect.
func ExampleNetwork() {
	client, err := thimble.New(thimble.Config{Key: "app-key", Host: "192.168.1.2:6001", Plaintext: true, Network: wifi{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for client.Poll() == nil {
		// Do what a device does.
	}
}

type wifi struct{}

func (wifi) Up(ctx context.Context) error { return nil /* join the access point */ }
func (wifi) Lost(err error)               {}

// A log for a board: one line of text for each thing that happens.
func ExampleLogger() {
	log := func(r thimble.Record) { fmt.Println(r.String()) }
	log(thimble.Record{Level: thimble.LevelWarn, Message: "not subscribed", Channel: "private-a", Retry: 2 * time.Second, Err: errors.New("status 503")})
	// Output: WARN not subscribed channel=private-a retry=2s error="status 503"
}
