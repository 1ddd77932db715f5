package thimble_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

// simulated is a clock that the test moves.
type simulated struct{ now atomic.Int64 }

func (s *simulated) read() time.Duration     { return time.Duration(s.now.Load()) }
func (s *simulated) advance(d time.Duration) { s.now.Add(int64(d)) }

// TestClock lets two minutes pass in no time: the client pings, and drops a
// server that does not answer.
func TestClock(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	clock := new(simulated)
	cfg := f.eager()
	cfg.Clock = clock.read
	client := newClient(t, cfg)
	changes := states(client)
	loop(t, client)
	p := f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	clock.advance(120 * time.Second)
	p.expect(`{"event":"pusher:ping","data":{}}`)
	clock.advance(30 * time.Second)
	if s := reach(t, changes, thimble.StateConnecting); s.Err != thimble.ErrPongTimeout {
		t.Errorf("got %v", s.Err)
	}
	f.accept("2.2")
	reach(t, changes, thimble.StateConnected)
}

// TestProbe asks a connection that is dead, though nothing has said so.
func TestProbe(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	clock := new(simulated)
	cfg := f.eager()
	cfg.Clock = clock.read
	client := newClient(t, cfg)
	changes := states(client)
	got := events(client.Bind, "e")
	loop(t, client)
	p := f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	client.Probe()
	p.expect(`{"event":"pusher:ping","data":{}}`)
	p.send(`{"event":"pusher:pong"}`)
	p.event("e", "", "")
	waitFor(t, "the event behind the pong", got)
	client.Probe()
	p.expect(`{"event":"pusher:ping","data":{}}`)
	clock.advance(10 * time.Second)
	if s := reach(t, changes, thimble.StateConnecting); s.Err != thimble.ErrPongTimeout {
		t.Errorf("got %v", s.Err)
	}
	f.accept("2.2")
	reach(t, changes, thimble.StateConnected)
}

// TestProbeEndsAWait does not let a client sleep on when the network is back.
func TestProbeEndsAWait(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	clock := new(simulated)
	cfg := f.eager()
	cfg.Clock = clock.read
	client := newClient(t, cfg)
	changes := states(client)
	loop(t, client)
	p := f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	p.closeWith(4100, "over capacity") // at least a second of waiting
	reach(t, changes, thimble.StateConnecting)
	client.Probe()
	f.accept("2.2")
	reach(t, changes, thimble.StateConnected)
}

// TestGap checks that the first event behind a gap says how long it was, and
// who came and went meanwhile.
func TestGap(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	clock := new(simulated)
	cfg := f.eager()
	cfg.Clock = clock.read
	cfg.MemberChanges = true
	cfg.Authorizer = tokens(`{"user_id":"me"}`)
	client := newClient(t, cfg)
	room := client.Subscribe("presence-room")
	type change struct {
		gap          time.Duration
		joined, left []thimble.Member
	}
	got := make(chan change, 10)
	room.Bind(thimble.EventSubscribed, func(e thimble.Event) {
		joined, left := room.MemberChanges()
		got <- change{e.Gap, joined, left}
	})
	after := events(room.Bind, "e")
	loop(t, client)
	confirm := func(id, members string) *peer {
		p := f.accept(id)
		p.expect(`{"event":"pusher:subscribe","data":{"channel":"presence-room","auth":"key:` + id + `","channel_data":"{\"user_id\":\"me\"}"}}`)
		p.confirm("presence-room", `{"presence":{"count":2,"hash":`+members+`}}`)
		return p
	}
	p := confirm("1.1", `{"me":{},"ann":{"n":1}}`)
	if c := waitFor(t, "the confirmation", got); c.gap != 0 || c.joined != nil || c.left != nil {
		t.Errorf("the first subscription ends %+v", c)
	}
	clock.advance(20 * time.Second)
	p.conn.Close()
	p = confirm("2.2", `{"me":{},"bob":{"n":2}}`)
	c := waitFor(t, "the confirmation", got)
	if c.gap != 20*time.Second || len(c.joined) != 1 || c.joined[0].ID != "bob" || len(c.left) != 1 || c.left[0] != (thimble.Member{ID: "ann", Info: `{"n":1}`}) {
		t.Errorf("got %+v", c)
	}
	p.event("e", "presence-room", "")
	if e := waitFor(t, "the event", after); e.Gap != 0 {
		t.Errorf("a second event says %v", e.Gap)
	}
}
