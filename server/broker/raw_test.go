package broker_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/transcript"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/broker"
)

// patience bounds every wait of a test: far more than any takes, so that a
// failure is not a matter of the machine's load.
const patience = 20 * time.Second

const (
	appID     = "1"
	appKey    = "app-key"
	appSecret = "app-secret"
)

func oneApp() []broker.App {
	return []broker.App{{ID: appID, Key: appKey, Secret: appSecret, ClientEvents: true}}
}

// serve starts a Broker on a port of its own, and shuts it down at the end.
func serve(t testing.TB, config broker.Config) (b *broker.Broker, address string) {
	t.Helper()
	if config.Apps == nil {
		config.Apps = oneApp()
	}
	b, err := broker.New(config)
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	served := make(chan error, 1)
	go func() { served <- b.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; !errors.Is(err, broker.ErrClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return b, l.Addr().String()
}

// raw is a client that sends what it is told, and reads frames.
type raw struct {
	t        testing.TB
	conn     net.Conn
	buffer   []byte
	parser   websocket.Parser
	socketID string
}

var testMask = &[4]byte{0x12, 0x34, 0x56, 0x78}

const testKey = "dGhlIHNhbXBsZSBub25jZQ=="

// dial makes a connection and upgrades it; what comes is not looked at.
func dial(t testing.TB, address, target string) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return upgrade(t, conn, target, nil)
}

// upgrade sends the opening request with frames right behind it.
func upgrade(t testing.TB, conn net.Conn, target string, behind []byte) *raw {
	t.Helper()
	c := &raw{t: t, conn: conn}
	t.Cleanup(func() { conn.Close() })
	request, err := websocket.AppendRequest(nil, "127.0.0.1", target, testKey)
	if err != nil {
		t.Fatal(err)
	}
	c.open(append(request, behind...))
	return c
}

// dialWith is dial with more fields in the head of the request.
func dialWith(t testing.TB, address, target string, fields ...string) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c := &raw{t: t, conn: conn}
	t.Cleanup(func() { conn.Close() })
	request, err := websocket.AppendRequest(nil, "127.0.0.1", target, testKey)
	if err != nil {
		t.Fatal(err)
	}
	request = append(request[:len(request)-2], strings.Join(append(fields, "", ""), "\r\n")...)
	c.open(request)
	return c
}

// open sends the opening request and takes the answer.
func (c *raw) open(request []byte) {
	c.t.Helper()
	c.write(request)
	for {
		n, err := websocket.ParseResponse(c.buffer, testKey)
		if err != nil {
			c.t.Fatalf("upgrade: %v: %q", err, c.buffer)
		}
		if n > 0 {
			c.buffer = c.buffer[n:]
			return
		}
		c.fill()
	}
}

// connect makes a connection that is welcome.
func connect(t testing.TB, address string) *raw {
	t.Helper()
	c := dial(t, address, "/app/"+appKey+"?protocol=7&client=raw&version=1.0")
	c.welcome()
	return c
}

func (c *raw) welcome() {
	c.t.Helper()
	var data struct {
		SocketID string `json:"socket_id"`
	}
	c.payload(c.text(), "pusher:connection_established", &data)
	c.socketID = data.SocketID
}

func (c *raw) write(b []byte) {
	c.t.Helper()
	c.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

func (c *raw) frame(op websocket.Opcode, payload string) {
	c.t.Helper()
	c.write(websocket.AppendFrame(nil, op, payload, testMask))
}

func (c *raw) send(text string) {
	c.t.Helper()
	c.frame(websocket.Text, text)
}

// fill reads once.
func (c *raw) fill() {
	c.t.Helper()
	if err := c.tryFill(); err != nil {
		c.t.Fatalf("read: %v", err)
	}
}

func (c *raw) tryFill() error {
	var b [4096]byte
	c.conn.SetReadDeadline(time.Now().Add(patience))
	n, err := c.conn.Read(b[:])
	c.buffer = append(c.buffer, b[:n]...)
	if n > 0 {
		return nil
	}
	return err
}

// next returns the next frame or message, or the error that ended the
// connection.
func (c *raw) next() (websocket.Item, error) {
	for {
		used, item, err := c.parser.Next(c.buffer)
		c.buffer = c.buffer[used:]
		if err != nil || item.Kind != websocket.None {
			return item, err
		}
		if err := c.tryFill(); err != nil {
			return websocket.Item{}, err
		}
	}
}

// text returns the next message.
func (c *raw) text() string {
	c.t.Helper()
	item, err := c.next()
	if err != nil || item.Opcode != websocket.Text {
		c.t.Fatalf("got no message but opcode %x, code %d, %q, %v", item.Opcode, item.Code, item.Payload, err)
	}
	return string(item.Payload)
}

// expect takes the next message, which must mean the same as want.
func (c *raw) expect(want string) {
	c.t.Helper()
	if got := c.text(); !transcript.SameJSON(got, want) {
		c.t.Fatalf("got %s, want %s", got, want)
	}
}

// payload reads the data of an event.
func (c *raw) payload(text, event string, data any) {
	c.t.Helper()
	var m struct{ Event, Data string }
	if err := json.Unmarshal([]byte(text), &m); err != nil || m.Event != event {
		c.t.Fatalf("got %s, want %s", text, event)
	}
	if err := json.Unmarshal([]byte(m.Data), data); err != nil {
		c.t.Fatalf("%s: %v", text, err)
	}
}

// closes takes the close frame, which comes next, and answers it; then the
// broker must close the socket.
func (c *raw) closes(code int) {
	c.t.Helper()
	item, err := c.next()
	if err != nil || item.Opcode != websocket.Close || item.Code != code {
		c.t.Fatalf("got opcode %x, code %d, %q, %v; want close %d", item.Opcode, item.Code, item.Payload, err, code)
	}
	c.conn.Write(websocket.AppendClose(nil, code, "", testMask))
	c.ends()
}

// ends reads until the socket is closed.
func (c *raw) ends() {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(patience))
	_, err := io.Copy(io.Discard, c.conn)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		c.t.Fatal("the broker keeps the socket open")
	}
}

// refused takes the error event and the close frame of one who is not welcome.
func (c *raw) refused(code int) {
	c.t.Helper()
	if text := c.text(); !strings.Contains(text, fmt.Sprintf(`"code":%d`, code)) {
		c.t.Fatalf("got %s, want code %d", text, code)
	}
	c.closes(code)
}

func (c *raw) subscribe(channel string) {
	c.t.Helper()
	c.send(`{"event":"pusher:subscribe","data":{"channel":"` + channel + `"}}`)
	c.expect(`{"event":"pusher_internal:subscription_succeeded","channel":"` + channel + `","data":"{}"}`)
}

// authorized subscribes with a token.
func (c *raw) authorized(channel, channelData string) {
	c.t.Helper()
	text := c.socketID + ":" + channel
	data := map[string]string{"channel": channel}
	if channelData != "" {
		text += ":" + channelData
		data["channel_data"] = channelData
	}
	data["auth"] = appKey + ":" + hmacHex(appSecret, text)
	b, err := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": data})
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(string(b))
	if got := c.text(); !strings.Contains(got, "pusher_internal:subscription_succeeded") {
		c.t.Fatalf("got %s", got)
	}
}

// alive proves that the connection works.
func (c *raw) alive() {
	c.t.Helper()
	c.send(`{"event":"pusher:ping","data":{}}`)
	c.expect(`{"event":"pusher:pong","data":{}}`)
}

// signIn makes the connection a user's.
func (c *raw) signIn(userData string) {
	c.t.Helper()
	data := map[string]string{"user_data": userData, "auth": appKey + ":" + hmacHex(appSecret, c.socketID+"::user::"+userData)}
	b, err := json.Marshal(map[string]any{"event": "pusher:signin", "data": data})
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(string(b))
	if text := c.text(); !strings.Contains(text, "pusher:signin_success") {
		c.t.Fatalf("got %s", text)
	}
}

func hmacHex(secret, text string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

// eventually waits for something that another goroutine is about to do and
// nothing tells of.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// exchange sends bytes and returns the answer of an HTTP server.
func exchange(t *testing.T, address, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprint(conn, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}
