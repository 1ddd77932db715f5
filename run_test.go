package thimble_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

func TestRun(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	changes := states(client)
	news := client.Subscribe("news")
	headlines := events(news.Bind, "headline")
	all := events(client.Bind, "*")
	r := run(t, client)

	p := f.accept("12.34")
	if want := "GET /app/key?protocol=7&client=thimble-go&version=" + thimble.Version + " HTTP/1.1"; p.request != want {
		t.Errorf("the request is %q", p.request)
	}
	p.subscribed("news")
	p.event("headline", "news", `{"title":"Hello","tags":["a","b"]}`)
	e := waitFor(t, "the event", headlines)
	if e.Name != "headline" || e.Channel != "news" || e.Text != `{"title":"Hello","tags":["a","b"]}` || e.UserID != "" || e.Err != nil {
		t.Errorf("got %+v", e)
	}
	if e := waitFor(t, "the confirmation", all); e.Name != thimble.EventSubscribed || e.Channel != "news" {
		t.Errorf("first of all events: %+v", e)
	}
	if client.State() != thimble.StateConnected || client.SocketID() != "12.34" || !news.Subscribed() || news.Err() != nil {
		t.Errorf("%s as %q, subscribed %v, %v", client.State(), client.SocketID(), news.Subscribed(), news.Err())
	}

	r.cancel()
	if code := p.closed(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	if err := r.wait(); err != context.Canceled {
		t.Errorf("Run returns %v", err)
	}
	if client.State() != thimble.StateDisconnected || client.SocketID() != "" || news.Subscribed() {
		t.Errorf("afterwards %s as %q", client.State(), client.SocketID())
	}
	for _, want := range []thimble.StateChange{
		{Previous: thimble.StateInitialized, Current: thimble.StateConnecting},
		{Previous: thimble.StateConnecting, Current: thimble.StateConnected},
		{Previous: thimble.StateConnected, Current: thimble.StateDisconnected},
	} {
		if got := waitFor(t, "a state", changes); got != want {
			t.Errorf("state %+v, want %+v", got, want)
		}
	}
}

func TestRunIsRepeatable(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	client.Subscribe("news")
	for range 3 {
		r := run(t, client)
		p := f.accept("1.1")
		p.subscribed("news")
		client.Disconnect()
		p.closed()
		if err := r.wait(); err != nil {
			t.Errorf("Run returns %v after Disconnect", err)
		}
	}
}

func TestRunReturnsWhyItIsInVain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	r := run(t, client)
	f.accept("1.1").closeWith(4001, "App key not in this cluster")
	err := r.wait()
	var closed *thimble.CloseError
	if !errors.As(err, &closed) || closed.Code != 4001 || closed.Reason != "App key not in this cluster" {
		t.Fatalf("Run returns %#v", err)
	}
	for _, part := range []string{"thimble: ", "4001", "App key not in this cluster", "check Key", "Cluster"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not mention %q", err, part)
		}
	}
	if client.State() != thimble.StateFailed {
		t.Errorf("state %s", client.State())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := client.Run(ctx); err != context.Canceled {
		t.Errorf("with a context that has ended, Run returns %v", err)
	}
	r = run(t, client)
	p := f.accept("2.2")
	client.Disconnect()
	p.closed()
	if err := r.wait(); err != nil {
		t.Errorf("the second Run returns %v", err)
	}
}

func TestRunDeadline(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := client.Run(ctx); err != context.DeadlineExceeded {
		t.Errorf("Run returns %v", err)
	}
}

func TestOneDriver(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	inside := make(chan [2]error, 1)
	client.Bind("e", func(thimble.Event) {
		inside <- [2]error{client.Run(context.Background()), client.Poll()}
	})
	run(t, client)
	p := f.accept("1.1")
	p.event("e", "", "")
	if errs := waitFor(t, "the handler", inside); errs[0] != thimble.ErrRunning || errs[1] != thimble.ErrRunning {
		t.Errorf("in a handler: %v", errs)
	}
	if err := client.Run(context.Background()); err != thimble.ErrRunning {
		t.Errorf("a second Run returns %v", err)
	}
	if err := client.Poll(); err != thimble.ErrRunning {
		t.Errorf("Poll beside Run returns %v", err)
	}
}

// TestDisconnectInEveryState ends Run from outside, wherever it is.
func TestDisconnectInEveryState(t *testing.T) {
	t.Parallel()
	never := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, test := range []struct {
		name  string
		dial  func(context.Context, string, string) (net.Conn, error)
		until func(t *testing.T, f *fake, changes <-chan thimble.StateChange, errs <-chan error)
	}{
		{"dialling", never, func(t *testing.T, _ *fake, changes <-chan thimble.StateChange, _ <-chan error) {
			reach(t, changes, thimble.StateConnecting)
		}},
		{"upgrading", nil, func(t *testing.T, f *fake, _ <-chan thimble.StateChange, _ <-chan error) {
			f.tcp()
		}},
		{"greeting", nil, func(t *testing.T, f *fake, _ <-chan thimble.StateChange, _ <-chan error) {
			f.upgraded()
		}},
		{"connected", nil, func(t *testing.T, f *fake, changes <-chan thimble.StateChange, _ <-chan error) {
			f.accept("1.1")
			reach(t, changes, thimble.StateConnected)
		}},
		{"waiting", func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network") },
			func(t *testing.T, _ *fake, _ <-chan thimble.StateChange, errs <-chan error) {
				for range 2 {
					if err := waitFor(t, "a failure", errs); !strings.HasSuffix(err.Error(), ": no network") {
						t.Errorf("got %v", err)
					}
				}
			}},
	} {
		for _, how := range []string{"Disconnect", "context", "handler"} {
			t.Run(test.name+" by "+how, func(t *testing.T) {
				t.Parallel()
				f := newFake(t)
				cfg := f.config()
				cfg.Dial = test.dial
				client := newClient(t, cfg)
				changes, errs := states(client), failures(client)
				r := run(t, client)
				test.until(t, f, changes, errs)
				var want error
				switch how {
				case "Disconnect":
					client.Disconnect()
				case "context":
					r.cancel()
					want = context.Canceled
				case "handler":
					// An event that the client makes at once, whatever it does.
					client.Channel("im possible").BindAll(func(thimble.Event) { client.Disconnect() })
					client.Subscribe("im possible")
				}
				if err := r.wait(); err != want {
					t.Errorf("Run returns %v", err)
				}
				if client.State() != thimble.StateDisconnected {
					t.Errorf("state %s", client.State())
				}
			})
		}
	}
}

func TestDisconnectAndConnectInHandlers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	client.Disconnect() // nothing yet
	if client.State() != thimble.StateInitialized {
		t.Errorf("state %s", client.State())
	}
	client.Bind("again", func(thimble.Event) {
		client.Disconnect()
		client.Connect()
	})
	client.Bind("end", func(thimble.Event) { client.Disconnect() })
	client.OnStateChange(func(s thimble.StateChange) {
		if s.Current == thimble.StateFailed {
			client.Connect() // Run must go on
		}
	})
	r := run(t, client)
	p := f.accept("1.1")
	p.event("again", "", "")
	p.closed()
	p = f.accept("2.2")
	p.closeWith(4003, "disabled")
	p.closed()
	p = f.accept("3.3")
	p.event("end", "", "")
	if code := p.closed(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	if err := r.wait(); err != nil {
		t.Errorf("Run returns %v", err)
	}
}

// TestRunEndsAgainstHandlers lets Run's context end while a handler wants to
// connect again whatever happens.
func TestRunEndsAgainstHandlers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	client.OnStateChange(func(s thimble.StateChange) {
		if s.Current == thimble.StateDisconnected {
			client.Connect()
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- client.Run(ctx) }()
	f.accept("1.1")
	cancel()
	if err := waitFor(t, "the end of Run", result); err != context.Canceled {
		t.Errorf("Run returns %v", err)
	}
	if s := client.State(); s != thimble.StateDisconnected {
		t.Errorf("it leaves the client %s", s)
	}
	run(t, client)
	f.accept("2.2")
}

// TestReconnect drops connections and expects the same view on the next one.
func TestReconnect(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.eager())
	changes := states(client)
	news := client.Subscribe("news")
	got := events(news.Bind, "e")
	run(t, client)
	p := f.accept("1.1")
	p.subscribed("news")
	reach(t, changes, thimble.StateConnected)
	p.conn.Close()
	if s := reach(t, changes, thimble.StateConnecting); s.Err == nil || s.Previous != thimble.StateConnected {
		t.Errorf("the loss is told as %+v", s)
	}
	p = f.accept("2.2")
	p.subscribed("news")
	p.event("e", "news", "x")
	waitFor(t, "the event", got)
	if id := client.SocketID(); id != "2.2" {
		t.Errorf("socket id %s", id)
	}
	p.closeWith(4200, "restart")
	var closed *thimble.CloseError
	if s := reach(t, changes, thimble.StateConnecting); !errors.As(s.Err, &closed) || closed.Code != 4200 {
		t.Errorf("the close is told as %+v", s)
	}
	p = f.accept("3.3")
	p.subscribed("news")
}

// TestRunEndsAlone lets a context end just when Run returns for another reason:
// the next Run must not be ended by it.
func TestRunEndsAlone(t *testing.T) {
	t.Parallel()
	var meant atomic.Bool
	dialled := make(chan bool, 1)
	client := newClient(t, thimble.Config{
		Key: "key", Host: "example.com", Plaintext: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			dialled <- true
			<-ctx.Done()
			if !meant.Load() {
				t.Error("ended by the context of an earlier Run")
			}
			return nil, ctx.Err()
		},
	})
	for range 300 {
		ctx, cancel := context.WithCancel(context.Background())
		result := make(chan error, 1)
		go func() { result <- client.Run(ctx) }()
		waitFor(t, "the attempt", dialled)
		meant.Store(true)
		go cancel()
		client.Disconnect()
		if err := waitFor(t, "Run to return", result); err != nil && err != context.Canceled {
			t.Error(err)
		}
		meant.Store(false)
	}
}
