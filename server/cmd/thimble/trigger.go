package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble/server/internal/apiclient"
)

func newTrigger() *cobra.Command {
	var t target
	var except string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "trigger CHANNEL EVENT DATA",
		Short: "Publish an event through the HTTP API",
		Long: `Publish an event through the HTTP API.

DATA goes to the subscribers as it is, JSON by convention, 10 KB on most servers.`,
		Example: `  thimble trigger --host 127.0.0.1:6001 --plaintext --app-id app-id --key app-key --secret app-secret news headline '{"text":"hello"}'` + "\n" +
			`  PUSHER_APP_ID=... PUSHER_KEY=... PUSHER_SECRET=... thimble trigger --cluster eu news headline '{"text":"hello"}'`,
		Args: exactly("CHANNEL", "EVENT", "DATA"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := t.fill(cmd, "place", "app-id", "key", "secret"); err != nil {
				return err
			}
			client, err := t.api(cmd)
			if err != nil {
				return err
			}
			if args[1] == "" {
				return usage(cmd, errors.New("EVENT is empty"))
			}
			_, err = client.Trigger(cmd.Context(), apiclient.Event{Name: args[1], Channels: []string{args[0]}, Data: args[2], SocketID: except})
			if errors.Is(err, context.Canceled) {
				return errors.New("interrupted before the server answered: the event may have been published, or not")
			}
			if err != nil {
				return refused(err)
			}
			p := &printer{out: cmd.OutOrStdout(), json: asJSON}
			p.print(line{Event: args[1], Channel: args[0], Data: args[2]}, "published "+args[1]+" on "+args[0])
			return p.failed()
		},
	}
	t.flags(cmd)
	cmd.Flags().StringVar(&except, "socket-id", "", "`id` of a connection that does not get the event")
	cmd.Flags().BoolVar(&asJSON, "json", false, "output as a line of JSON")
	return cmd
}

// exactly checks that the arguments are those named, DATA the last if at all.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return errors.New("missing argument " + names[len(args)])
		}
		if len(args) > len(names) {
			if names[len(names)-1] == "DATA" {
				return errors.New("too many arguments; put quotes around DATA if it has spaces")
			}
			return errors.New("too many arguments: " + strings.Join(names, " ") + " is all there is")
		}
		return nil
	}
}
