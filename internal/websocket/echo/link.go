package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
)

const (
	// maxMessage is the longest message of the suite's cases (9.1.6, 9.2.6).
	maxMessage = 16 << 20

	// readSize is how much is read at once, and flushSize how many answers
	// are collected before they are written.
	readSize  = 64 << 10
	flushSize = 64 << 10

	// quiet is how long a peer may keep silent, or not take what is written:
	// longer than any case of the suite waits.
	quiet = time.Minute

	// linger is how long a connection waits for the peer's end of TCP once
	// the last close frame has been written. The suite allows a second.
	linger = time.Second
)

// link is one WebSocket connection of either role. One goroutine uses it.
type link struct {
	conn   net.Conn
	parser websocket.Parser
	// message gets each message; its payload is borrowed until it returns.
	message func(op websocket.Opcode, payload []byte)

	buf []byte // memory of in
	in  []byte // has arrived and is not yet used: a part of buf
	out []byte // is not yet written
}

// newLink takes over a connection after the upgrade; received is what has
// arrived behind it. Messages are echoed unless the caller sets message.
func newLink(conn net.Conn, server bool, received []byte) *link {
	l := &link{
		conn:   conn,
		parser: websocket.Parser{Server: server, MaxMessage: maxMessage},
		buf:    make([]byte, max(readSize, len(received))),
	}
	l.in = l.buf[:copy(l.buf, received)]
	l.message = l.echo
	return l
}

// ending is how a connection ended.
type ending struct {
	code    int              // of the close frame that was read or, after a failure, sent
	failure *websocket.Error // the peer broke the protocol
	cut     bool             // TCP ended without a close frame
}

func (e ending) String() string {
	switch {
	case e.failure != nil:
		return fmt.Sprintf("failed with code %d: %s", e.code, e.failure.Reason)
	case e.cut:
		return "the peer ended TCP without a close frame"
	case e.code == websocket.CodeNoStatus:
		return "closed by the peer without a code"
	}
	return fmt.Sprintf("closed by the peer with code %d", e.code)
}

// run answers the peer until the connection has ended, and closes it.
func (l *link) run() (ending, error) {
	defer l.conn.Close()
	for {
		end, ended := l.answer()
		err := l.flush()
		if ended {
			// The peer may have gone without waiting for the last answer.
			l.finish()
			return end, nil
		}
		if err == nil {
			err = l.read()
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
			return ending{cut: true}, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return ending{}, fmt.Errorf("the peer was silent, or took nothing, for %v", quiet)
		case err != nil:
			return ending{}, err
		}
	}
}

// answer uses what has arrived. What comes behind a close frame, or behind a
// breach of the protocol, is not looked at (RFC 6455 5.5.1, 7.1.7).
func (l *link) answer() (end ending, ended bool) {
	for {
		used, item, err := l.parser.Next(l.in)
		l.in = l.in[used:]
		if err != nil {
			failure := &websocket.Error{Code: websocket.CodeProtocol, Reason: err.Error()}
			errors.As(err, &failure)
			l.out = websocket.AppendClose(l.out, failure.Code, failure.Reason, l.mask())
			return ending{code: failure.Code, failure: failure}, true
		}
		switch {
		case item.Kind == websocket.None:
			return ending{}, false
		case item.Kind == websocket.Message:
			l.message(item.Opcode, item.Payload)
		case item.Opcode == websocket.Ping:
			l.out = websocket.AppendFrame(l.out, websocket.Pong, item.Payload, l.mask())
		case item.Opcode == websocket.Close:
			l.out = websocket.AppendClose(l.out, item.Code, "", l.mask())
			return ending{code: item.Code}, true
		}
		if len(l.out) >= flushSize && l.flush() != nil {
			return ending{cut: true}, true
		}
	}
}

func (l *link) echo(op websocket.Opcode, payload []byte) {
	l.out = websocket.AppendFrame(l.out, op, payload, l.mask())
}

// mask is fresh for each frame of a client (RFC 6455 5.3); servers have none.
func (l *link) mask() *[4]byte {
	if l.parser.Server {
		return nil
	}
	mask := new([4]byte)
	if _, err := rand.Read(mask[:]); err != nil {
		panic(err) // no peer can cause it
	}
	return mask
}

func (l *link) flush() error {
	if len(l.out) == 0 {
		return nil
	}
	l.conn.SetWriteDeadline(time.Now().Add(quiet))
	_, err := l.conn.Write(l.out)
	l.out = l.out[:0]
	return err
}

// read waits for more. The buffer doubles while a frame fills it, so that
// memory follows what has come, not what a header says.
func (l *link) read() error {
	if len(l.in) > len(l.buf)/2 {
		l.buf = make([]byte, 2*len(l.buf))
	}
	if len(l.in) == 0 || cap(l.in)-len(l.in) < len(l.buf)/2 {
		l.in = l.buf[:copy(l.buf, l.in)]
	}
	l.conn.SetReadDeadline(time.Now().Add(quiet))
	n, err := l.conn.Read(l.in[len(l.in):cap(l.in)])
	l.in = l.in[:len(l.in)+n]
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// finish lets the peer have everything that was written: closing with unread
// bytes would reset the connection, and take the close frame from the peer. A
// server ends TCP first, a client waits for it (RFC 6455 7.1.1).
func (l *link) finish() {
	if l.parser.Server {
		if c, ok := l.conn.(interface{ CloseWrite() error }); ok {
			c.CloseWrite()
		}
	}
	l.conn.SetReadDeadline(time.Now().Add(linger))
	io.Copy(io.Discard, l.conn)
}
