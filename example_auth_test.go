package thimble_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/thimble-go/thimble"
)

// A bearer token that expires is fetched for each request.
func ExampleEndpoint_headers() {
	login := func(context.Context) (string, error) { return "a token that is valid now", nil }
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Cluster: "eu",
		Authorizer: thimble.Endpoint{
			URL: "https://example.com/pusher/auth",
			HeaderFunc: func(ctx context.Context) (map[string]string, error) {
				token, err := login(ctx)
				if err != nil {
					return nil, err // tried again later
				}
				return map[string]string{"Authorization": "Bearer " + token}, nil
			},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client.Subscribe("private-orders")
	_ = client.Run(context.Background())
}

// Fifty channels that wait for tokens after a reconnection take five requests,
// if the endpoint knows how; package channelauth does.
func ExampleEndpoint_batch() {
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Cluster: "eu",
		Authorizer: thimble.Endpoint{URL: "https://example.com/pusher/auth", Batch: 10},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 50 {
		client.Subscribe(fmt.Sprint("private-order-", i))
	}
	_ = client.Run(context.Background())
}

// Tokens come from wherever the program has them from.
func ExampleAuthorizerFunc() {
	errGone := errors.New("no such order")
	ask := func(ctx context.Context, socketID, channel string) (string, error) { return "app-key:signature", nil }
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Cluster: "eu",
		Authorizer: thimble.AuthorizerFunc(func(ctx context.Context, req thimble.AuthRequest) (thimble.Token, error) {
			signed, err := ask(ctx, req.SocketID, req.Channel)
			if errors.Is(err, errGone) {
				return thimble.Token{}, &thimble.AuthError{Permanent: true, Err: err} // not tried again
			}
			return thimble.Token{Auth: signed}, err
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client.Subscribe("private-order-1")
	_ = client.Run(context.Background())
}

// While there is no authorization endpoint yet, a program may sign for itself.
// Whoever has the secret can do everything, so it never leaves your desk.
func ExampleDevelopmentSigner() {
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Host: "127.0.0.1:6001", Plaintext: true,
		Authorizer: thimble.DevelopmentSigner{Key: "app-key", Secret: "app-secret", UserID: "desk"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	room := client.Subscribe("presence-room")
	room.Bind(thimble.EventSubscribed, func(thimble.Event) { fmt.Println("I am", room.Me()) })
	_ = client.Run(context.Background())
}

// What goes wrong is told, with what can be done about it.
func ExampleClient_OnError() {
	client, err := thimble.New(thimble.Config{Key: "app-key", Cluster: "eu"})
	if err != nil {
		fmt.Println(err)
		return
	}
	client.OnError(func(err error) {
		var connect *thimble.ConnectError
		var panicked *thimble.PanicError
		switch {
		case errors.As(err, &connect):
			fmt.Println("next attempt in", connect.Retry, "since", err)
		case errors.As(err, &panicked):
			fmt.Println(err, panicked.Stack)
		default:
			fmt.Println(err)
		}
	})
	client.OnStateChange(func(s thimble.StateChange) { fmt.Println(s.Previous, "->", s.Current) })
	_ = client.Run(context.Background())
}

// Channels with ever new names are forgotten when they are done with.
func ExampleChannel_Forget() {
	client, err := thimble.New(thimble.Config{Key: "app-key", Cluster: "eu"})
	if err != nil {
		fmt.Println(err)
		return
	}
	order := client.Subscribe("order-17")
	order.Bind("shipped", func(e thimble.Event) {
		fmt.Println(e.Text())
		order.Forget()
	})
	_ = client.Run(context.Background())
}

// A handler may be there for one event only.
func ExampleBinding_Unbind() {
	client, err := thimble.New(thimble.Config{Key: "app-key", Cluster: "eu"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var first thimble.Binding
	first = client.Subscribe("news").Bind("headline", func(e thimble.Event) {
		fmt.Println("the first:", e.Text())
		first.Unbind()
	})
	_ = client.Run(context.Background())
}
