package check

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/thimble-go/thimble/internal/websocket"
)

// maxHead bounds the answer to the upgrade, in bytes.
const maxHead = 64 << 10

// upgrade makes a WebSocket of the connection.
func (r *run) upgrade(ctx context.Context) outcome {
	c, head, err := r.open(ctx, r.raw)
	if err != nil {
		return r.explainUpgrade(err, head)
	}
	r.conn, r.raw = c, nil
	return good("the server speaks WebSocket")
}

// open asks for the upgrade. Where it fails head is what the server says.
func (r *run) open(ctx context.Context, raw net.Conn) (c *conn, head []byte, err error) {
	var random [16]byte
	rand.Read(random[:]) // never fails
	key := websocket.NewKey(random)
	host := r.Host
	if host == "" {
		host, _ = r.address()
	}
	request, err := websocket.AppendRequest(nil, host, r.target(), key)
	if err != nil {
		return nil, nil, err
	}
	c = &conn{net: raw}
	if err := c.write(ctx, request); err != nil {
		return nil, nil, err
	}
	for {
		n, err := websocket.ParseResponse(c.buf, key)
		switch {
		case err != nil:
			return nil, c.buf, err
		case n > 0:
			c.buf = c.buf[n:]
			return c, nil, nil
		case len(c.buf) > maxHead:
			return nil, c.buf, websocket.ErrUpgrade
		}
		if err := c.fill(ctx); err != nil {
			return nil, c.buf, err
		}
	}
}

// explainUpgrade says what is between us and the server, or instead of it.
func (r *run) explainUpgrade(err error, head []byte) outcome {
	var status *websocket.StatusError
	switch {
	case errors.As(err, &status):
		return r.explainStatus(status.Status, head)
	case errors.Is(err, websocket.ErrAccept), errors.Is(err, websocket.ErrExtension):
		return failed("the answer to the upgrade is not the one to our question", "a proxy in between answers by itself or from a cache: have it pass WebSocket on"+by(head))
	case errors.Is(err, websocket.ErrUpgrade) && len(head) > 0:
		return failed("what listens there is no Pusher server: its answer is no upgrade to WebSocket"+by(head), "check host and port, and whether it is a port for TLS")
	case len(head) > 0:
		return failed("what listens there does not answer like a web server", "check host and port, and whether it is a port for TLS")
	}
	text, advice := explain(err)
	if r.Plaintext {
		advice = "if the server speaks TLS on this port, leave --plaintext out; else check the port"
	}
	return failed("no answer to the upgrade to WebSocket: "+text, advice)
}

func (r *run) explainStatus(status int, head []byte) outcome {
	text := "the answer to the upgrade to WebSocket is " + strconv.Itoa(status) + by(head)
	const pass = "a proxy in between must pass WebSocket on: HTTP/1.1, with the header fields Upgrade and Connection"
	switch {
	case status >= 300 && status <= 399:
		where := field(head, "Location")
		if strings.HasPrefix(where, "https://") && r.Plaintext {
			return failed(text+", a redirection to TLS", "leave --plaintext out, or --host with its port for TLS")
		}
		return failed(text+", a redirection", "WebSocket clients follow none: give the host that the server is at now; a login page of the network may do this too")
	case r.Plaintext && bytes.Contains(bytes.ToUpper(head), []byte("HTTPS")):
		return failed(text+": the port is one for TLS", "leave --plaintext out")
	case status == 400 || status == 426:
		return failed(text, pass)
	case status == 401 || status == 403:
		return no(text, "something before the server keeps us out: a proxy, a firewall, a login")
	case status == 404 || status == 405:
		return failed(text+": there is no Pusher server at this path", "check host and port; behind a proxy /app/ must go to the server")
	case status == 407:
		return failed(text, "the proxy of this network wants a login, and WebSocket clients need a way past it")
	case status == 429:
		return no(text, "too many connections in a short time: try again later")
	case status == 502 || status == 503 || status == 504:
		return failed(text, "a proxy in between does not reach the server behind it: is it running? or the server takes no more connections now")
	case status >= 500:
		return failed(text, "look at the server's log")
	}
	return failed(text, pass)
}

// by names who has answered, if it says so.
func by(head []byte) string {
	for _, name := range []string{"Server", "Via"} {
		if who := field(head, name); who != "" {
			return " (" + who + ")"
		}
	}
	return ""
}

// field is a field of an answer's header, cut to what fits in a line.
func field(head []byte, name string) string {
	_, fields, _ := bytes.Cut(head, []byte("\n"))
	header, _ := textproto.NewReader(bufio.NewReader(bytes.NewReader(fields))).ReadMIMEHeader()
	const most = 60
	value := header.Get(name)
	return value[:min(len(value), most)]
}
