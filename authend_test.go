package thimble_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

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
// that may run at the same time do: no others come in between.
func TestFewAuthorizationsAtOnce(t *testing.T) {
	t.Parallel()
	const limit = thimble.MaxWorkers
	f := newFake(t)
	cfg := f.config()
	var running, most atomic.Int32
	full := make(chan struct{})
	var once sync.Once
	cfg.Authorizer = thimble.AuthorizerFunc(func(ctx context.Context, req thimble.AuthRequest) (thimble.Token, error) {
		n := running.Add(1)
		defer running.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		if n == limit {
			once.Do(func() { close(full) })
		}
		select {
		case <-full:
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
	f.accept("1.1")
	for range 36 {
		waitFor(t, "a refusal", failed)
	}
	if n := most.Load(); n != limit {
		t.Errorf("%d authorizations at the same time, want %d", n, limit)
	}
}
