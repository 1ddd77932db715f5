package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

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
		Long: `Print the events of channels as they come, until Ctrl-C, or until --count of
them have come, or --timeout is over. What the server says of its own accord,
such as who is there, is printed and does not count. With a --count, or with
--exit-on-subscribed, which waits for all channels to be confirmed, being too
late is a failure: exit code 4. So is a --timeout within which no channel was
confirmed.

Private and presence channels need authorization: from your endpoint with
--auth-endpoint, or signed here when there is a secret, which is for
development: who has the secret can do everything.

With --json every line is an object: time, event, channel, data (a string, as it
was published), user_id. Changes of the connection are events too, with the name
state_change; what goes wrong has an error. Without it those go to the standard
error.`,
		Example: "  thimble subscribe --host 127.0.0.1:6001 --plaintext --key app-key news\n" +
			"  thimble subscribe --cluster eu --key 278d425bdf160c739803 --auth-endpoint https://example.com/pusher/auth private-orders\n" +
			"  thimble subscribe --context local --count 1 --timeout 10s news || echo nothing came",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("missing argument CHANNEL")
			}
			for _, name := range args {
				if err := checkChannel(name); err != nil {
					return err
				}
			}
			return nil
		},
		ValidArgsFunction: words(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.target.fill(cmd, "place", "key"); err != nil {
				return err
			}
			if err := s.authorization.fill(cmd, &s.target); err != nil {
				return err
			}
			switch {
			case s.count < 0 || s.timeout < 0:
				return usage(cmd, errors.New("--count and --timeout are not negative"))
			case s.count > 0 && s.subscribed:
				return usage(cmd, errors.New("--count waits for events, --exit-on-subscribed for none: leave one of them out"))
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
	s.authorization.flags(cmd)
	f := cmd.Flags()
	f.IntVar(&s.count, "count", 0, "end after so many `events` that were published; 0: any number")
	f.DurationVar(&s.timeout, "timeout", 0, "end after this `time`, such as 30s; 0: never")
	f.BoolVar(&s.subscribed, "exit-on-subscribed", false, "end once all channels are confirmed")
	f.BoolVar(&asJSON, "json", false, "output as JSON, a line for each event")
	for _, name := range []string{"count", "timeout"} {
		complete(cmd, name, words())
	}
	return cmd
}

// checkChannel says whether there can be a channel of that name.
func checkChannel(name string) error {
	if err := channelauth.CheckChannel(name); err != nil {
		return fmt.Errorf("CHANNEL %q: %s", name, strings.TrimPrefix(err.Error(), "channelauth: "))
	}
	return nil
}

// subscriber is one run of the command.
type subscriber struct {
	target        target
	authorization authorization
	count         int           // of events after which it ends
	timeout       time.Duration // after which it ends
	subscribed    bool          // it ends when all channels are

	out   *printer // events
	notes *printer // what happens to the connection

	stop      context.CancelFunc
	done      bool             // what was waited for has come
	came      int              // events
	channels  map[string]bool  // all of them
	confirmed map[string]bool  // those that have been
	refused   map[string]error // those that will not be tried again on this connection
}

// connect makes the client, with everything bound.
func (s *subscriber) connect(channels []string) (*thimble.Client, error) {
	config := s.target.client()
	config.Authorizer = s.authorization.by(&s.target)
	client, err := thimble.New(config)
	if err != nil {
		return nil, err
	}
	client.OnStateChange(s.stateChanged)
	client.OnError(func(err error) { s.note(line{Event: "error", Error: message(err)}, message(err)) })
	client.BindAll(s.event)
	s.channels, s.confirmed, s.refused = make(map[string]bool), make(map[string]bool), make(map[string]error)
	for _, name := range channels {
		s.channels[name] = true
		client.Subscribe(name)
	}
	return client, nil
}

// run runs the client until ctx ends, there is nothing left to wait for, or
// the output cannot be written.
func (s *subscriber) run(ctx context.Context, client *thimble.Client) error {
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	s.stop = cancel
	var late atomic.Bool
	if s.timeout > 0 {
		timer := time.AfterFunc(s.timeout, func() { late.Store(true); cancel() })
		defer timer.Stop()
	}
	err := client.Run(own)
	var closed *thimble.CloseError
	switch {
	case s.out.failed() != nil:
		return s.out.failed()
	case s.done:
		return nil
	case s.hopeless():
		for _, err := range s.refused {
			return &refusedError{err}
		}
	case errors.As(err, &closed):
		return &refusedError{err}
	case late.Load() && ctx.Err() == nil:
		return s.tooLate()
	}
	return err
}

// hopeless says whether nothing can come any more: all channels are refused,
// or one where all are waited for.
func (s *subscriber) hopeless() bool {
	return len(s.refused) == len(s.channels) || s.subscribed && len(s.refused) > 0
}

// tooLate is what the end of the time means.
func (s *subscriber) tooLate() error {
	switch {
	case s.subscribed:
		return &lateError{fmt.Sprintf("not in time: %d of %d channels were confirmed within %v", len(s.confirmed), len(s.channels), s.timeout)}
	case s.count > 0:
		return &lateError{fmt.Sprintf("not in time: %d of %d events came within %v", s.came, s.count, s.timeout)}
	case len(s.confirmed) == 0: // nobody listened, so that nothing came says nothing
		return &lateError{fmt.Sprintf("not in time: no channel was confirmed within %v", s.timeout)}
	}
	return nil
}

func (s *subscriber) stateChanged(change thimble.StateChange) {
	text := change.Current.String()
	l := line{Event: "state_change", Data: map[string]string{"previous": change.Previous.String(), "current": text}}
	if change.Err != nil {
		l.Error = message(change.Err)
		if change.Current != thimble.StateFailed { // that is told by the end of the command
			text += ": " + l.Error
		}
	}
	s.note(l, text)
}

// event prints one event, and looks whether any channel is left.
func (s *subscriber) event(e thimble.Event) {
	l := line{Event: e.Name, Channel: e.Channel, UserID: e.UserID}
	text := clean(e.Channel) + "  " + clean(e.Name)
	if s.done {
		return
	}
	switch e.Name {
	case thimble.EventSubscribed:
		delete(s.refused, e.Channel)
		s.confirmed[e.Channel] = true
		s.note(l, "subscribed to "+e.Channel)
		if s.subscribed && len(s.confirmed) == len(s.channels) {
			s.finish()
		}
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
	if strings.HasPrefix(e.Name, "pusher:") {
		return // nobody has published it
	}
	if s.came++; s.came == s.count {
		s.finish()
	}
}

// finish ends the run: what was waited for is there. Handlers that are still
// called then print nothing.
func (s *subscriber) finish() {
	s.done = true
	s.stop()
}

// failed reports a subscription that failed. When it will not be tried again,
// and so there is nothing left to wait for, the run ends.
func (s *subscriber) failed(l line, err error) {
	l.Error = message(err)
	var failure *thimble.SubscriptionError
	if !errors.As(err, &failure) || failure.Retry > 0 {
		s.note(l, l.Error)
		return
	}
	s.refused[l.Channel] = err
	last := s.hopeless()
	if !last || s.out.json {
		s.note(l, l.Error) // the last is told by the end of the command
	}
	if last {
		s.stop()
	}
}

// note prints what happens to the connection.
func (s *subscriber) note(l line, text string) {
	if s.done {
		return
	}
	s.notes.print(l, text)
	s.check()
}

// check ends the run when the output cannot be written.
func (s *subscriber) check() {
	if s.out.failed() != nil {
		s.stop()
	}
}
