package thimble_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
)

// TestEveryOffset cuts a whole session, from the upgrade to an unsubscription,
// behind every single byte of either direction, once with an end and once with
// a reset. Behind each cut there is a good connection, on which the client has
// what it wanted and nothing else, and the handlers have seen every event once
// and in order. These are about 3,500 cuts; the test's log has the
// number.
func TestEveryOffset(t *testing.T) {
	t.Parallel()
	for _, how := range []struct {
		name  string
		drive func(testing.TB, *thimble.Client)
		cut   func(at int) weather
	}{
		{"down, end", runs, func(at int) weather { return weather{down: way{after: at, then: fin}} }},
		{"down, reset", loop, func(at int) weather { return weather{down: way{after: at, then: reset}} }},
		{"up, end", loop, func(at int) weather { return weather{up: way{after: at, then: fin}} }},
		{"up, reset", runs, func(at int) weather { return weather{up: way{after: at, then: reset}} }},
	} {
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, manner{d: dialects[0], then: offsetScript})
			everyOffset(t, s, s.eager(), how.drive, how.cut)
		})
	}
}

// everyOffset cuts every other connection, each as cut says for the number of
// cuts before, until one is not cut because it is not that long.
func everyOffset(t *testing.T, s *service, cfg thimble.Config, drive func(testing.TB, *thimble.Client), cut func(at int) weather) {
	p := newProxy(t, s.host(), func(n int) weather {
		if n%2 == 0 {
			return weather{}
		}
		return cut((n - 1) / 2)
	})
	cfg.Host = p.host()
	cfg.Authorizer = tokens(`{"user_id":"me"}`)
	client := newClient(t, cfg)
	w := newWitness(t, client)
	for _, name := range []string{"public", "private-a", "presence-a"} {
		client.Subscribe(name)
	}
	client.OnError(func(err error) { readable(t, err) })
	brief := client.Channel("brief")
	client.OnStateChange(func(c thimble.StateChange) {
		if c.Current == thimble.StateConnected {
			brief.Subscribe()
		} else if c.Previous == thimble.StateConnected && c.Current == thimble.StateConnecting {
			readable(t, c.Err)
		}
	})
	brief.Bind("e", func(thimble.Event) { brief.Unsubscribe() })
	done := make(chan int, 100)
	client.Channel("public").Bind("done", func(e thimble.Event) {
		n, _ := strconv.Atoi(e.Text())
		done <- n
	})
	drive(t, client)

	want := map[string]bool{"public": true, "private-a": true, "presence-a": true}
	for {
		n := waitFor(t, "a connection that is whole", done)
		if n%2 == 1 {
			break // all of it came before the cut
		}
		s.mu.Lock()
		l := s.present
		s.mu.Unlock()
		s.settles(want)
		for name := range want {
			if !client.Channel(name).Subscribed() {
				t.Errorf("%s is not subscribed behind the cut at %d", name, p.cuts.Load()-1)
			}
		}
		w.sawAll(l.id, offsetEvents)
		if id := client.SocketID(); id != l.id {
			t.Errorf("connected as %q, not %q", id, l.id)
		}
		l.raw(websocket.AppendClose(nil, 4200, "", nil))
		if t.Failed() {
			t.Fatalf("behind %d cuts", p.cuts.Load())
		}
	}
	if p.cuts.Load() < 50 {
		t.Errorf("only %d cuts", p.cuts.Load())
	}
	t.Logf("%d cuts", p.cuts.Load())
}

// readable checks that an error says what happened in words.
func readable(t testing.TB, err error) {
	if text := err.Error(); strings.HasSuffix(text, "EOF") {
		t.Errorf("the text is %q", text)
	}
}

// offsetEvents is how many events a whole connection has.
const offsetEvents = 7

// offsetScript is what a server of this test says by itself: an event behind
// each confirmation, and behind the unsubscription one more on the channel
// that has just been given up, and the end.
func offsetScript(l *line, event, channel string) {
	switch event {
	case "pusher:subscribe":
		l.publish(channel)
	case "pusher:unsubscribe":
		l.event("e", channel, "late")
		l.left = true
	}
	subs, _ := l.s.subscribed()
	if l.left && len(subs) == 3 {
		l.left = false
		for _, name := range []string{"public", "private-a", "presence-a"} {
			l.publish(name)
		}
		l.event("done", "public", strconv.Itoa(l.n))
	}
}

// witness watches the events of a client: each carries the connection's socket
// id and its number there.
type witness struct {
	t    testing.TB
	mu   sync.Mutex
	id   string
	seq  int
	seen int // of that connection
}

func newWitness(t testing.TB, client *thimble.Client) *witness {
	w := &witness{t: t}
	client.Bind("e", func(e thimble.Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		id, number, ok := strings.Cut(e.Text(), " ")
		seq, err := strconv.Atoi(number)
		switch {
		case !ok || err != nil:
			t.Errorf("on %s came %q", e.Channel, e.Text())
		case id < w.id || id == w.id && seq <= w.seq:
			t.Errorf("event %d of %s comes behind %d of %s", seq, id, w.seq, w.id)
		}
		if id != w.id {
			w.seen = 0
		}
		w.id, w.seq = id, seq
		w.seen++
	})
	return w
}

// sawAll checks that all events of the last connection came.
func (w *witness) sawAll(id string, events int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.id != id || w.seen != events {
		w.t.Errorf("of connection %s came %d events, want %d of %s", w.id, w.seen, events, id)
	}
}
