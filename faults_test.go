package thimble_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
)

// TestChoppedWrites has a whole session cross the network in the smallest
// pieces, in both directions.
func TestChoppedWrites(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 7} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			long := strings.Repeat("ü", 300)
			sent := make(chan string, 10)
			s := newService(t, manner{d: dialects[0], then: func(_ *line, event, channel string) { sent <- event + " " + channel }})
			p := newProxy(t, s.host(), func(int) weather {
				w := way{chop: size}
				if size > 2 {
					w.pause = 100 * time.Microsecond // and slowly
				}
				return weather{up: w, down: w}
			})
			cfg := s.config()
			cfg.Host = p.host()
			cfg.Authorizer = tokens(`{"user_id":"me"}`)
			client := newClient(t, cfg)
			room := client.Subscribe("presence-a")
			confirmed := events(room.Bind, thimble.EventSubscribed)
			got := events(room.Bind, "e")
			r := run(t, client)
			waitFor(t, "the confirmation", confirmed)
			l := waitFor(t, "a connection", s.lines)
			for range 3 {
				l.event("e", "presence-a", long)
				if e := waitFor(t, "the event", got); e.Text != long {
					t.Errorf("got %q", e.Text)
				}
				if err := room.Trigger("client-x", `"`+long+`"`); err != nil {
					t.Error(err)
				}
			}
			for _, want := range []string{"pusher:subscribe presence-a", "client-x presence-a", "client-x presence-a", "client-x presence-a"} {
				if got := waitFor(t, "what is sent", sent); got != want {
					t.Errorf("sent is %s, want %s", got, want)
				}
			}
			l.raw(websocket.AppendClose(nil, 4001, "gone", nil))
			var closed *thimble.CloseError
			if err := r.wait(); !errors.As(err, &closed) || closed.Reason != "gone" {
				t.Errorf("Run returns %v", err)
			}
		})
	}
}

// TestSilence has connections fall silent in every way: nobody is told, and
// nothing comes or goes any more. The client finds out by itself, and comes
// back. It takes about two seconds, for all of them at once.
func TestSilence(t *testing.T) {
	t.Parallel()
	var checks []func()
	for _, test := range []struct {
		name  string
		drive func(testing.TB, *thimble.Client)
		// falls makes the connection silent.
		falls func(p *proxy)
		// first is what happens to the first connection on its own.
		first weather
		// send keeps the client sending meanwhile.
		send bool
	}{
		{"both ways", runs, func(p *proxy) { p.cut(stall) }, weather{}, false},
		{"both ways, polling", loop, func(p *proxy) { p.cut(stall) }, weather{}, false},
		{"down", runs, func(*proxy) {}, weather{down: way{after: 270, then: stall}}, false},
		{"up", loop, func(*proxy) {}, weather{up: way{after: 310, then: stall}}, false},
		{"the server is gone for a while", runs, func(p *proxy) {
			p.cut(stall)
			p.hide(true)
		}, weather{}, false},
		{"while sending", runs, func(p *proxy) { p.cut(stall) }, weather{}, true},
		{"while sending, polling", loop, func(p *proxy) { p.cut(stall) }, weather{}, true},
	} {
		s := newService(t, manner{d: dialects[0]})
		p := newProxy(t, s.host(), func(n int) weather {
			if n == 1 {
				return test.first
			}
			return weather{}
		})
		cfg := s.eager()
		cfg.Host = p.host()
		cfg.Authorizer = tokens("")
		cfg.ActivityTimeout, cfg.PongTimeout = time.Second, time.Second
		if test.send {
			cfg.PongTimeout = 5 * time.Second // a busy machine takes a while to fill the sockets and the queue
		}
		cfg.EventRate = -1
		client := newClient(t, cfg)
		changes := states(client)
		refused := make(chan bool, 1)
		client.OnError(func(error) {
			select {
			case refused <- true:
			default:
			}
		})
		a := client.Subscribe("private-a")
		want := map[string]bool{"private-a": true}
		confirmed := events(a.Bind, thimble.EventSubscribed)
		test.drive(t, client)
		reach(t, changes, thimble.StateConnected)
		waitFor(t, "a connection", s.lines)
		if test.first == (weather{}) {
			waitFor(t, "the confirmation", confirmed)
		}
		test.falls(p)
		ended := make(chan error, 2)
		if test.send {
			// Two, since on a board the one that writes waits itself.
			for range cap(ended) {
				go func() {
					data := `"` + strings.Repeat("x", 10_000) + `"`
					for {
						if err := a.Trigger("client-x", data); err != nil {
							ended <- err
							return
						}
					}
				}()
			}
		}
		checks = append(checks, func() {
			if test.send {
				if err := waitFor(t, "the queue to be full", ended); err != thimble.ErrQueueFull {
					t.Errorf("%s: Trigger fails with %v", test.name, err)
				}
			}
			if c := reach(t, changes, thimble.StateConnecting); c.Err != thimble.ErrPongTimeout {
				t.Errorf("%s: lost because of %v", test.name, c.Err)
			}
			if strings.Contains(test.name, "gone") {
				waitFor(t, "an attempt that fails", refused)
				p.hide(false)
			}
			l := waitFor(t, "the next connection", s.lines)
			s.settles(want)
			reach(t, changes, thimble.StateConnected)
			if id := client.SocketID(); id != l.id {
				t.Errorf("%s: connected as %q, not %q", test.name, id, l.id)
			}
		})
	}
	for _, check := range checks {
		check()
	}
}

// runs is run for a table of drivers.
func runs(t testing.TB, client *thimble.Client) { run(t, client) }

// TestServerSaysNothing has an attempt to connect end after 15 s, of a clock
// that the test moves, wherever the server falls silent.
func TestServerSaysNothing(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]weather{
		"accepts and that is all":           {swallow: true},
		"reads half of the upgrade request": {up: way{after: 100, then: stall}},
		"never answers the upgrade":         {down: way{then: stall}},
		"stops within the answer":           {down: way{after: 60, then: stall}},
		"upgrades and never greets":         {down: way{after: 129, then: stall}},
		"stops within the greeting":         {down: way{after: 180, then: stall}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, manner{d: dialects[0]})
			arrived := make(chan int, 10)
			p := newProxy(t, s.host(), func(n int) weather {
				arrived <- n
				if n == 1 {
					return first
				}
				return weather{}
			})
			clock := new(simulated)
			cfg := s.eager()
			cfg.Host = p.host()
			cfg.Clock = clock.read
			client := newClient(t, cfg)
			changes, errs := states(client), failures(client)
			client.Subscribe("a")
			loop(t, client)
			reach(t, changes, thimble.StateConnecting)
			// An attempt that is late would leave its weather to the next one, for
			// which the clock stands still.
			waitFor(t, "the first attempt", arrived)
			clock.advance(10 * time.Second)
			reach(t, changes, thimble.StateUnavailable)
			clock.advance(5 * time.Second)
			if err := waitFor(t, "the failure", errs); !errors.Is(err, thimble.ErrConnectTimeout) || !strings.Contains(err.Error(), p.host()) {
				t.Errorf("failed with %v", err)
			}
			reach(t, changes, thimble.StateConnected)
			s.settles(map[string]bool{"a": true})
		})
	}
}
