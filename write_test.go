//go:build !tinygo

package thimble_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
)

// clogged is a connection that takes nothing any more once it is told so.
type clogged struct {
	net.Conn
	closed  chan struct{}
	once    sync.Once
	shut    atomic.Bool
	waiting atomic.Int32 // writes that wait with much time left
	waits   chan struct{}
}

func (c *clogged) SetWriteDeadline(t time.Time) error {
	if !c.shut.Load() {
		return c.Conn.SetWriteDeadline(t)
	}
	if time.Until(t) > time.Second {
		c.waiting.Add(1)
		c.waits <- struct{}{}
	}
	return nil
}

func (c *clogged) Write(b []byte) (int, error) {
	if !c.shut.Load() {
		return c.Conn.Write(b)
	}
	if c.waiting.Load() == 0 {
		return 0, timeoutError{}
	}
	<-c.closed
	return 0, net.ErrClosed
}

func (c *clogged) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// TestSlowPeerHoldsNobodyUp checks that neither Poll nor Trigger waits for a
// peer that takes nothing, and that the client can be ended all the same.
func TestSlowPeerHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var conn *clogged
	cfg := f.config()
	cfg.Authorizer = tokens("")
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		below, err := d.DialContext(ctx, network, address)
		conn = &clogged{Conn: below, closed: make(chan struct{}), waits: make(chan struct{}, 10)}
		return conn, err
	}
	client := newClient(t, cfg)
	ch := client.Subscribe("private-a")
	confirmed := events(ch.Bind, thimble.EventSubscribed)
	got := events(ch.Bind, "e")
	loop(t, client)
	p := f.accept("1.1")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:1.1"}}`)
	p.confirm("private-a", "{}")
	waitFor(t, "the confirmation", confirmed)
	conn.shut.Store(true)
	p.send(`{"event":"pusher:ping","data":{}}`) // Poll has something to write
	for range 3 {
		if err := ch.Trigger("client-x", "{}"); err != nil {
			t.Error(err)
		}
	}
	p.event("e", "private-a", "")
	waitFor(t, "the event", got)
	waitFor(t, "a write that waits beside", conn.waits)
	if conn.waiting.Load() != 1 {
		t.Errorf("%d writes wait", conn.waiting.Load())
	}
	client.Disconnect() // and the test ends, with no goroutine left
}

// TestLastWords checks that what was triggered is not lost when the client is
// ended at once, over TLS too, where writing has a goroutine of its own.
func TestLastWords(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t, time.Now().Add(time.Hour), "127.0.0.1")
	for _, secure := range []bool{false, true} {
		f := newFake(t)
		cfg := f.config()
		if secure {
			f = secured(t, cert)
			cfg = thimble.Config{Key: "key", Host: f.host(), TLS: thimble.WithTLS(&tls.Config{RootCAs: pool})}
		}
		cfg.Authorizer = tokens("")
		cfg.EventRate = -1
		client := newClient(t, cfg)
		ch := client.Subscribe("private-a")
		confirmed := events(ch.Bind, thimble.EventSubscribed)
		r := run(t, client)
		p := f.accept("1.1")
		p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:1.1"}}`)
		p.confirm("private-a", "{}")
		waitFor(t, "the confirmation", confirmed)
		data := `"` + strings.Repeat("x", 8000) + `"`
		for range 20 {
			if err := ch.Trigger("client-x", data); err != nil {
				t.Error(err)
			}
		}
		client.Disconnect()
		for range 20 {
			p.expect(`{"event":"client-x","channel":"private-a","data":` + data + `}`)
		}
		if code := p.closed(); code != 1000 {
			t.Errorf("closed with %d", code)
		}
		if err := r.wait(); err != nil {
			t.Error(err)
		}
	}
}

// rekeying is TLS whose peer asks for new keys: it answers while it reads. Time
// runs a thousand times faster for what is written.
type rekeying struct {
	net.Conn
	due atomic.Bool
}

func (r *rekeying) SetWriteDeadline(t time.Time) error {
	if !t.IsZero() {
		t = time.Now().Add(time.Until(t) / 1000)
	}
	return r.Conn.SetWriteDeadline(t)
}

func (r *rekeying) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	if n > 0 && r.due.Swap(false) {
		time.Sleep(20 * time.Millisecond) // beyond the deadline of the write before, if it still stands
		pong := [4]byte{}
		if _, err := r.Conn.Write(websocket.AppendFrame(nil, websocket.Pong, "", &pong)); err != nil {
			return 0, err
		}
	}
	return n, err
}

// TestTLSWritesWhileReading checks that the deadline of a write is gone when the
// write is over, since TLS has things of its own to write.
func TestTLSWritesWhileReading(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var conn rekeying
	client := newClient(t, thimble.Config{Key: "key", Host: f.host(), TLS: func(_ context.Context, raw net.Conn, _ string) (net.Conn, error) {
		conn.Conn = raw
		return &conn, nil
	}})
	changes := states(client)
	got := events(client.Bind, "e")
	run(t, client)
	p := f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	conn.due.Store(true)
	p.event("e", "", "")
	waitFor(t, "the event", got)
	if item, err := p.next(); err != nil || item.Opcode != websocket.Pong {
		t.Errorf("server: %d, %v", item.Opcode, err)
	}
}

// silent is a connection that the system gives up, as it does when nothing that
// is sent is ever confirmed.
type silent struct {
	net.Conn
	given atomic.Bool
}

func (s *silent) Read(b []byte) (int, error) {
	if s.given.Load() {
		return 0, io.EOF // which is all that it says about it later
	}
	n, err := s.Conn.Read(b)
	if n > 0 && b[0] == 0x89 {
		s.given.Store(true)
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ETIMEDOUT)}
	}
	return n, err
}

// TestGivenUpBySystem checks that the reason is told, and not taken for a read
// that has waited long enough.
func TestGivenUpBySystem(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.eager()
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &silent{Conn: conn}, nil
	}
	client := newClient(t, cfg)
	changes := states(client)
	run(t, client)
	p := f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	p.raw(websocket.AppendFrame(nil, websocket.Ping, "", nil)) // which stands for the moment
	if s := reach(t, changes, thimble.StateConnecting); !errors.Is(s.Err, syscall.ETIMEDOUT) {
		t.Errorf("got %v", s.Err)
	}
}
