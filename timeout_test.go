package thimble_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

// bare is a connection whose errors have only what those of TinyGo's package
// net have.
type bare struct {
	net.Conn
	passed chan<- struct{} // a deadline has
}

type bareError struct{ error }

func (e bareError) Timeout() bool {
	timeout, ok := e.error.(net.Error)
	return ok && timeout.Timeout()
}

func (c bare) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		err = bareError{err}
		select {
		case c.passed <- struct{}{}:
		default:
		}
	}
	return n, err
}

// TestBareTimeouts has deadlines pass that are told by such errors: none of
// them ends the connection.
func TestBareTimeouts(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.PollWait = time.Millisecond
	passed := make(chan struct{})
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, address)
		return bare{conn, passed}, err
	}
	client := newClient(t, cfg)
	loop(t, client) // each Poll in which nothing comes has one
	p := f.accept("1.1")
	for _, name := range []string{"a", "b", "c"} {
		waitFor(t, "a deadline", passed)
		ch := client.Subscribe(name)
		confirmed := events(ch.Bind, thimble.EventSubscribed)
		p.subscribed(name)
		waitFor(t, "the confirmation", confirmed)
	}
	if id := client.SocketID(); id != "1.1" {
		t.Errorf("the connection is %q", id)
	}
}
