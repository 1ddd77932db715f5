package bridge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/thimble-go/thimble/internal/line"
)

// connection is one that a board has asked for, from the question to its end.
func (l *link) connection(ctx context.Context, slot int, address string) {
	conn, secure, err := l.b.open(ctx, address)
	if err != nil {
		l.mu.Lock()
		_ = l.end.Close(slot, reason(err))
		l.note(Event{Kind: Refused, Address: address, TLS: secure, Err: err})
		l.changed.Broadcast()
		l.mu.Unlock()
		l.tell()
		return
	}
	l.mu.Lock()
	err = l.end.Confirm(slot)
	l.note(Event{Kind: Opened, Address: address, TLS: secure})
	l.changed.Broadcast()
	l.mu.Unlock()
	l.tell()

	c := &carrier{l: l, slot: slot, conn: conn}
	if err != nil {
		c.fail(err)
	}
	var others sync.WaitGroup
	others.Go(c.toBoard)
	others.Go(c.watch)
	c.fromBoard()
	_ = conn.Close() // which ends the other direction
	l.mu.Lock()
	c.done = true
	l.changed.Broadcast()
	l.mu.Unlock()
	others.Wait()

	l.mu.Lock()
	_ = l.end.Close(slot, reason(c.err))
	l.note(Event{Kind: Closed, Address: address, TLS: secure, Up: c.up, Down: c.down, Err: c.err})
	l.changed.Broadcast()
	l.mu.Unlock()
	l.tell()
}

// carrier carries the data of a connection. The link's lock guards err and done.
type carrier struct {
	l        *link
	slot     int
	conn     net.Conn
	err      error // what broke it
	done     bool  // conn is closed, and fromBoard has returned
	half     bool  // the board sends no more
	up, down int64
}

// fail ends both directions.
func (c *carrier) fail(err error) {
	c.l.mu.Lock()
	if c.err == nil && err != line.Closed {
		c.err = err
	}
	c.l.changed.Broadcast()
	c.l.mu.Unlock()
	_ = c.conn.Close()
}

// watch closes the connection when the board's end of it is gone, whatever the
// goroutines that carry data wait for: the other side may neither take nor send
// anything. What a board wrote before it closed has a while to go out.
func (c *carrier) watch() {
	l := c.l
	l.mu.Lock()
	defer l.mu.Unlock()
	var gone error
	for !c.done && c.err == nil && gone == nil {
		if _, gone = l.end.Opened(c.slot); gone == nil {
			l.changed.Wait()
		}
	}
	if c.done || c.err != nil {
		return
	}
	if gone != line.Closed {
		l.mu.Unlock()
		c.fail(gone)
		l.mu.Lock()
		return
	}
	timer := time.AfterFunc(linger, func() { c.fail(errNotTaken) })
	defer timer.Stop()
	for !c.done && l.over == nil {
		l.changed.Wait()
	}
	if !c.done {
		timer.Reset(farewell)
	}
	for !c.done {
		l.changed.Wait()
	}
}

// errNotTaken is why a connection is broken off that the board has closed.
var errNotTaken = errors.New("the server did not take all that the board had sent before it closed")

// fromBoard carries data from the board, until it closes the connection, the
// connection breaks, or the line ends.
func (c *carrier) fromBoard() {
	buf := make([]byte, receive)
	for {
		n, ended, err := c.receive(buf)
		if err != nil {
			c.fail(err)
			return
		}
		if n > 0 {
			if _, err := c.conn.Write(buf[:n]); err != nil {
				c.fail(err)
				return
			}
			c.up += int64(n)
			continue
		}
		if ended {
			return
		}
		if conn, ok := c.conn.(interface{ CloseWrite() error }); ok {
			_ = conn.CloseWrite()
		}
	}
}

// receive waits for data from the board. It returns none once, when the board
// will send no more, and ended when the board has closed.
func (c *carrier) receive(buf []byte) (n int, ended bool, err error) {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	for {
		if c.err != nil {
			return 0, false, c.err
		}
		n, err := c.l.end.Read(c.slot, buf)
		if err == io.EOF {
			if _, err := c.l.end.Opened(c.slot); err != nil {
				return 0, true, nil
			}
			if !c.half {
				c.half = true
				return 0, false, nil
			}
			err = nil
		}
		if n > 0 {
			c.l.changed.Broadcast() // the board may wait for the credit
		}
		if n > 0 || err != nil {
			return n, false, err
		}
		c.l.changed.Wait()
	}
}

// toBoard carries data to the board. When the peer has ended its direction,
// the board is told behind the data, and closes when it likes.
func (c *carrier) toBoard() {
	buf := make([]byte, receive)
	for {
		n, err := c.conn.Read(buf)
		if n > 0 {
			err := c.send(buf[:n])
			if err == line.Closed {
				return // what comes from the board may still be on its way
			}
			if err != nil {
				c.fail(err)
				return
			}
			c.down += int64(n)
		}
		if err == io.EOF {
			c.l.mu.Lock()
			_ = c.l.end.CloseWrite(c.slot)
			c.l.changed.Broadcast()
			c.l.mu.Unlock()
			return
		}
		if err != nil {
			if !errors.Is(err, net.ErrClosed) { // or it was closed by us
				c.fail(err)
			}
			return
		}
	}
}

// send waits until the board has room for all of p.
func (c *carrier) send(p []byte) error {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	for {
		if c.err != nil {
			return c.err
		}
		n, err := c.l.end.Write(c.slot, p)
		if n > 0 {
			c.l.changed.Broadcast() // there is something to write
		}
		if p = p[n:]; err != nil || len(p) == 0 {
			return err
		}
		c.l.changed.Wait()
	}
}

// notAllowed is a destination that is not on the list.
type notAllowed struct{ address string }

func (e *notAllowed) Error() string {
	return fmt.Sprintf("not allowed; to allow it, start with --allow %s", e.address)
}

// tlsError is a failure of TLS, which the board does not speak itself.
type tlsError struct{ err error }

func (e *tlsError) Error() string { return "TLS: " + e.err.Error() }
func (e *tlsError) Unwrap() error { return e.err }

// open opens a connection, if it is allowed.
func (b *Bridge) open(ctx context.Context, address string) (conn net.Conn, secure bool, err error) {
	key, err := canonical(address)
	if err != nil {
		return nil, false, err
	}
	secure, ok := b.allow[key]
	if !ok {
		return nil, false, &notAllowed{key}
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if conn, err = b.cfg.Dial(ctx, "tcp", key); err != nil || !secure {
		return conn, secure, err
	}
	own := b.cfg.TLSConfig.Clone()
	if own.ServerName == "" {
		own.ServerName, _, _ = net.SplitHostPort(key)
	}
	wrapped := tls.Client(conn, own)
	if err := wrapped.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, true, &tlsError{err}
	}
	return wrapped, true, nil
}

// reason is what the board is told of an error.
func reason(err error) line.Reason {
	var why line.Reason
	var denied *notAllowed
	var name *net.DNSError
	var noTLS *tlsError
	var op *net.OpError
	var address *addressError
	switch {
	case err == nil:
		return line.Closed
	case errors.As(err, &why):
		return why
	case errors.As(err, &address):
		return line.BadAddress
	case errors.As(err, &denied):
		return line.NotAllowed
	case errors.As(err, &noTLS):
		return line.NoTLS
	case errors.As(err, &name):
		return line.NoSuchHost
	case errors.Is(err, syscall.ECONNREFUSED):
		return line.Refused
	case errors.As(err, &op) && op.Op == "dial", errors.Is(err, context.DeadlineExceeded):
		return line.Unreachable
	}
	return line.Reset
}
