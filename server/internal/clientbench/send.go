package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"time"

	"github.com/thimble-go/thimble"
)

// sendRole sends client events, one write each, and prints what that took.
func sendRole(args []string) error {
	flags := flag.NewFlagSet("send", flag.ExitOnError)
	address := flags.String("address", "", "of the server")
	events := flags.Int("events", 100000, "how many")
	_ = flags.Parse(args)
	client, err := thimble.New(thimble.Config{
		Key: appKey, Host: *address, Plaintext: true, EventRate: -1,
		Authorizer: thimble.AuthorizerFunc(func(context.Context, thimble.AuthRequest) (thimble.Token, error) {
			return thimble.Token{Auth: appKey + ":any"}, nil // the server believes everything
		}),
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ready, ended := make(chan struct{}), make(chan error, 1)
	room := client.Subscribe(privateName)
	room.Bind(thimble.EventSubscribed, func(thimble.Event) { close(ready) })
	go func() { ended <- client.Run(ctx) }()
	select {
	case <-ready:
	case err := <-ended:
		return err
	}
	const warm = 1000
	var r result
	var began time.Time
	for i := range warm + *events {
		if i == warm {
			r.Mallocs, r.CPU, began = mallocs(), cpuTime().Seconds(), time.Now()
		}
		for {
			err := room.Trigger("client-reading", `{"temperature":21.53}`)
			if err == nil {
				break
			}
			if err != thimble.ErrQueueFull {
				return err
			}
			time.Sleep(time.Millisecond)
		}
	}
	r.Events, r.Seconds = int64(*events), time.Since(began).Seconds()
	r.CPU = cpuTime().Seconds() - r.CPU
	r.Mallocs = mallocs() - r.Mallocs
	return json.NewEncoder(os.Stdout).Encode(r)
}
