package check

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/internal/apiclient"
)

// subscribe subscribes to a channel.
func (r *run) subscribe(ctx context.Context, channel string) outcome {
	token := r.tokens[channel]
	if err := r.conn.subscribe(ctx, channel, token.Auth, token.ChannelData); err != nil {
		return explainSubscription(err)
	}
	return good("the server confirms the subscription")
}

// refusal is a message that says no.
type refusal struct {
	code int
	text string
}

func (e *refusal) Error() string { return e.text }

// subscribe asks for a channel and waits for the answer.
func (c *conn) subscribe(ctx context.Context, channel, auth, data string) error {
	if err := c.send(ctx, wire.AppendSubscribe(nil, channel, auth, data)); err != nil {
		return err
	}
	m, err := c.await(ctx, func(m message) bool {
		return isRefusal(m) || m.channel == channel && m.event == "pusher_internal:subscription_succeeded"
	})
	if err == nil && isRefusal(m) {
		return &refusal{m.code, m.data}
	}
	return err
}

func isRefusal(m message) bool {
	return m.event == "pusher:error" || m.event == "pusher:subscription_error" || m.event == "pusher_internal:subscription_error"
}

func explainSubscription(err error) outcome {
	var said *refusal
	var end *closed
	switch {
	case errors.As(err, &said) && strings.Contains(said.text, "nvalid signature"):
		return no("the server does not take the token: its signature does not match", "whoever signs it, the endpoint or --secret, has another secret than the server")
	case errors.As(err, &said) && strings.Contains(said.text, "nvalid key"):
		return no("the server does not take the token: it is for another key", "give the endpoint the key of this application")
	case errors.As(err, &said):
		return no("the server refuses the subscription: "+said.text, "look at the application's settings and limits")
	case errors.As(err, &end):
		return no(end.Error(), "look at the server's log")
	}
	text, advice := explain(err)
	return failed("the server does not answer the subscription: "+text, advice)
}

// delivery publishes an event and waits for it.
func (r *run) delivery(ctx context.Context) outcome {
	if !r.own() {
		return skipped("nothing is published on channels of yours; without --channel an event is sent round")
	}
	client, end, err := r.client()
	if err != nil {
		return failed(err.Error(), "check --cluster")
	}
	defer end()
	nonce := rand.Text()
	start := time.Now()
	channel := r.channels()[0]
	if _, err := client.Trigger(ctx, apiclient.Event{Name: ownEvent, Channels: []string{channel}, Data: `{"check":"` + nonce + `"}`}); err != nil {
		return r.explainAPI(err)
	}
	if _, err := r.conn.await(ctx, func(m message) bool { return m.event == ownEvent && strings.Contains(m.data, nonce) }); err != nil {
		return failed("an event was published, and has not come", "check that --app-id and --key are of the same application; between several servers look at what connects them")
	}
	return good("an event that was published came after " + milliseconds(time.Since(start)))
}

// clientEvents sends an event from one connection to another.
func (r *run) clientEvents(ctx context.Context) outcome {
	if !r.own() {
		return skipped("nothing is sent on channels of yours; without --channel an event is sent round")
	}
	channel := r.channels()[0]
	if kind(channel) == channelauth.Public {
		return r.without("only on private and presence channels: add --auth-endpoint or --secret")
	}
	other, err := r.second(ctx, channel)
	if err != nil {
		return failed("a second connection does not get as far as the first: "+err.Error(), "look at the limits of connections")
	}
	defer other.close()
	nonce := rand.Text()
	data := `{"check":"` + nonce + `"}`
	start := time.Now()
	if err := r.conn.send(ctx, wire.AppendEvent(nil, ownClientEvent, channel, "", data)); err != nil {
		return failed(explain(err))
	}

	// Either the other gets it, or we get a no.
	listen, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan message, 2)
	await := func(c *conn, meant func(message) bool) {
		m, err := c.await(listen, meant)
		if err != nil {
			m = message{}
		}
		answers <- m
		cancel()
	}
	go await(other, func(m message) bool { return m.event == ownClientEvent && strings.Contains(m.data, nonce) })
	go await(r.conn, isRefusal)
	first := message{}
	for range 2 {
		if m := <-answers; first.event == "" || m.event == ownClientEvent {
			first = m
		}
	}
	switch first.event {
	case ownClientEvent:
		return good("an event from one client came to another after " + milliseconds(time.Since(start)))
	case "":
		return r.without("the server has dropped one without a word: enable them for the application, if you want them")
	}
	return r.without("the server refuses them: " + first.data + "; enable them for the application, if you want them")
}

// without is that clients may not send events, which is a failure only for
// those who want to.
func (r *run) without(text string) outcome {
	if r.ClientEvents {
		return no(text, "in the dashboard, or in the server's settings")
	}
	return skipped(text)
}

// second makes another connection that is on the channel.
func (r *run) second(ctx context.Context, channel string) (c *conn, err error) {
	_, port := r.address()
	raw, err := dial(ctx, r.addresses, port)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			raw.Close()
		}
	}()
	if !r.Plaintext {
		if raw, err = r.secure(ctx, raw); err != nil {
			return nil, err
		}
	}
	if c, _, err = r.open(ctx, raw); err != nil {
		return nil, err
	}
	if _, err = r.greeting(ctx, c); err != nil {
		return nil, err
	}
	token, err := r.token(ctx, channel, c.socket)
	if err != nil {
		return nil, err
	}
	return c, c.subscribe(ctx, channel, token.Auth, token.ChannelData)
}
