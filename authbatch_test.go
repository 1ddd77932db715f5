package thimble_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/channelauth"
)

// batcher is a BatchAuthorizer made of a function.
type batcher struct {
	thimble.AuthorizerFunc
	most  int
	batch func(ctx context.Context, socketID string, channels []string) ([]thimble.AuthResult, error)
}

func (b batcher) MaxBatch() int { return b.most }

func (b batcher) AuthorizeBatch(ctx context.Context, socketID string, channels []string) ([]thimble.AuthResult, error) {
	return b.batch(ctx, socketID, channels)
}

// yes grants all channels.
func yes(channels []string) []thimble.AuthResult {
	results := make([]thimble.AuthResult, len(channels))
	for i, name := range channels {
		results[i].Token.Auth = "key:" + name
	}
	return results
}

// subscriptions reads n subscriptions and returns their channels, sorted.
func (p *peer) subscriptions(n int) []string {
	p.t.Helper()
	var names []string
	for len(names) < n {
		item, err := p.next()
		if err != nil {
			p.t.Fatalf("server: %v after %q", err, names)
		}
		_, rest, _ := strings.Cut(string(item.Payload), `"channel":"`)
		name, _, _ := strings.Cut(rest, `"`)
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// TestEndpointBatch reconnects with fifty private channels: one request, to the
// handler of channelauth.
func TestEndpointBatch(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var requests []int // how many channels each was about
	handler := authEndpoint(t, func(r *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
		if ask.Channel == "private-07" {
			return channelauth.Grant{}, channelauth.ErrForbidden
		}
		return channelauth.Grant{UserID: "1"}, nil
	})
	server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, len(r.PostForm)-1)
	})
	f := newFake(t)
	cfg := f.eager()
	cfg.Authorizer = thimble.Endpoint{URL: server.URL, Batch: 100}
	client := newClient(t, cfg)
	failed := events(client.Bind, thimble.EventSubscriptionError)
	for i := range 50 {
		client.Subscribe(fmt.Sprintf("private-%02d", i))
	}
	run(t, client)
	for _, id := range []string{"1.1", "2.2"} {
		p := f.accept(id)
		names := p.subscriptions(49)
		if names[6] != "private-06" || names[7] != "private-08" {
			t.Errorf("subscribed to %q", names)
		}
		for _, retried := range []bool{true, false} {
			var sub *thimble.SubscriptionError
			e := waitFor(t, "the refusal", failed)
			if !errors.As(e.Err, &sub) || sub.Channel != "private-07" || sub.Status != 403 || (sub.Retry > 0) != retried {
				t.Errorf("refused: %s, %v", e.Channel, e.Err)
			}
		}
		p.conn.Close()
	}
	mu.Lock()
	defer mu.Unlock()
	// The one that was refused is asked for once more, alone.
	if got := fmt.Sprint(requests); got != "[50 1 50 1]" {
		t.Errorf("channels in the requests: %s", got)
	}
}

// TestBatchSplits has more channels than go into one request.
func TestBatchSplits(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	sizes := make(chan int, 100)
	cfg.Authorizer = batcher{most: 20, batch: func(_ context.Context, socketID string, channels []string) ([]thimble.AuthResult, error) {
		if socketID != "1.1" {
			t.Errorf("asked for %s", socketID)
		}
		sizes <- len(channels)
		return yes(channels), nil
	}}
	client := newClient(t, cfg)
	for i := range 50 {
		client.Subscribe(fmt.Sprintf("private-%02d", i))
	}
	run(t, client)
	names := f.accept("1.1").subscriptions(50)
	for i, name := range names {
		if name != fmt.Sprintf("private-%02d", i) {
			t.Errorf("%q", names)
			break
		}
	}
	var got []int
	for len(sizes) > 0 {
		got = append(got, <-sizes)
	}
	sort.Ints(got)
	if fmt.Sprint(got) != "[10 20 20]" {
		t.Errorf("batches of %v", got)
	}
}

// TestBatchOff checks that a MaxBatch of zero leaves it to Authorize.
func TestBatchOff(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.Authorizer = batcher{
		AuthorizerFunc: func(_ context.Context, req thimble.AuthRequest) (thimble.Token, error) {
			return thimble.Token{Auth: "key:alone"}, nil
		},
		batch: func(context.Context, string, []string) ([]thimble.AuthResult, error) {
			t.Error("a batch")
			return nil, nil
		},
	}
	client := newClient(t, cfg)
	client.Subscribe("private-a")
	run(t, client)
	f.accept("1.1").expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:alone"}}`)
}

// TestBatchFails maps what goes wrong to the channels.
func TestBatchFails(t *testing.T) {
	t.Parallel()
	away := errors.New("the database is away")
	type answer = []thimble.AuthResult
	for _, test := range []struct {
		name    string
		answer  func(ctx context.Context, channels []string) (answer, error)
		retried bool
		text    string
	}{
		{"an error", func(context.Context, []string) (answer, error) { return nil, away }, true, "the database is away"},
		{"a final error", func(context.Context, []string) (answer, error) {
			return nil, &thimble.AuthError{Status: 404, Permanent: true, Err: away}
		}, false, "the database is away"},
		{"empty tokens", func(context.Context, []string) (answer, error) { return make(answer, 2), nil }, true, "no auth token"},
		{"too few results", func(context.Context, []string) (answer, error) { return answer{{Err: away}}, nil }, false, "one result for each"},
		{"too many", func(context.Context, []string) (answer, error) { return make(answer, 3), nil }, false, "one result for each"},
		{"none", func(context.Context, []string) (answer, error) { return nil, nil }, false, "one result for each"},
		{"a panic", func(context.Context, []string) (answer, error) { panic(away) }, false, "panicked: the database is away"},
		{"no answer in time", func(ctx context.Context, _ []string) (answer, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, true, "AuthTimeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			cfg := f.config()
			cfg.AuthTimeout = 50 * time.Millisecond
			cfg.Authorizer = batcher{most: 10, batch: func(ctx context.Context, _ string, channels []string) ([]thimble.AuthResult, error) {
				return test.answer(ctx, channels)
			}}
			client := newClient(t, cfg)
			failed := events(client.Bind, thimble.EventSubscriptionError)
			client.Subscribe("private-a")
			client.Subscribe("private-b")
			run(t, client)
			f.accept("1.1")
			for _, name := range []string{"private-a", "private-b"} {
				e := waitFor(t, "the failure", failed)
				var sub *thimble.SubscriptionError
				if !errors.As(e.Err, &sub) || sub.Channel != name || (sub.Retry > 0) != test.retried || !strings.Contains(e.Err.Error(), test.text) {
					t.Errorf("%s: %v", name, e.Err)
				}
			}
		})
	}
}

// TestBatchWithout takes channels back while they are asked for: an answer for
// the others still counts, and when none is left nobody waits for one.
func TestBatchWithout(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	asked := make(chan []string)
	proceed := make(chan bool)
	var ended atomic.Int32
	cfg.Authorizer = batcher{most: 10, batch: func(ctx context.Context, _ string, channels []string) ([]thimble.AuthResult, error) {
		asked <- channels
		if !<-proceed {
			<-ctx.Done()
			ended.Add(1)
			return nil, ctx.Err()
		}
		return yes(channels), nil
	}}
	client := newClient(t, cfg)
	a := client.Subscribe("private-a")
	client.Subscribe("private-b")
	failed := events(client.Bind, thimble.EventSubscriptionError)
	r := run(t, client)
	p := f.accept("1.1")
	if got := waitFor(t, "the question", asked); len(got) != 2 {
		t.Errorf("asked for %q", got)
	}
	a.Unsubscribe()
	proceed <- true
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-b","auth":"key:private-b"}}`)
	p.confirm("private-b", "{}")

	// Now all of them.
	a.Subscribe()
	waitFor(t, "the question", asked)
	proceed <- false
	a.Unsubscribe()
	client.Subscribe("private-c") // the worker is free for it once it has noticed
	if got := waitFor(t, "the question", asked); fmt.Sprint(got) != "[private-c]" {
		t.Errorf("asked for %q", got)
	}
	proceed <- true
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-c","auth":"key:private-c"}}`)
	client.Disconnect()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
	if ended.Load() != 1 || len(failed) > 0 {
		t.Errorf("%d ended, %d failures", ended.Load(), len(failed))
	}
}

// TestBatchAnswersNil has a batch answer with the error that is famous in Go for
// not being nil.
func TestBatchAnswersNil(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.Authorizer = batcher{most: 10, batch: func(_ context.Context, _ string, channels []string) ([]thimble.AuthResult, error) {
		results := yes(channels)
		var none *thimble.AuthError
		results[0].Err = none
		return results, nil
	}}
	client := newClient(t, cfg)
	failed := events(client.Bind, thimble.EventSubscriptionError)
	client.Subscribe("private-a")
	client.Subscribe("private-b")
	run(t, client)
	f.accept("1.1").expect(`{"event":"pusher:subscribe","data":{"channel":"private-b","auth":"key:private-b"}}`)
	var panicked *thimble.PanicError
	if e := waitFor(t, "the failure", failed); e.Channel != "private-a" || !errors.As(e.Err, &panicked) {
		t.Errorf("%s: %v", e.Channel, e.Err)
	}
}
