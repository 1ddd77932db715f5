package thimble_test

import (
	"errors"
	"math"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
)

// loop polls like a device's main loop, until the test ends.
func loop(t testing.TB, client *thimble.Client) {
	end := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			select {
			case <-end:
				return
			default:
				_ = client.Poll()
			}
		}
	}()
	t.Cleanup(func() {
		close(end)
		wg.Wait()
		client.Disconnect()
		_ = client.Poll()
	})
}

func TestPoll(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.eager()
	cfg.Authorizer = tokens(`{"user_id":"me"}`)
	client := newClient(t, cfg)
	changes := states(client)
	room := client.Subscribe("presence-room")
	got := events(room.Bind, "client-x")
	loop(t, client)
	for _, id := range []string{"1.1", "2.2"} {
		p := f.accept(id)
		p.expect(`{"event":"pusher:subscribe","data":{"channel":"presence-room","auth":"key:` + id + `","channel_data":"{\"user_id\":\"me\"}"}}`)
		p.confirm("presence-room", `{"presence":{"count":1,"ids":["me"],"hash":{"me":null}}}`)
		p.send(`{"event":"client-x","channel":"presence-room","data":"{}","user_id":"bob"}`)
		if e := waitFor(t, "the event", got); e.UserID != "bob" {
			t.Errorf("from %q", e.UserID)
		}
		if err := room.Trigger("client-y", `{"a":1}`); err != nil {
			t.Error(err)
		}
		p.expect(`{"event":"client-y","channel":"presence-room","data":{"a":1}}`)
		reach(t, changes, thimble.StateConnected)
		p.conn.Close()
		reach(t, changes, thimble.StateConnecting)
	}
}

func TestPollReturnsWhyItIsInVain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	if err := client.Poll(); err != nil {
		t.Fatalf("the first Poll returns %v", err)
	}
	poll := func(until func(error) bool) {
		t.Helper()
		for end := time.Now().Add(patience); !until(client.Poll()); {
			if time.Now().After(end) {
				t.Fatalf("in vain, %s", client.State())
			}
		}
	}
	connected := make(chan *peer, 1)
	go func() { connected <- f.accept("1.1") }()
	poll(func(err error) bool { return client.State() == thimble.StateConnected })
	p := waitFor(t, "the connection", connected)
	p.closeWith(4004, "quota")
	var closed *thimble.CloseError
	poll(func(err error) bool { return errors.As(err, &closed) })
	if closed.Code != 4004 {
		t.Errorf("got %v", closed)
	}
	if err := client.Poll(); err == nil {
		t.Error("Poll forgets why")
	}
	client.Connect()
	go func() { connected <- f.accept("2.2") }()
	poll(func(err error) bool { return err == nil && client.State() == thimble.StateConnected })
	p = waitFor(t, "the connection", connected)
	client.Disconnect()
	p.closed()
	if err := client.Poll(); err != nil || client.State() != thimble.StateDisconnected {
		t.Errorf("after Disconnect: %v, %s", err, client.State())
	}
}

// TestPollAfterALongTime polls again after the ping and its answer's deadline
// have passed unheard. The answer lies there, so the connection lives.
func TestPollAfterALongTime(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.ActivityTimeout, cfg.PongTimeout = time.Second, time.Second
	client := newClient(t, cfg)
	connected := make(chan *peer, 1)
	go func() { connected <- f.accept("1.1") }()
	var p *peer
	for p == nil || client.State() != thimble.StateConnected {
		_ = client.Poll()
		select {
		case p = <-connected:
		default:
		}
	}
	// The program does something else for longer than the timeouts. That is
	// the point, so there is nothing to wait for but time.
	const elsewhere = 1200 * time.Millisecond
	for range 2 {
		time.Sleep(elsewhere)
		_ = client.Poll()
		p.expect(`{"event":"pusher:ping","data":{}}`)
		p.send(`{"event":"pusher:pong","data":{}}`)
		time.Sleep(elsewhere)
		if err := client.Poll(); err != nil || client.State() != thimble.StateConnected {
			t.Fatalf("lost, though the answer was there: %v, %s", err, client.State())
		}
	}
	client.Disconnect()
	_ = client.Poll()
}

// TestSlowHandlerHoldsTheSenderUp checks that what comes while a handler takes
// its time waits in the network, and not in memory.
func TestSlowHandlerHoldsTheSenderUp(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	busy, release := make(chan bool), make(chan struct{})
	client.Bind("slow", func(thimble.Event) { busy <- true; <-release })
	run(t, client)
	p := f.accept("1.1")
	p.event("slow", "", "")
	waitFor(t, "the handler", busy)
	defer close(release)
	frame := websocket.AppendFrame(nil, websocket.Text, `{"event":"e","data":"`+strings.Repeat("x", 60_000)+`"}`, nil)
	const most = 256 << 20 // more than the buffers of any system
	for sent := 0; sent < most; sent += len(frame) {
		_ = p.conn.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		if _, err := p.conn.Write(frame); errors.Is(err, os.ErrDeadlineExceeded) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
	t.Error("the sender was not held up")
}

// TestSlowHandler does not answer for longer than the pong timeout.
func TestSlowHandler(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.ActivityTimeout, cfg.PongTimeout = time.Second, time.Second
	client := newClient(t, cfg)
	changes := states(client)
	release := make(chan struct{})
	client.Bind("slow", func(thimble.Event) { <-release })
	got := events(client.Bind, "after")
	run(t, client)
	p := f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	p.event("slow", "", "")
	p.raw(websocket.AppendFrame(nil, websocket.Ping, "x", nil))
	p.event("after", "", "")
	time.AfterFunc(2500*time.Millisecond, func() { close(release) })
	waitFor(t, "the event behind", got)
	if item, err := p.next(); err != nil || item.Opcode != websocket.Pong {
		t.Errorf("got %v, %v", item, err)
	}
	if client.State() != thimble.StateConnected || len(changes) > 0 {
		t.Errorf("%s", client.State())
	}
}

// TestEndlessPollWait has Poll wait for as long as it takes: till the next
// attempt to connect is due, that is, and not beyond.
func TestEndlessPollWait(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.eager()
	cfg.PollWait = math.MaxInt64
	client := newClient(t, cfg)
	var ended atomic.Bool
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for !ended.Load() {
			_ = client.Poll()
		}
	}()
	defer wg.Wait()
	defer client.Disconnect()
	defer ended.Store(true)
	f.accept("1.1").closeWith(4100, "come back in a second")
	f.accept("2.2")
}
