package thimble_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

// deaf is an authorizer that takes no notice of its context: it returns what it
// is told to, when it is let go.
type deaf struct {
	hears func(channel string) bool // who is answered at once
	asked chan thimble.AuthRequest
	let   chan struct{}
	stuck atomic.Int32
	once  sync.Once
}

func newDeaf(hears func(channel string) bool) *deaf {
	d := &deaf{hears: hears, asked: make(chan thimble.AuthRequest, 1000), let: make(chan struct{})}
	return d
}

func (d *deaf) release() { d.once.Do(func() { close(d.let) }) }

func (d *deaf) Authorize(_ context.Context, req thimble.AuthRequest) (thimble.Token, error) {
	d.asked <- req
	if d.hears(req.Channel) {
		return thimble.Token{Auth: "key:" + req.SocketID}, nil
	}
	d.stuck.Add(1)
	<-d.let
	return thimble.Token{Auth: "key:late"}, nil
}

func (d *deaf) AuthorizeUser(_ context.Context, socketID string) (thimble.UserToken, error) {
	if _, err := d.Authorize(context.Background(), thimble.AuthRequest{SocketID: socketID, Channel: "user"}); err != nil {
		return thimble.UserToken{}, err
	}
	return thimble.UserToken{Auth: "key:late", UserData: `{"id":"ann"}`}, nil
}

// deafBatch is one that is asked for several channels at once.
type deafBatch struct{ *deaf }

func (deafBatch) MaxBatch() int { return 2 }

func (d deafBatch) AuthorizeBatch(ctx context.Context, socketID string, channels []string) ([]thimble.AuthResult, error) {
	results := make([]thimble.AuthResult, len(channels))
	for i, name := range channels {
		results[i].Token, results[i].Err = d.Authorize(ctx, thimble.AuthRequest{SocketID: socketID, Channel: name})
	}
	return results, nil
}

// TestAuthorizerThatDoesNotReturn has more calls hang than run at the same time:
// each channel is told in time, others get their turn all the same, and what
// the calls return in the end counts for nothing.
func TestAuthorizerThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		t.Run(map[bool]string{false: "alone", true: "batch"}[batch], func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			d := newDeaf(func(channel string) bool { return channel == "private-good" })
			defer d.release()
			cfg := f.config()
			cfg.AuthTimeout = 50 * time.Millisecond
			cfg.Authorizer = d
			if batch {
				cfg.Authorizer = deafBatch{d}
			}
			client := newClient(t, cfg)
			failed := events(client.Bind, thimble.EventSubscriptionError)
			waits := map[string]bool{}
			for i := range 2 * thimble.MaxWorkers {
				name := "private-" + strconv.Itoa(i)
				waits[name] = true
				client.Subscribe(name)
			}
			r := run(t, client)
			p := f.accept("1.1")
			for len(waits) > 0 {
				e := waitFor(t, "a failure", failed)
				var sub *thimble.SubscriptionError
				if !errors.Is(e.Err, thimble.ErrAuthTimeout) || !errors.As(e.Err, &sub) || sub.Retry == 0 {
					t.Fatalf("got %v", e.Err)
				}
				delete(waits, e.Channel)
				client.Channel(e.Channel).Unsubscribe()
			}
			client.Subscribe("private-good")
			p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-good","auth":"key:1.1"}}`)
			d.release()
			for range 20 {
				p.send(`{"event":"pusher:ping"}`)
				p.expect(`{"event":"pusher:pong","data":{}}`)
			}
			client.Disconnect()
			if err := r.wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestStuckAuthorizersAreBounded checks that calls that do not return do not
// become ever more, and that the channels that wait are told.
func TestStuckAuthorizersAreBounded(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	d := newDeaf(func(string) bool { return false })
	defer d.release()
	cfg := f.config()
	cfg.AuthTimeout = 20 * time.Millisecond
	cfg.Authorizer = d
	client := newClient(t, cfg)
	failed := events(client.Bind, thimble.EventSubscriptionError)
	for i := range 2 * thimble.MaxCalls {
		client.Subscribe("private-" + strconv.Itoa(i))
	}
	run(t, client)
	f.accept("1.1")
	told := map[string]bool{}
	for full := 0; len(told) < 2*thimble.MaxCalls || full < thimble.MaxCalls; {
		e := waitFor(t, "a failure", failed)
		told[e.Channel] = true
		if strings.Contains(e.Err.Error(), "have not returned") {
			full++
		}
	}
	if n := d.stuck.Load(); n != thimble.MaxCalls {
		t.Errorf("%d calls have not returned, want %d", n, thimble.MaxCalls)
	}
}

// TestUserAuthorizerThatDoesNotReturn is the same for a sign-in.
func TestUserAuthorizerThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	d := newDeaf(func(string) bool { return false })
	defer d.release()
	cfg := f.eager() // which tries again at once
	cfg.AuthTimeout = 5 * time.Millisecond
	cfg.UserAuthorizer = d
	client := newClient(t, cfg)
	failed := events(client.User().Bind, thimble.EventSignInError)
	if err := client.SignIn(); err != nil {
		t.Fatal(err)
	}
	run(t, client)
	f.accept("1.1")
	if e := waitFor(t, "the failure", failed); !errors.Is(e.Err, thimble.ErrAuthTimeout) {
		t.Fatalf("got %v", e.Err)
	}
	for !strings.Contains(waitFor(t, "one too many", failed).Err.Error(), "have not returned") {
	}
	client.SignOut()
	if n := d.stuck.Load(); n != thimble.MaxCalls {
		t.Errorf("%d calls have not returned, want %d", n, thimble.MaxCalls)
	}
}

// deafPreparer is an Authorizer whose preparations do not end.
type deafPreparer struct {
	*deaf
	begun chan struct{}
}

func (d deafPreparer) Prepare(context.Context) {
	d.begun <- struct{}{}
	<-d.let
}

// TestPreparerThatDoesNotReturn checks that it is not called again meanwhile,
// however often the client connects.
func TestPreparerThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	d := newDeaf(func(string) bool { return true })
	defer d.release()
	cfg := f.eager()
	begun := make(chan struct{}, 9)
	cfg.Authorizer = deafPreparer{d, begun}
	client := newClient(t, cfg)
	client.Subscribe("private-a")
	run(t, client)
	for _, id := range []string{"1.1", "2.2", "3.3"} {
		p := f.accept(id)
		p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:` + id + `"}}`)
		p.conn.Close()
	}
	waitFor(t, "the preparation", begun)
	if n := len(begun); n > 0 {
		t.Errorf("%d more have begun before it has ended", n)
	}
}

// TestReturningAuthorizersTakeNoPlace has calls that nobody waits for return
// while as many others run as may: they do not take on what waits.
func TestReturningAuthorizersTakeNoPlace(t *testing.T) {
	t.Parallel()
	const limit = thimble.MaxWorkers
	f := newFake(t)
	cfg := f.config()
	let, open := make(chan struct{}), make(chan struct{})
	asked, returned := make(chan string, 100), make(chan string, 100)
	cfg.Authorizer = thimble.AuthorizerFunc(func(_ context.Context, req thimble.AuthRequest) (thimble.Token, error) {
		asked <- req.Channel
		if strings.HasPrefix(req.Channel, "private-gone") {
			<-let
		} else {
			<-open
		}
		returned <- req.Channel
		return thimble.Token{}, &thimble.AuthError{Status: 404, Permanent: true}
	})
	client := newClient(t, cfg)
	failed := events(client.Bind, thimble.EventSubscriptionError)
	subscribe := func(name string, n int) {
		for i := range n {
			client.Subscribe(name + strconv.Itoa(i))
		}
		for range limit {
			if got := waitFor(t, "a call", asked); !strings.HasPrefix(got, name) {
				t.Errorf("asked for %s", got)
			}
		}
	}
	run(t, client)
	p := f.accept("1.1")
	subscribe("private-gone", limit)
	for i := range limit {
		client.Channel("private-gone" + strconv.Itoa(i)).Unsubscribe()
	}
	subscribe("private-slow", 2*limit)
	close(let)
	for range limit {
		waitFor(t, "a call to return", returned)
	}
	for range 50 { // others would come meanwhile
		p.send(`{"event":"pusher:ping"}`)
		p.expect(`{"event":"pusher:pong","data":{}}`)
	}
	if n := len(asked); n > 0 {
		t.Errorf("%d more run than may", n)
	}
	close(open)
	for range 2 * limit {
		waitFor(t, "a refusal", failed)
	}
}
