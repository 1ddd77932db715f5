package thimble

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/session"
)

// moment is how long a goroutine that has something to send may be held up by
// a connection that takes nothing just now.
const moment = 2 * time.Millisecond

// farewell is how long the close frame may take before the transport is closed
// regardless.
const farewell = 250 * time.Millisecond

// lastWords is how long the server's close frame may take to be read once
// writing has failed.
const lastWords = time.Second

// keepSpare is the largest output buffer that is kept between writes.
const keepSpare = 64 << 10

// dial opens a transport beside the driver. The lock is held.
func (c *Client) dial(secure bool) {
	c.opening++
	opening := c.opening
	c.dialled = c.addr.dial
	if secure && c.cfg.TLS == nil {
		c.session.Lost(c.now(), ErrNoTLS)
		return
	}
	if c.cancel != nil {
		c.cancel()
	}
	// Dialling has a context of its own: what it leaves in there would stay for
	// as long as the connection.
	scope, end := newScope(context.Background())
	ctx, stop := newScope(context.Background())
	c.scope, c.cancel = scope, func() { stop(); end() }
	addr := c.addr
	if secure && c.cfg.Plaintext {
		addr.dial = addr.securePort() // the server has sent us there with 4000
	}
	c.dialled = addr.dial
	if c.auth != nil {
		c.auth.prepare(c, scope)
	}
	c.tasks.Add(1)
	go func() {
		defer c.tasks.Done()
		var err error
		if c.link != nil {
			err = c.link.up(c, ctx)
		}
		var conn, raw net.Conn
		if err == nil {
			conn, raw, err = c.connect(ctx, addr, secure)
		}
		c.mu.Lock()
		switch {
		case opening != c.opening || ctx.Err() != nil:
			if conn != nil {
				closeConn(conn, raw)
			}
			c.mu.Unlock()
			return
		case err != nil:
			c.cancel() // nobody else may: this can be the last attempt
			c.cancel = nil
			c.session.Lost(c.now(), err)
		default:
			stop()
			c.cancel = end
			c.conn, c.raw, c.armed, c.broken = conn, raw, 0, nil
			c.session.Dialed(c.now())
		}
		c.settle()
		c.notify() // the driver waits for a connection, and now there is one
		c.mu.Unlock()
	}()
}

// connect dials, and puts TLS on top of what is raw then.
func (c *Client) connect(ctx context.Context, addr address, secure bool) (conn, raw net.Conn, err error) {
	c.log(Record{Level: LevelDebug, Message: "dialling " + addr.dial})
	err = tried("dialling", func() (err error) {
		if conn, err = c.cfg.Dial(ctx, "tcp", addr.dial); err != nil {
			conn = nil // whatever stands beside the error
			return explainDial(err)
		}
		if secure && conn != nil {
			raw = conn
			if conn, err = c.cfg.TLS(ctx, raw, addr.server); err != nil {
				return explainTLS(err)
			}
		}
		if conn == nil {
			return errNoConn
		}
		return nil
	})
	if err != nil {
		if raw != nil {
			_ = raw.Close()
		}
		return nil, nil, err
	}
	return conn, raw, nil
}

// closeConn closes a transport. TLS says goodbye when it is closed, and waits
// for seconds for a peer that takes nothing: here it gets as long as we do.
func closeConn(conn, raw net.Conn) {
	if raw != nil {
		cut := time.AfterFunc(farewell, func() { _ = raw.Close() })
		defer cut.Stop()
	}
	_ = conn.Close()
}

// securePort is the address with the scheme's own port for TLS in place of
// that for plaintext. Any other port stays.
func (a address) securePort() string {
	if host, ok := strings.CutSuffix(a.dial, ":"+portPlain); ok {
		return host + ":" + portTLS
	}
	return a.dial
}

// hangup writes what is left and closes the transport, or ends the dialling.
// The lock is held.
func (c *Client) hangup() {
	c.opening++
	if c.cancel != nil {
		c.cancel()
		c.cancel = nil
	}
	conn := c.conn
	if conn == nil {
		return
	}
	if c.reading {
		c.notify() // the driver reads from what is closed below
	}
	raw := c.raw
	c.conn, c.raw, c.reading = nil, nil, false
	var last []byte
	if c.session.Pending() && c.broken == nil {
		last = c.session.Output(nil)
	}
	_ = conn.SetWriteDeadline(deadline(farewell))
	if c.writing && c.writer == conn {
		// Behind what is being written, or without it.
		cut := conn
		if raw != nil {
			cut = raw
		}
		time.AfterFunc(2*farewell, func() { _ = cut.Close() })
		c.parting = parting{conn, raw, last}
		return
	}
	leave(parting{conn, raw, last})
}

// letGo hangs up what the session has given up when the driver has not come to
// that yet: what becomes of it must not be taken for the next attempt's. The
// lock is held.
func (c *Client) letGo() {
	if c.session.Resting() {
		c.hangup()
	}
}

// parting is a transport that is to be closed behind its last bytes.
type parting struct {
	conn, raw net.Conn
	last      []byte
}

func leave(p parting) {
	if len(p.last) > 0 {
		_, _ = p.conn.Write(p.last)
	}
	closeConn(p.conn, p.raw)
}

// flush writes what the session has to say. One goroutine at a time writes;
// what others add meanwhile it takes along. What cannot be written in a moment
// is left to a goroutine that ends when it is, so that nobody waits for a slow
// peer. The lock is held, but not while writing.
func (c *Client) flush() {
	for !c.writing && c.conn != nil && c.broken == nil && c.session.Pending() {
		c.writing, c.writer = true, c.conn
		c.out = c.session.Output(c.spare)
		c.spare, c.rest = nil, c.out
		if detached && c.raw != nil {
			c.tasks.Add(1)
			go c.background() // TLS does not survive a write that is cut short
			return
		}
		conn, wait := c.writer, writeTimeout
		if detached {
			wait = moment
		}
		c.mu.Unlock()
		_ = conn.SetWriteDeadline(deadline(wait))
		n, err := conn.Write(c.rest)
		c.mu.Lock()
		if detached && err != nil && isTimeout(err) && c.parting.conn != conn {
			c.rest = c.rest[n:]
			c.tasks.Add(1)
			go c.background()
			return
		}
		c.wrote(err)
	}
}

// writeRest is what flush leaves to another goroutine.
func (c *Client) writeRest() {
	defer c.tasks.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	conn := c.writer
	if c.parting.conn != conn {
		_ = conn.SetWriteDeadline(deadline(writeTimeout))
	}
	c.mu.Unlock()
	_, err := conn.Write(c.rest)
	c.mu.Lock()
	c.wrote(err)
	c.flush()
}

// wrote ends a write. The lock is held.
func (c *Client) wrote(err error) {
	conn := c.writer
	if cap(c.out) <= keepSpare && c.session.SocketID() != "" {
		c.spare = c.out[:0] // not that of the request for the upgrade, which is larger than most
	}
	c.writing, c.writer, c.out, c.rest = false, nil, nil, nil
	switch {
	case c.parting.conn == conn:
		p := c.parting
		c.parting = parting{}
		if err != nil {
			p.last = nil
		}
		c.mu.Unlock()
		leave(p)
		c.mu.Lock()
	case err != nil && conn == c.conn:
		// What cannot be written to may still hold the server's close frame,
		// which says more than this error.
		c.broken, c.brokenUntil = err, c.now()+lastWords
		c.notify()
	case conn == c.conn && c.raw != nil:
		// TLS writes while it reads, when the peer asks for new keys say: not
		// within the time of a write that is long over.
		_ = conn.SetWriteDeadline(time.Time{})
	}
}

// lost tells the session that a transport has ended. The lock is held.
func (c *Client) lost(conn net.Conn, err error) {
	if conn == c.conn {
		c.session.Lost(c.now(), explainEnd(err, c.session.State() == session.Connected))
		c.hangup()
	}
}

// isTimeout says whether an error means that the deadline of a read or a write
// has passed. It asks for less than a net.Error has: the errors of TinyGo's
// package net are none.
func isTimeout(err error) bool {
	timeout, ok := err.(interface{ Timeout() bool })
	return ok && timeout.Timeout() && !gaveUp(err)
}
