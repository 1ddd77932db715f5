package thimble_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

// batchFunc authorizes all channels that wait at once.
type batchFunc func(ctx context.Context, channels []string) ([]thimble.AuthResult, error)

func (f batchFunc) MaxBatch() int { return 10 }

func (f batchFunc) Authorize(ctx context.Context, req thimble.AuthRequest) (thimble.Token, error) {
	results, err := f(ctx, []string{req.Channel})
	if err != nil {
		return thimble.Token{}, err
	}
	return results[0].Token, results[0].Err
}

func (f batchFunc) AuthorizeBatch(ctx context.Context, _ string, channels []string) ([]thimble.AuthResult, error) {
	return f(ctx, channels)
}

// TestAuthorizationEnds checks that nobody goes on looking for a token as soon
// as nobody waits for it, and that one for several channels goes on while
// anybody does.
func TestAuthorizationEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(c *thimble.Client, a, b *thimble.Channel, p *peer)
	}{
		{"unsubscribed", func(_ *thimble.Client, a, b *thimble.Channel, _ *peer) { a.Unsubscribe(); b.Unsubscribe() }},
		{"forgotten", func(_ *thimble.Client, a, b *thimble.Channel, _ *peer) { a.Forget(); b.Forget() }},
		{"lost", func(_ *thimble.Client, _, _ *thimble.Channel, p *peer) { p.conn.Close() }},
		{"disconnected", func(c *thimble.Client, _, _ *thimble.Channel, _ *peer) { c.Disconnect() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			cfg := f.config()
			cfg.AuthTimeout = time.Hour // not what ends it
			asked, ended := make(chan context.Context, 9), make(chan struct{}, 9)
			cfg.Authorizer = batchFunc(func(ctx context.Context, channels []string) ([]thimble.AuthResult, error) {
				if len(channels) != 2 {
					return nil, context.Canceled // of a later connection
				}
				asked <- ctx
				<-ctx.Done()
				ended <- struct{}{}
				return nil, ctx.Err()
			})
			client := newClient(t, cfg)
			a, b := client.Subscribe("private-a"), client.Subscribe("private-b")
			run(t, client)
			p := f.accept("1.1")
			ctx := waitFor(t, "the question", asked)
			if test.name == "unsubscribed" {
				a.Unsubscribe()
				a.Subscribe()
				a.Unsubscribe()
				if ctx.Err() != nil {
					t.Error("it ends while one of the two is wanted")
				}
			}
			test.end(client, a, b, p)
			waitFor(t, "its end", ended)
		})
	}
}

// TestFewAuthorizationsAtOnce keeps the first authorizations waiting until all
// that may run at the same time do: no others come in between, and who does not
// wait any more is not asked for.
func TestFewAuthorizationsAtOnce(t *testing.T) {
	t.Parallel()
	const limit = thimble.MaxWorkers
	f := newFake(t)
	cfg := f.config()
	var running, most atomic.Int32
	full, open := make(chan struct{}), make(chan struct{})
	var once sync.Once
	cfg.Authorizer = thimble.AuthorizerFunc(func(ctx context.Context, req thimble.AuthRequest) (thimble.Token, error) {
		if req.Channel == "private-9" {
			t.Error("nobody waits for the last one")
		}
		n := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		if n == limit {
			once.Do(func() { close(full) })
		}
		select {
		case <-open:
		case <-ctx.Done():
		}
		return thimble.Token{}, &thimble.AuthError{Status: 404, Permanent: true}
	})
	client := newClient(t, cfg)
	failed := events(client.Bind, thimble.EventSubscriptionError)
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789" {
		client.Subscribe("private-" + string(c))
	}
	run(t, client)
	p := f.accept("1.1")
	waitFor(t, "as many as may run", full)
	for range 50 { // others would come meanwhile
		p.send(`{"event":"pusher:ping"}`)
		p.expect(`{"event":"pusher:pong","data":{}}`)
	}
	client.Channel("private-9").Unsubscribe()
	close(open)
	for range 35 {
		waitFor(t, "a refusal", failed)
	}
	if n := most.Load(); n != limit {
		t.Errorf("%d authorizations at the same time, want %d", n, limit)
	}
}

// TestIntentsAreSentAtOnce checks that what is asked for from any goroutine
// reaches the server while the driver waits for it to say something.
func TestIntentsAreSentAtOnce(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.UserAuthorizer = ann
	client := newClient(t, cfg)
	changes := states(client)
	run(t, client)
	p := f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	subscribed := events(client.Bind, thimble.EventSubscribed)
	const ended = `{"event":"pusher:unsubscribe","data":{"channel":"a"}}`
	a := client.Channel("a")
	for _, subscribe := range []func(){a.Subscribe, func() { client.Subscribe("a") }} {
		subscribe()
		p.subscribed("a")
		waitFor(t, "the confirmation", subscribed)
		a.Unsubscribe()
		p.expect(ended)
	}
	a.Subscribe()
	p.subscribed("a")
	waitFor(t, "the confirmation", subscribed)
	a.Forget()
	p.expect(ended)
	a.Forget() // does nothing more

	b := client.Channel("private-b")
	client.SubscribeAuthorized("private-b", thimble.Token{Auth: "key:b"})
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-b","auth":"key:b"}}`)
	p.confirm("private-b", "{}")
	waitFor(t, "the confirmation", subscribed)
	if err := b.Trigger("client-x", "1"); err != nil {
		t.Fatal(err)
	}
	p.expect(`{"event":"client-x","channel":"private-b","data":1}`)

	signedIn := events(client.User().Bind, thimble.EventSignedIn)
	if err := client.SignIn(); err != nil {
		t.Fatal(err)
	}
	p.signedIn("1.1")
	waitFor(t, "the sign-in", signedIn)
	// Its channel is confirmed before this is answered.
	p.send(`{"event":"pusher:ping"}`)
	p.expect(`{"event":"pusher:pong","data":{}}`)
	client.SignOut()
	p.expect(`{"event":"pusher:unsubscribe","data":{"channel":"#server-to-user-ann"}}`)
	client.Probe()
	p.expect(`{"event":"pusher:ping","data":{}}`)
	client.Disconnect()
	if code := p.closed(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
}
