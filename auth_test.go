package thimble_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

func TestAuthorizerFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the database is away")
	for _, test := range []struct {
		name    string
		answer  func(ctx context.Context) (thimble.Token, error)
		retried bool
		status  int
		is      error
		text    string
	}{
		{"any error is temporary", func(context.Context) (thimble.Token, error) { return thimble.Token{}, broken }, true, 0, broken, "the database is away"},
		{"permanent", func(context.Context) (thimble.Token, error) {
			return thimble.Token{}, &thimble.AuthError{Status: 404, Permanent: true, Err: broken}
		}, false, 404, broken, "the database is away"},
		{"a status and nothing else", func(context.Context) (thimble.Token, error) {
			return thimble.Token{}, &thimble.AuthError{Status: 410, Permanent: true}
		}, false, 410, nil, "410"},
		{"nothing at all", func(context.Context) (thimble.Token, error) { return thimble.Token{}, &thimble.AuthError{} }, true, 0, nil, "authorization failed"},
		{"an empty token", func(context.Context) (thimble.Token, error) { return thimble.Token{}, nil }, true, 0, nil, "no auth token"},
		{"a panic", func(context.Context) (thimble.Token, error) { panic(broken) }, false, 0, nil, "panicked: the database is away"},
		{"the end of its goroutine", func(context.Context) (thimble.Token, error) { runtime.Goexit(); panic("not here") }, false, 0, nil, "has ended its goroutine"},
		{"no answer in time", func(ctx context.Context) (thimble.Token, error) {
			<-ctx.Done()
			return thimble.Token{}, ctx.Err()
		}, true, 0, nil, "AuthTimeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			cfg := f.config()
			cfg.AuthTimeout = 50 * time.Millisecond
			cfg.Authorizer = thimble.AuthorizerFunc(func(ctx context.Context, _ thimble.AuthRequest) (thimble.Token, error) {
				return test.answer(ctx)
			})
			client := newClient(t, cfg)
			ch := client.Subscribe("private-a")
			failed := events(ch.Bind, thimble.EventSubscriptionError)
			run(t, client)
			f.accept("1.1")
			err := waitFor(t, "the failure", failed).Err
			var sub *thimble.SubscriptionError
			var auth *thimble.AuthError
			if !errors.As(err, &sub) || !errors.As(err, &auth) {
				t.Fatalf("got %#v", err)
			}
			if sub.Channel != "private-a" || sub.Status != test.status || (sub.Retry > 0) != test.retried || sub.Retry > time.Second {
				t.Errorf("got %+v", sub)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Error("the cause is lost")
			}
			if text := err.Error(); !strings.Contains(text, test.text) || strings.Count(text, "thimble:") != 1 {
				t.Errorf("the text is %q", text)
			}
			if ch.Err() == nil || ch.Subscribed() {
				t.Errorf("subscribed %v, %v", ch.Subscribed(), ch.Err())
			}
		})
	}
}

// TestAuthorizationBlocksNothing has an authorizer that does not answer.
func TestAuthorizationBlocksNothing(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.eager()
	var ended atomic.Int32
	asked := make(chan string, 100)
	cfg.Authorizer = thimble.AuthorizerFunc(func(ctx context.Context, req thimble.AuthRequest) (thimble.Token, error) {
		asked <- req.SocketID + " " + req.Channel
		<-ctx.Done()
		ended.Add(1)
		return thimble.Token{}, ctx.Err()
	})
	client := newClient(t, cfg)
	slow := client.Subscribe("private-slow")
	failed := events(slow.Bind, thimble.EventSubscriptionError)
	news := client.Subscribe("news")
	got := events(news.Bind, "e")
	r := run(t, client)
	p := f.accept("1.1")
	p.subscribed("news")
	if q := waitFor(t, "the question", asked); q != "1.1 private-slow" {
		t.Errorf("asked %q", q)
	}
	p.event("e", "news", "x")
	waitFor(t, "the event", got)

	// Nobody waits for the answer any more: its context ends.
	slow.Unsubscribe()
	slow.Subscribe()
	if q := waitFor(t, "the question", asked); q != "1.1 private-slow" {
		t.Errorf("asked %q", q)
	}
	p.conn.Close()
	f.accept("2.2")
	if q := waitFor(t, "the question", asked); q != "2.2 private-slow" {
		t.Errorf("asked %q", q)
	}
	client.Disconnect()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
	if n := ended.Load(); n != 3 {
		t.Errorf("when Run returns %d of 3 authorizations have ended", n)
	}
	if len(failed) > 0 {
		t.Errorf("told about an answer that nobody waits for: %v", (<-failed).Err)
	}
}

// TestManyAuthorizations asks for more channels than are authorized at the
// same time.
func TestManyAuthorizations(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	var now, most atomic.Int32
	cfg.Authorizer = thimble.AuthorizerFunc(func(_ context.Context, req thimble.AuthRequest) (thimble.Token, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		return thimble.Token{Auth: "key:" + req.Channel}, nil
	})
	client := newClient(t, cfg)
	confirmed := events(client.Bind, thimble.EventSubscribed)
	names := map[string]bool{}
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789" {
		names["private-"+string(c)] = true
		client.Subscribe("private-" + string(c))
	}
	run(t, client)
	p := f.accept("1.1")
	for range names {
		item, err := p.next()
		if err != nil {
			t.Fatal(err)
		}
		text := string(item.Payload)
		_, rest, _ := strings.Cut(text, `"auth":"key:`)
		name, _, _ := strings.Cut(rest, `"`)
		p.confirm(name, "{}")
	}
	for range names {
		e := waitFor(t, "a confirmation", confirmed)
		if !names[e.Channel] {
			t.Errorf("%q twice, or never asked for", e.Channel)
		}
		names[e.Channel] = false
	}
	if n := most.Load(); n > 8 {
		t.Errorf("%d authorizations at the same time", n)
	}
}

func TestSubscribeAuthorized(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.eager())
	failed := events(client.Bind, thimble.EventSubscriptionError)
	connected := make(chan string, 10)
	client.OnStateChange(func(s thimble.StateChange) {
		if s.Current != thimble.StateConnected {
			return
		}
		id := client.SocketID()
		if id == "1.1" {
			client.SubscribeAuthorized("presence-a", thimble.Token{Auth: "key:ready", ChannelData: `{"user_id":"7"}`})
		}
		connected <- id
	})
	run(t, client)
	p := f.accept("1.1")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"presence-a","auth":"key:ready","channel_data":"{\"user_id\":\"7\"}"}}`)
	waitFor(t, "the connection", connected)
	p.conn.Close()
	f.accept("2.2")
	if err := waitFor(t, "the failure", failed).Err; !errors.Is(err, thimble.ErrTokenExpired) {
		t.Errorf("on the next connection: %v", err)
	}
	ch := client.Channel("presence-a")
	if !errors.Is(ch.Err(), thimble.ErrTokenExpired) {
		t.Errorf("Err is %v", ch.Err())
	}
	client.Subscribe("private-b")
	if err := waitFor(t, "the failure", failed).Err; !errors.Is(err, thimble.ErrNoAuthorizer) {
		t.Errorf("without an authorizer: %v", err)
	}
	secret := bytes.Repeat([]byte{1}, 31)
	client.SubscribeAuthorized("private-encrypted-b", thimble.Token{Auth: "k:s", SharedSecret: secret})
	if !bytes.Equal(secret, make([]byte, 31)) {
		t.Error("the key is still where it came from")
	}
	if err := waitFor(t, "the failure", failed).Err; !errors.Is(err, thimble.ErrNoSecret) {
		t.Errorf("encrypted: %v", err)
	}
}
