package check

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// conn is a connection whose messages are read one by one.
type conn struct {
	net    net.Conn
	parser websocket.Parser
	buf    []byte // what has come and is not used
	socket string // its id, once the server has said hello
}

// message is one from the server, with texts of its own.
type message struct {
	event, channel, data string
	code                 int // of an error
}

// closed is the end of a connection by the server.
type closed struct {
	code   int
	reason string
}

func (e *closed) Error() string {
	return fmt.Sprintf("the server closes the connection with %d %s", e.code, e.reason)
}

var errNoEvent = errors.New("the server sends what is no message of Pusher Channels")

func (c *conn) close() {
	_ = c.net.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = c.net.Write(websocket.AppendClose(nil, websocket.CodeNormal, "", mask()))
	c.net.Close()
}

func mask() *[4]byte {
	var m [4]byte
	rand.Read(m[:]) // never fails
	return &m
}

func (c *conn) send(ctx context.Context, text []byte) error {
	return c.write(ctx, websocket.AppendFrame(nil, websocket.Text, text, mask()))
}

func (c *conn) write(ctx context.Context, frame []byte) error {
	deadline, _ := ctx.Deadline()
	_ = c.net.SetWriteDeadline(deadline)
	_, err := c.net.Write(frame)
	return err
}

// fill reads more, until ctx ends.
func (c *conn) fill(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = c.net.SetReadDeadline(time.Unix(1, 0)) })
	defer func() {
		stop()
		_ = c.net.SetReadDeadline(time.Time{})
	}()
	const room = 4 << 10
	grown := append(c.buf, make([]byte, max(room, c.parser.Need()-len(c.buf)))...)
	n, err := c.net.Read(grown[len(c.buf):])
	c.buf = grown[:len(c.buf)+n]
	if n > 0 {
		return nil
	}
	return err
}

// next returns the next message, and answers pings meanwhile.
func (c *conn) next(ctx context.Context) (message, error) {
	for {
		used, item, err := c.parser.Next(c.buf)
		if err != nil {
			return message{}, err
		}
		payload := append([]byte(nil), item.Payload...) // it stands in buf
		c.buf = c.buf[used:]
		switch {
		case item.Kind == websocket.None:
			err = c.fill(ctx)
		case item.Kind == websocket.Message && item.Opcode == websocket.Text:
			m, err := parse(payload)
			if err != nil || m.event != "pusher:ping" {
				return m, err
			}
			err = c.send(ctx, wire.AppendPong(nil))
			if err != nil {
				return message{}, err
			}
		case item.Kind == websocket.Message:
			return message{}, errNoEvent
		case item.Opcode == websocket.Ping:
			err = c.write(ctx, websocket.AppendFrame(nil, websocket.Pong, payload, mask()))
		case item.Opcode == websocket.Close:
			return message{}, &closed{item.Code, string(payload)}
		}
		if err != nil {
			return message{}, err
		}
	}
}

func parse(text []byte) (message, error) {
	var m wire.Message
	if err := wire.Parse(text, &m); err != nil || len(m.Event) == 0 {
		return message{}, errNoEvent
	}
	out := message{event: string(m.Event), channel: string(m.Channel), data: string(m.Data)}
	if out.event == "pusher:error" || out.event == "pusher:subscription_error" {
		data := m.Payload()
		code, _ := data.Get("code").Int()
		out.code = int(code)
		for _, name := range []string{"message", "error"} {
			if v := data.Get(name); v.Kind() == wire.String {
				out.data = v.Text()
			}
		}
	}
	return out, nil
}
