package broker_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/broker"
)

func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{})
	tests := []struct {
		name, target string
		code         int
	}{
		{"unknown key", "/app/nobody?protocol=7", 4001},
		{"no protocol", "/app/app-key", 4008},
		{"old protocol", "/app/app-key?protocol=4", 4007},
		{"new protocol", "/app/app-key?protocol=8", 4007},
		{"bad version", "/app/app-key?protocol=7&version=%3CVERSION%3E", 4006},
		{"root", "/", 4005},
		{"no key", "/app/", 4005},
		{"path below the key", "/app/app-key/x?protocol=7", 4005},
		{"path that is not clean", "//app/app-key?protocol=7", 4005},
		{"path of the HTTP API", "/apps/1/channels?protocol=7", 4005},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, address, tt.target)
			c.send(`{"event":"pusher:subscribe","data":{"channel":"room"}}`)
			var got struct {
				Event string
				Data  struct {
					Code    int
					Message string
				}
			}
			decode(t, c.text(), &got)
			if got.Event != "pusher:error" || got.Data.Code != tt.code || got.Data.Message == "" {
				t.Errorf("got %+v", got)
			}
			c.closes(tt.code)
		})
	}
}

func TestAcceptedConnections(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{})
	for _, target := range []string{
		"/app/app-key?protocol=7&client=js&version=8.6.0&flash=false",
		"/app/app-key?protocol=6",
		"/app/app-key?protocol=5&version=1",
	} {
		c := dial(t, address, target)
		c.welcome()
		if !regexp.MustCompile(`\A\d+\.\d+\z`).MatchString(c.socketID) {
			t.Errorf("socket id %s", c.socketID)
		}
		c.alive()
	}
}

func TestSocketIDsAreDistinct(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{})
	seen := make(map[string]bool)
	for range 50 {
		c := connect(t, address)
		if seen[c.socketID] {
			t.Fatalf("%s twice", c.socketID)
		}
		seen[c.socketID] = true
	}
}

func TestUpgradeRequests(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{})
	const head = "GET /app/app-key?protocol=7 HTTP/1.1\nHost: x\n"
	const wants = "Connection: keep-alive, Upgrade\nUpgrade: WebSocket\n"
	tests := []struct {
		name, request string
		status        int
		field, value  string
	}{
		{"no upgrade", head + "\n", 426, "Upgrade", "websocket"},
		{"old version", head + wants + "Sec-WebSocket-Version: 8\nSec-WebSocket-Key: " + testKey + "\n\n", 426, "Sec-WebSocket-Version", "13"},
		{"no version", head + wants + "Sec-WebSocket-Key: " + testKey + "\n\n", 426, "Sec-WebSocket-Version", "13"},
		{"no key", head + wants + "Sec-WebSocket-Version: 13\n\n", 400, "", ""},
		{"short key", head + wants + "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: aGk=\n\n", 400, "", ""},
		{"POST", "POST" + head[3:] + wants + "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: " + testKey + "\n\n", 400, "", ""},
		{"HTTP 1.0", strings.Replace(head, "1.1", "1.0", 1) + wants + "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: " + testKey + "\n\n", 400, "", ""},
		{"right", head + wants + "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: " + testKey + "\n\n", 101, "Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		{"subprotocol of the Swift library", head + wants + "Sec-WebSocket-Version: 13\nSec-WebSocket-Protocol: x, pusher-channels-protocol-7\nSec-WebSocket-Key: " + testKey + "\n\n", 101, "Sec-WebSocket-Protocol", "pusher-channels-protocol-7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			response := exchange(t, address, tt.request)
			if response.StatusCode != tt.status {
				t.Errorf("got %s", response.Status)
			}
			if tt.field != "" && response.Header.Get(tt.field) != tt.value {
				t.Errorf("%s is %q", tt.field, response.Header.Get(tt.field))
			}
		})
	}
}

// What a client sends right behind its request is with the HTTP server when
// the connection is taken over.
func TestFramesRightBehindTheRequest(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{})
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	first := websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher:subscribe","data":{"channel":"room"}}`, testMask)
	second := websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher:ping"}`, testMask)
	half := len(second) / 2
	c := upgrade(t, conn, "/app/app-key?protocol=7", append(first, second[:half]...))
	c.welcome()
	c.expect(`{"event":"pusher_internal:subscription_succeeded","channel":"room","data":"{}"}`)
	c.write(second[half:])
	c.expect(`{"event":"pusher:pong","data":{}}`)
}

// What breaks the rules costs the one who does it, and nobody else.
func TestBreaches(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{MaxMessage: 4096})
	witness := connect(t, address)
	witness.subscribe("room")
	mask := func(op websocket.Opcode, payload string) []byte {
		return websocket.AppendFrame(nil, op, payload, testMask)
	}
	tests := []struct {
		name  string
		bytes []byte
		code  int
	}{
		{"binary", mask(websocket.Binary, "{}"), 1003},
		{"not UTF-8", mask(websocket.Text, "{\"event\":\"\xff\"}"), 1007},
		{"too big", mask(websocket.Text, strings.Repeat("x", 4097)), 1009},
		{"length of 2^62", []byte{0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 1009},
		{"not masked", []byte{0x81, 0x02, '{', '}'}, 1002},
		{"reserved bit", []byte{0xC1, 0x80, 0, 0, 0, 0}, 1002},
		{"unknown opcode", []byte{0x83, 0x80, 0, 0, 0, 0}, 1002},
		{"continuation of nothing", []byte{0x80, 0x80, 0, 0, 0, 0}, 1002},
		{"text in HTTP", []byte("GET / HTTP/1.1\r\n\r\n"), 1002},
		{"largest message", mask(websocket.Text, strings.Repeat(" ", 4096)), 0},
		{"not JSON", mask(websocket.Text, `{"event":`), 0},
	}
	// In a group, so that the witness looks on after all of them.
	t.Run("group", func(t *testing.T) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				c := connect(t, address)
				c.subscribe("room")
				c.write(tt.bytes)
				if tt.code != 0 {
					c.closes(tt.code)
					return
				}
				c.expect(`{"event":"pusher:error","data":{"code":null,"message":"Invalid message: it is not a JSON object"}}`)
				c.alive()
			})
		}
	})
	witness.alive()
	if err := b.Publish(t.Context(), appID, broker.Event{Name: "on", Channels: []string{"room"}, Data: "{}"}); err != nil {
		t.Fatal(err)
	}
	witness.expect(`{"event":"on","channel":"room","data":"{}"}`)
}

func TestCloseHandshake(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{})
	c := connect(t, address)
	c.subscribe("room")
	c.write(websocket.AppendClose(nil, 1000, "bye", testMask))
	item, err := c.next()
	if err != nil || item.Opcode != websocket.Close || item.Code != 1000 {
		t.Fatalf("got %+v, %v", item, err)
	}
	c.ends()
	eventually(t, "nothing is left", func() bool { s := b.Stats(); return s.Connections == 0 && s.Channels == 0 })
}

func TestAbruptDisconnects(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{})
	witness := connect(t, address)
	witness.authorized("presence-room", `{"user_id":"witness"}`)
	for i := range 10 {
		c := connect(t, address)
		c.authorized("presence-room", `{"user_id":"1"}`)
		witness.expect(`{"event":"pusher_internal:member_added","channel":"presence-room","data":"{\"user_id\":\"1\"}"}`)
		switch i % 3 {
		case 0:
			c.conn.(*net.TCPConn).SetLinger(0) // with a reset
		case 1:
			c.write([]byte{0x81, 0xFE}) // in the middle of a frame
		}
		c.conn.Close()
		witness.expect(`{"event":"pusher_internal:member_removed","channel":"presence-room","data":"{\"user_id\":\"1\"}"}`)
	}
	eventually(t, "one connection is left", func() bool { return b.Stats().Connections == 1 })
}

func TestSilentClientIsPingedAndClosed(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{ActivityTimeout: time.Second, PongTimeout: 50 * time.Millisecond})
	c := connect(t, address)
	item, err := c.next()
	if err != nil || item.Opcode != websocket.Ping {
		t.Fatalf("got %+v, %v", item, err)
	}
	c.closes(4201)
}

func TestSlowHandshake(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{HandshakeTimeout: 50 * time.Millisecond})
	for _, start := range []string{"", "GET /app/app-key?proto", "GET /app/app-key?protocol=7 HTTP/1.1\r\nHost: x\r\n"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, start)
		(&raw{t: t, conn: conn}).ends()
	}
	connect(t, address).alive()
}

func TestMaxConnections(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{MaxConnections: 2})
	first, second := connect(t, address), connect(t, address)
	third := dial(t, address, "/app/app-key?protocol=7")
	third.expect(`{"event":"pusher:error","data":{"code":4100,"message":"*"}}`)
	third.closes(4100)
	first.conn.Close()
	eventually(t, "there is a place again", func() bool { return b.Stats().Connections == 1 })
	connect(t, address).alive()
	second.alive()

	// Those who are told so are bounded too.
	refused := 0
	for range 2 + 16 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		request, _ := websocket.AppendRequest(nil, "x", "/app/app-key?protocol=7", testKey)
		conn.Write(request)
		conn.SetReadDeadline(time.Now().Add(patience))
		var status [12]byte
		if _, err := io.ReadFull(conn, status[:]); err != nil {
			t.Fatal(err)
		}
		if string(status[9:]) == "503" {
			refused++
		}
	}
	if refused == 0 {
		t.Error("HTTP 503 is never answered")
	}
}

func TestOverTLS(t *testing.T) {
	t.Parallel()
	b, err := broker.New(broker.Config{Apps: oneApp(), ActivityTimeout: time.Second, PongTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(b.Handler())
	defer server.Close()
	conn, err := tls.Dial("tcp", server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	c := upgrade(t, conn, "/app/app-key?protocol=7", nil)
	c.welcome()
	c.alive()
	if item, err := c.next(); err != nil || item.Opcode != websocket.Ping {
		t.Fatalf("got %+v, %v", item, err)
	}
	c.alive() // a read deadline that has passed does not hurt TLS
	shut := make(chan error, 1)
	go func() { shut <- b.Shutdown(t.Context()) }()
	c.closes(4100)
	if err := <-shut; err != nil {
		t.Error(err)
	}
}

func TestBehindAPrefix(t *testing.T) {
	t.Parallel()
	b, err := broker.New(broker.Config{Apps: oneApp()})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/push/", http.StripPrefix("/push", b.Handler()))
	server := httptest.NewServer(mux)
	defer server.Close()
	c := dial(t, server.Listener.Addr().String(), "/push/app/app-key?protocol=7")
	c.welcome()
	shut := make(chan error, 1)
	go func() { shut <- b.Shutdown(t.Context()) }()
	c.closes(4100)
	if err := <-shut; err != nil {
		t.Error(err)
	}
}

func TestShutdown(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{})
	var clients []*raw
	for range 20 {
		c := connect(t, address)
		c.subscribe("room")
		clients = append(clients, c)
	}
	if err := b.Publish(t.Context(), appID, broker.Event{Name: "last", Channels: []string{"room"}, Data: "{}"}); err != nil {
		t.Fatal(err)
	}
	shut := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		shut <- b.Shutdown(ctx)
	}()
	for _, c := range clients {
		c.expect(`{"event":"last","channel":"room","data":"{}"}`)
		c.closes(4100)
	}
	if err := <-shut; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("connections are still accepted")
	}
	if err := b.Publish(t.Context(), appID, broker.Event{Name: "late", Channels: []string{"room"}, Data: "{}"}); !errors.Is(err, broker.ErrClosed) {
		t.Errorf("Publish: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Serve(l); !errors.Is(err, broker.ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
	if s := b.Stats(); s.Connections != 0 || s.Channels != 0 {
		t.Errorf("left: %+v", s)
	}
}

// lingering is a listener that is closed, which Serve learns only when it is
// closed again.
type lingering struct {
	net.Listener
	again chan struct{}
	once  sync.Once
}

func (l *lingering) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.again
	}
	return conn, err
}

func (l *lingering) Close() error {
	l.once.Do(func() { close(l.again) })
	return l.Listener.Close()
}

// Whoever gave the listener may close it first.
func TestShutdownBehindTheListener(t *testing.T) {
	t.Parallel()
	b, err := broker.New(broker.Config{Apps: oneApp()})
	if err != nil {
		t.Fatal(err)
	}
	inner := listen(t)
	served := make(chan error, 1)
	go func() { served <- b.Serve(&lingering{Listener: inner, again: make(chan struct{})}) }()
	c := connect(t, inner.Addr().String())
	inner.Close()
	shut := make(chan error, 1)
	go func() { shut <- b.Shutdown(context.Background()) }()
	c.closes(4100)
	if err := <-shut; err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, broker.ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
}

// A client that does not answer the close frame does not hold Shutdown up for
// longer than its context.
func TestShutdownIsBounded(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{})
	c := connect(t, address)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := b.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("took %v", took)
	}
	c.closes(4100)
}
