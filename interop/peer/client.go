package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/thimble-go/thimble"
)

// command is what the client is told on its standard input. Each is answered
// with a line "done", which has the error if there was one.
type command struct {
	Command string          `json:"command"` // subscribe, unsubscribe, trigger, members or quit
	Channel string          `json:"channel"`
	Event   string          `json:"event"` // trigger
	Data    json.RawMessage `json:"data"`  // trigger
}

// done answers a command.
type done struct {
	Command string   `json:"command"`
	Me      string   `json:"me,omitempty"`      // members
	Members []member `json:"members,omitempty"` // members
}

type member struct {
	ID   string          `json:"id"`
	Info json.RawMessage `json:"info,omitempty"`
}

func runClient(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("client", flag.ExitOnError)
	host := flags.String("host", "127.0.0.1:6001", "host:port of the broker")
	key := flags.String("key", "app-key", "the application's key")
	auth := flags.String("auth", "", "URL of the authorization endpoint")
	user := flags.String("user", "", "id that the endpoint is told, in the header X-User")
	_ = flags.Parse(args) // it exits instead

	config := thimble.Config{Key: *key, Host: *host, Plaintext: true}
	if *auth != "" {
		config.Authorizer = thimble.Endpoint{URL: *auth, Header: map[string]string{"X-User": *user}}
	}
	client, err := thimble.New(config)
	if err != nil {
		return err
	}
	client.BindAll(printEvent)
	client.OnError(func(err error) { report(line{Event: "error", Error: err.Error()}) })
	client.OnStateChange(func(change thimble.StateChange) {
		l := line{Event: "state_change", Data: map[string]string{
			"previous":  change.Previous.String(),
			"current":   change.Current.String(),
			"socket_id": client.SocketID(),
		}}
		if change.Err != nil {
			l.Error = change.Err.Error()
		}
		report(l)
	})

	// Nothing wakes a read of the standard input; it ends with the process.
	go func() {
		obey(client, json.NewDecoder(os.Stdin))
		client.Disconnect()
	}()
	if err := client.Run(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// obey carries out commands until the input ends or says quit.
func obey(client *thimble.Client, input *json.Decoder) {
	for {
		var c command
		if input.Decode(&c) != nil || c.Command == "quit" {
			return
		}
		answer := done{Command: c.Command}
		channel := client.Channel(c.Channel)
		var err error
		switch c.Command {
		case "subscribe":
			channel.Subscribe()
		case "unsubscribe":
			channel.Unsubscribe()
		case "trigger":
			err = channel.Trigger(c.Event, string(c.Data))
		case "members":
			answer.Me = channel.Me()
			for _, m := range channel.Members() {
				answer.Members = append(answer.Members, newMember(m))
			}
		default:
			err = fmt.Errorf("unknown command %q", c.Command)
		}
		l := line{Event: "done", Channel: c.Channel, Data: answer}
		if err != nil {
			l.Error = err.Error()
		}
		report(l)
	}
}

func printEvent(e thimble.Event) {
	l := line{Event: e.Name, Channel: e.Channel, UserID: e.UserID}
	switch e.Name {
	case thimble.EventMemberAdded, thimble.EventMemberRemoved:
		l.Data = newMember(e.Member)
	case thimble.EventDecryptionError:
		l.Error = e.Err.Error()
	case thimble.EventSubscriptionError:
		l.Error = e.Err.Error()
		var failure *thimble.SubscriptionError
		if errors.As(e.Err, &failure) {
			l.Status = failure.Status
		}
	default:
		l.Data = e.Text()
	}
	report(l)
}

func newMember(m thimble.Member) member {
	return member{ID: m.ID, Info: json.RawMessage(m.Info)}
}
