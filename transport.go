package thimble

import (
	"context"
	"net"
	"time"
)

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
	if secure && c.cfg.TLS == nil {
		c.session.Lost(c.now(), ErrNoTLS)
		return
	}
	if c.cancel != nil {
		c.cancel()
	}
	c.scope, c.cancel = context.WithCancel(context.Background())
	ctx := c.scope
	c.tasks.Add(1)
	go func() {
		defer c.tasks.Done()
		conn, raw, err := c.connect(ctx, secure)
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case opening != c.opening || ctx.Err() != nil:
			if conn != nil {
				closeConn(conn, raw)
			}
			return
		case err != nil:
			c.session.Lost(c.now(), err)
		default:
			c.conn, c.raw, c.armed, c.broken = conn, raw, 0, nil
			c.session.Dialed(c.now())
		}
		c.settle()
		c.notify() // the driver waits for a connection, and now there is one
	}()
}

// connect dials, and puts TLS on top of what is raw then.
func (c *Client) connect(ctx context.Context, secure bool) (conn, raw net.Conn, err error) {
	address := c.addr.dial
	if secure && c.cfg.Plaintext {
		address = c.addr.securePort() // the server has sent us there with 4000
	}
	conn, err = c.cfg.Dial(ctx, "tcp", address)
	if err != nil || !secure {
		return conn, nil, err
	}
	raw = conn
	conn, err = c.cfg.TLS(ctx, raw, c.addr.server)
	if err != nil {
		_ = raw.Close()
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
// that for plaintext. A port that was chosen stays.
func (a address) securePort() string {
	if host, port, err := net.SplitHostPort(a.dial); err == nil && port == "80" {
		return net.JoinHostPort(host, "443")
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
	c.conn, c.reading = nil, false
	if c.session.Pending() && !c.writing && c.broken == nil {
		_ = conn.SetWriteDeadline(time.Now().Add(farewell))
		_, _ = conn.Write(c.session.Output(nil))
	}
	closeConn(conn, c.raw)
}

// flush writes what the session has to say. One goroutine at a time writes;
// what others add meanwhile it takes along. The lock is held, but not while
// writing.
func (c *Client) flush() {
	if c.writing {
		return
	}
	c.writing = true
	for c.conn != nil && c.broken == nil && c.session.Pending() {
		conn := c.conn
		out := c.session.Output(c.spare)
		c.spare = nil
		c.mu.Unlock()
		_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout))
		_, err := conn.Write(out)
		c.mu.Lock()
		if cap(out) <= keepSpare {
			c.spare = out[:0]
		}
		if err != nil && conn == c.conn {
			// What cannot be written to may still hold the server's close
			// frame, which says more than this error.
			c.broken, c.brokenUntil = err, c.now()+lastWords
			c.notify()
		}
	}
	c.writing = false
}

// lost tells the session that a transport has ended. The lock is held.
func (c *Client) lost(conn net.Conn, err error) {
	if conn == c.conn {
		c.session.Lost(c.now(), err)
		c.hangup()
	}
}

// isTimeout says whether an error of a read means that its deadline passed.
func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}
