package thimble_test

import (
	"context"
	"net"
	"testing"

	"github.com/thimble-go/thimble"
)

// bare is a connection whose errors have only what those of TinyGo's package
// net have.
type bare struct{ net.Conn }

type bareError struct{ error }

func (e bareError) Timeout() bool {
	timeout, ok := e.error.(net.Error)
	return ok && timeout.Timeout()
}

func (c bare) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		err = bareError{err}
	}
	return n, err
}

// TestBareTimeouts has deadlines pass that are told by such errors: none of
// them ends the connection.
func TestBareTimeouts(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, address)
		return bare{conn}, err
	}
	client := newClient(t, cfg)
	loop(t, client) // each Poll in which nothing comes has one
	p := f.accept("1.1")
	for _, name := range []string{"a", "b", "c"} {
		ch := client.Subscribe(name)
		confirmed := events(ch.Bind, thimble.EventSubscribed)
		p.subscribed(name)
		waitFor(t, "the confirmation", confirmed)
	}
	if id := client.SocketID(); id != "1.1" {
		t.Errorf("the connection is %q", id)
	}
}
