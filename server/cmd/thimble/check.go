package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble"

	"github.com/thimble-go/thimble/server/internal/check"
)

func newCheck() *cobra.Command {
	var t target
	var a authorization
	var channels []string
	var timeout time.Duration
	var clientEvents, asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say what is wrong on the way from a key to an event",
		Long: `Say what is wrong on the way from a key to an event, step by step: name, TCP,
TLS, the upgrade to WebSocket, the key, a ping, the clock, the HTTP API, the
authorization endpoint, subscriptions, an event that is published and comes, and
one from client to client. A line for each: ok, failed with what to do, or
skipped with the reason.

What it can check depends on what it is given: a key and a place for the first
half; --app-id and --secret for the HTTP API, and to see whether the endpoint
signs with that secret; --auth-endpoint for the endpoint, with --auth-header for
what logs in there.

Without --channel a channel of its own is used, and events are sent there, which
nobody else gets; the endpoint has to let private-thimble-check in. With
--channel nothing is published.

It ends with 0 if nothing has failed, 3 if a failure is the server's no, and 1
otherwise.`,
		Example: "  thimble check --cluster eu --key 278d425bdf160c739803\n" +
			"  thimble check --context local\n" +
			"  thimble check --context prod --auth-endpoint https://example.com/pusher/auth --auth-header 'Authorization: Bearer ...' --channel presence-room",
		Args:              cobra.NoArgs,
		ValidArgsFunction: words(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := t.fill(cmd, "place", "key"); err != nil {
				return err
			}
			if err := a.fill(cmd, &t); err != nil {
				return err
			}
			for _, channel := range channels {
				if err := checkChannel(channel); err != nil {
					return usage(cmd, errors.New("--channel: "+strings.TrimPrefix(err.Error(), "CHANNEL ")))
				}
			}
			if timeout < 0 {
				return usage(cmd, errors.New("--timeout is not negative"))
			}
			// What no client would take is wrong usage.
			if _, err := thimble.New(t.client()); err != nil {
				return usage(cmd, err)
			}
			p := &printer{out: cmd.OutOrStdout(), json: asJSON}
			steps := 0
			failures, refused := check.Run(cmd.Context(), check.Config{
				Key: t.key, Cluster: t.cluster, Host: t.host, Plaintext: t.plaintext, AppID: t.appID, Secret: t.secret,
				Endpoint: a.endpoint, Header: a.header, MasterKey: a.master,
				Channels: channels, ClientEvents: clientEvents, Timeout: timeout, TLS: t.tls,
			}, func(r check.Result) {
				steps++
				p.object(shownStep(r))
				p.text(stepText(r))
			})
			switch {
			case p.failed() != nil:
				return p.failed()
			case cmd.Context().Err() != nil:
				return cmd.Context().Err()
			case failures == 0:
				p.text("nothing is wrong")
				return p.failed()
			}
			err := fmt.Errorf("%d of %d steps failed", failures, steps)
			if refused {
				return &refusedError{err}
			}
			return err
		},
	}
	t.flags(cmd)
	a.flags(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&channels, "channel", nil, "`channel` to subscribe to in place of one of its own; may be repeated")
	f.DurationVar(&timeout, "timeout", 10*time.Second, "`time` that each step may take")
	f.BoolVar(&clientEvents, "client-events", false, "it is a failure if clients may not send events")
	f.BoolVar(&asJSON, "json", false, "output as JSON, a line for each step")
	for _, name := range []string{"channel", "timeout"} {
		complete(cmd, name, words())
	}
	return cmd
}

// shownStep is a step as --json shows it.
func shownStep(r check.Result) any {
	step, channel, _ := strings.Cut(r.Step, " ")
	return struct {
		Step         string  `json:"step"`
		Channel      string  `json:"channel,omitempty"`
		Status       string  `json:"status"`
		Text         string  `json:"text"`
		Advice       string  `json:"advice,omitempty"`
		Refused      bool    `json:"refused,omitempty"`
		Milliseconds float64 `json:"milliseconds"`
	}{step, channel, string(r.Status), r.Text, r.Advice, r.Refused, float64(r.Time.Microseconds()) / 1000}
}

// stepText is a step as people read it.
func stepText(r check.Result) string {
	text := fmt.Sprintf("%-7s  %s: %s", r.Status, r.Step, r.Text)
	if r.Advice != "" {
		text += "; " + r.Advice
	}
	return clean(text)
}
