package check

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/wire"
)

// hello waits for the server's first message, which says whether the key is
// known.
func (r *run) hello(ctx context.Context) outcome {
	m, err := r.greeting(ctx, r.conn)
	var end *closed
	switch {
	case errors.As(err, &end):
		return r.explainCode(end.code, end.reason)
	case errors.Is(err, errNoEvent):
		return failed("the server speaks WebSocket, but its first message is not one of Pusher Channels", "check host and port")
	case err != nil:
		text, advice := explain(err)
		return failed("no first message: "+text, advice)
	case m.event == "pusher:error":
		return r.explainCode(m.code, m.data)
	case r.conn.socket == "":
		return failed("the server's first message is "+m.event+", not pusher:connection_established", "check host and port")
	}
	return good("the server knows this key")
}

// greeting reads the first message, and with it the connection's id.
func (r *run) greeting(ctx context.Context, c *conn) (message, error) {
	m, err := c.next(ctx)
	if err == nil && m.event == "pusher:connection_established" {
		v, _ := wire.ParseValue([]byte(m.data))
		if id := v.Get("socket_id").Text(); wire.ValidSocketID(id) {
			c.socket = id
		}
	}
	return m, err
}

// explainCode says what a code of the protocol means.
func (r *run) explainCode(code int, reason string) outcome {
	text := fmt.Sprintf("the server refuses the connection with %d", code)
	if reason != "" {
		text += ": " + reason
	}
	switch code {
	case 4000:
		return no(text, "the application takes TLS only: leave --plaintext out")
	case 4001:
		if strings.Contains(reason, "cluster") {
			return no(text, "the key belongs to another cluster: the dashboard shows it beside the keys; give that with --cluster")
		}
		return no(text, "check --key, and that it belongs to this --cluster or --host")
	case 4003:
		return no(text, "the application is disabled: enable it in the dashboard, or in the server's settings")
	case 4004:
		return no(text, "the application has as many connections as it may have: end some, or raise its limit")
	case 4005:
		return no(text, "check --host: the server has another path")
	case 4006, 4007, 4008:
		return no(text, "the server does not speak version 7 of the protocol: update it")
	case 4009:
		return no(text, "the server takes only connections that it has authorized: look at its rules for origins and sign-in")
	case 4100:
		return no(text, "the server has as many connections as it takes now: try again later")
	}
	return no(text, "look at the server's log")
}

// ping measures a round trip in the protocol.
func (r *run) ping(ctx context.Context) outcome {
	start := time.Now()
	if err := r.conn.send(ctx, wire.AppendPing(nil)); err != nil {
		return failed(explain(err))
	}
	_, err := r.conn.await(ctx, func(m message) bool { return m.event == "pusher:pong" })
	if err != nil {
		return failed("no answer to a ping", "something in between holds messages back: look at proxies that buffer or filter")
	}
	return good("a round trip takes " + milliseconds(time.Since(start)))
}

// await skips messages until the one that is meant.
func (c *conn) await(ctx context.Context, meant func(message) bool) (message, error) {
	for {
		m, err := c.next(ctx)
		if err != nil || meant(m) {
			return m, err
		}
	}
}
