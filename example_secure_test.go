package thimble_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/thimble-go/thimble"
)

// Encrypted channels hide what is published from everybody but publishers and
// subscribers, the service included. The authorization endpoint hands out the
// key; a changed one is asked for when it is needed.
func Example_encrypted() {
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Cluster: "eu",
		Authorizer: thimble.Endpoint{URL: "https://example.com/pusher/auth"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ward := client.Subscribe("private-encrypted-ward")
	ward.Bind("vitals", func(e thimble.Event) { fmt.Println(e.Field("pulse")) })
	ward.Bind(thimble.EventDecryptionError, func(e thimble.Event) {
		var lost *thimble.DecryptionError
		if errors.As(e.Err, &lost) {
			fmt.Println("a", lost.Event, "is lost:", lost)
		}
	})
	_ = client.Run(context.Background())
}

// A user who is signed in gets events of his own, on all of his connections.
func ExampleClient_SignIn() {
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Cluster: "eu",
		UserAuthorizer: thimble.Endpoint{
			URL:    "https://example.com/pusher/user-auth",
			Header: map[string]string{"Authorization": "Bearer " + os.Getenv("LOGIN_TOKEN")},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	user := client.User()
	user.Bind("message", func(e thimble.Event) { fmt.Println("for", user.ID(), e.Text()) })
	user.Bind(thimble.EventSignedIn, func(e thimble.Event) { fmt.Println("hello", e.Field("id")) })
	user.Bind(thimble.EventSignInError, func(e thimble.Event) {
		var failed *thimble.SignInError
		if errors.As(e.Err, &failed) && failed.Retry == 0 {
			fmt.Println("not before the next connection:", failed)
		}
	})
	if err := client.SignIn(); err != nil {
		fmt.Println(err)
		return
	}
	_ = client.Run(context.Background())
}

// A watchlist tells which friends are online. The authorization endpoint puts
// it into the user's data.
func ExampleUser_OnWatchlist() {
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Cluster: "eu",
		UserAuthorizer: thimble.Endpoint{URL: "https://example.com/pusher/user-auth"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client.User().OnWatchlist(func(ev thimble.WatchlistEvent) {
		for _, id := range ev.UserIDs {
			fmt.Println(id, "is", ev.Name)
		}
	})
	if err := client.SignIn(); err != nil {
		fmt.Println(err)
		return
	}
	_ = client.Run(context.Background())
}
