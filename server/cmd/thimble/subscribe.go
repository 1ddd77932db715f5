package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/channelauth"
)

func newSubscribe() *cobra.Command {
	var s subscriber
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "subscribe CHANNEL...",
		Short: "Print the events of channels as they come",
		Long: `Print the events of channels as they come, until Ctrl-C.

Private and presence channels need authorization: from your endpoint with
--auth-endpoint, or signed here when there is a secret, which is for
development: who has the secret can do everything.

With --json every line is an object: time, event, channel, data (a string, as it
was published), user_id. Changes of the connection are events too, with the name
state_change; what goes wrong has an error. Without it those go to the standard
error.`,
		Example: "  thimble subscribe --host 127.0.0.1:6001 --plaintext --key app-key news\n" +
			"  thimble subscribe --cluster eu --key 278d425bdf160c739803 --auth-endpoint https://example.com/pusher/auth private-orders",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("missing argument CHANNEL")
			}
			for _, name := range args {
				if err := channelauth.CheckChannel(name); err != nil {
					return fmt.Errorf("CHANNEL %q: %s", name, strings.TrimPrefix(err.Error(), "channelauth: "))
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.target.fill(cmd, "place", "key"); err != nil {
				return err
			}
			if u, err := url.Parse(s.endpoint); s.endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
				return usage(cmd, errors.New("--auth-endpoint is an http or https address, such as https://example.com/pusher/auth"))
			}
			s.out = &printer{out: cmd.OutOrStdout(), json: asJSON}
			s.notes = s.out
			if !asJSON {
				s.notes = &printer{out: cmd.ErrOrStderr()}
			}
			client, err := s.connect(args)
			if err != nil {
				return usage(cmd, err)
			}
			return s.run(cmd.Context(), client)
		},
	}
	s.target.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&s.endpoint, "auth-endpoint", "", "`URL` of an authorization endpoint")
	f.StringVar(&s.userID, "user-id", "thimble-cli", "`id` on presence channels that are signed here")
	f.BoolVar(&asJSON, "json", false, "output as JSON, a line for each event")
	return cmd
}

// subscriber is one run of the command.
type subscriber struct {
	target   target
	endpoint string
	userID   string

	out   *printer // events
	notes *printer // what happens to the connection

	stop     context.CancelFunc
	channels map[string]bool  // all of them
	refused  map[string]error // those that will not be tried again on this connection
}

// connect makes the client, with everything bound.
func (s *subscriber) connect(channels []string) (*thimble.Client, error) {
	config := thimble.Config{Key: s.target.key, Cluster: s.target.cluster, Host: s.target.host, Plaintext: s.target.plaintext}
	switch {
	case s.endpoint != "":
		config.Authorizer = thimble.Endpoint{URL: s.endpoint}
	case s.target.secret != "":
		config.Authorizer = thimble.AuthorizerFunc(s.sign)
	}
	client, err := thimble.New(config)
	if err != nil {
		return nil, err
	}
	client.OnStateChange(s.stateChanged)
	client.OnError(func(err error) { s.note(line{Event: "error", Error: message(err)}, message(err)) })
	client.BindAll(s.event)
	s.channels, s.refused = make(map[string]bool), make(map[string]error)
	for _, name := range channels {
		s.channels[name] = true
		client.Subscribe(name)
	}
	return client, nil
}

var errNoMasterKey = errors.New("encrypted channels need a key that only an authorization endpoint has; use --auth-endpoint in place of the secret")

// sign authorizes a channel with the secret at hand.
func (s *subscriber) sign(_ context.Context, req thimble.AuthRequest) (thimble.Token, error) {
	var data string
	if channelauth.KindOf(req.Channel) == channelauth.Encrypted {
		return thimble.Token{}, &thimble.AuthError{Permanent: true, Err: errNoMasterKey}
	}
	if channelauth.KindOf(req.Channel) == channelauth.Presence {
		b, err := json.Marshal(map[string]string{"user_id": s.userID})
		if err != nil {
			return thimble.Token{}, &thimble.AuthError{Permanent: true, Err: err}
		}
		data = string(b)
	}
	signer := channelauth.Signer{Key: s.target.key, Secret: s.target.secret}
	auth, err := signer.SignChannel(req.SocketID, req.Channel, data)
	if err != nil {
		return thimble.Token{}, &thimble.AuthError{Permanent: true, Err: err}
	}
	return thimble.Token{Auth: auth, ChannelData: data}, nil
}

// run runs the client until ctx ends, there is nothing left to wait for, or
// the output cannot be written.
func (s *subscriber) run(ctx context.Context, client *thimble.Client) error {
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	s.stop = cancel
	err := client.Run(own)
	var closed *thimble.CloseError
	switch {
	case s.out.failed() != nil:
		return s.out.failed()
	case len(s.refused) == len(s.channels):
		for _, err := range s.refused {
			return &refusedError{err}
		}
		return nil
	case errors.As(err, &closed):
		return &refusedError{err}
	}
	return err
}

func (s *subscriber) stateChanged(change thimble.StateChange) {
	text := change.Current.String()
	l := line{Event: "state_change", Data: map[string]string{"previous": change.Previous.String(), "current": text}}
	if change.Err != nil {
		l.Error = message(change.Err)
		text += ": " + l.Error
	}
	s.note(l, text)
}

// event prints one event, and looks whether any channel is left.
func (s *subscriber) event(e thimble.Event) {
	l := line{Event: e.Name, Channel: e.Channel, UserID: e.UserID}
	text := clean(e.Channel) + "  " + clean(e.Name)
	switch e.Name {
	case thimble.EventSubscribed:
		delete(s.refused, e.Channel)
		s.note(l, "subscribed to "+e.Channel)
		return
	case thimble.EventSubscriptionError:
		s.failed(l, e.Err)
		return
	case thimble.EventMemberAdded, thimble.EventMemberRemoved:
		l.UserID = e.Member.ID
		l.Data = e.Member.Info
		text += "  " + clean(e.Member.ID) + "  " + clean(e.Member.Info)
	default:
		l.Data = e.Text()
		if e.UserID != "" {
			text += "  from " + clean(e.UserID)
		}
		text += "  " + clean(e.Text())
	}
	s.out.print(l, text)
	s.check()
}

// failed reports a subscription that failed. When it was the last one, and
// will not be tried again, there is nothing to wait for.
func (s *subscriber) failed(l line, err error) {
	l.Error = message(err)
	var failure *thimble.SubscriptionError
	if !errors.As(err, &failure) || failure.Retry > 0 {
		s.note(l, l.Error)
		return
	}
	s.refused[l.Channel] = err
	last := len(s.refused) == len(s.channels)
	if !last || s.out.json {
		s.note(l, l.Error) // the last is told by the end of the command
	}
	if last {
		s.stop()
	}
}

// note prints what happens to the connection.
func (s *subscriber) note(l line, text string) {
	s.notes.print(l, text)
	s.check()
}

// check ends the run when the output cannot be written.
func (s *subscriber) check() {
	if s.out.failed() != nil {
		s.stop()
	}
}
