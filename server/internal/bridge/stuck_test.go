package bridge

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble/firmware/serialnet"
	"github.com/thimble-go/thimble/internal/line"
)

// TestStuckServer has a server that takes nothing and says nothing. It holds up
// neither the end of the bridge, nor the line, nor other connections for long.
func TestStuckServer(t *testing.T) {
	t.Parallel()
	const stuck = "stuck.example:80"
	setUp := func(t *testing.T) (*cable, *running, *serialnet.Device, chan *stuckConn, string) {
		t.Parallel()
		healthy := listen(t, echo)
		conns := make(chan *stuckConn, sockets+1)
		c := newCable(t)
		r := start(t, Config{
			Allow: []string{stuck, healthy.address},
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if address == stuck {
					conn := newStuckConn()
					conns <- conn
					return conn, nil
				}
				var d net.Dialer
				return d.DialContext(ctx, network, address)
			},
		}, over(c))
		return c, r, board(t, c, serialnet.Config{}), conns, healthy.address
	}
	// block has the bridge wait for the server.
	block := func(t *testing.T, dev *serialnet.Device, conns chan *stuckConn) (net.Conn, *stuckConn) {
		t.Helper()
		conn, peer := dial(t, dev, stuck), <-conns
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		select {
		case <-peer.writing:
		case <-time.After(patience):
			t.Fatal("the server is sent nothing")
		}
		return conn, peer
	}
	t.Run("stop", func(t *testing.T) {
		_, r, dev, conns, _ := setUp(t)
		block(t, dev, conns)
		r.stop()
		if e := r.await(Closed); !errors.Is(e.Err, line.LineLost) {
			t.Errorf("told %+v", e)
		}
	})
	t.Run("replug", func(t *testing.T) {
		c, r, dev, conns, healthy := setUp(t)
		old, _ := block(t, dev, conns)
		r.await(LineUp)
		c.mu.Lock()
		plugged := c.host
		c.mu.Unlock()
		plugged.Close() // the bridge plugs in again by itself
		r.await(LineUp)
		conn := dial(t, dev, healthy)
		roundTrip(t, conn, []byte("hello"))
		conn.Close()
		old.Close()
	})
	t.Run("board restarts", func(t *testing.T) {
		c, r, dev, conns, healthy := setUp(t)
		block(t, dev, conns) // a board that is never heard of again
		conn := dial(t, board(t, c, serialnet.Config{}), healthy)
		if e := r.await(Closed); e.Address != stuck || !errors.Is(e.Err, line.LineLost) {
			t.Errorf("told %+v", e)
		}
		conn.Close()
	})
	t.Run("slots", func(t *testing.T) {
		_, r, dev, conns, healthy := setUp(t)
		for range sockets {
			conn, _ := block(t, dev, conns)
			conn.Close()
		}
		for range sockets {
			if e := r.await(Closed); e.Address != stuck || !errors.Is(e.Err, errNotTaken) {
				t.Errorf("told %+v", e)
			}
		}
		conn := dial(t, dev, healthy)
		roundTrip(t, conn, []byte("hello"))
		conn.Close()
	})
	// What the board wrote before it closed goes out nevertheless, whatever
	// the server has sent meanwhile that nobody reads any more.
	t.Run("late", func(t *testing.T) {
		_, r, dev, conns, healthy := setUp(t)
		conn, peer := block(t, dev, conns)
		var sending sync.WaitGroup
		defer sending.Wait()
		sending.Add(1)
		go func() {
			defer sending.Done()
			_, _ = peer.server.Write(make([]byte, 100_000))
		}()
		conn.Close()
		other := dial(t, dev, healthy) // which the bridge hears of behind that
		got := make([]byte, 5)
		if _, err := io.ReadFull(peer.server, got); err != nil || string(got) != "hello" {
			t.Errorf("the server got %q, %v", got, err)
		}
		if e := r.await(Closed); e.Err != nil || e.Up != 5 {
			t.Errorf("told %+v", e)
		}
		other.Close()
	})
}

// stuckConn is a connection to a server that does nothing by itself.
type stuckConn struct {
	net.Conn
	server  net.Conn      // what the test may do in its place
	writing chan struct{} // somebody writes, and waits for it
}

func newStuckConn() *stuckConn {
	ours, server := net.Pipe()
	return &stuckConn{Conn: ours, server: server, writing: make(chan struct{}, 1)}
}

func (c *stuckConn) Write(p []byte) (int, error) {
	select {
	case c.writing <- struct{}{}:
	default:
	}
	return c.Conn.Write(p)
}
