package thimble_test

import (
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
)

// memory is a connection whose other end is the test.
type memory struct {
	net.Conn // nil: what is not here is not called

	mu      sync.Mutex
	in      []byte
	request string
}

func (m *memory) Read(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.in) == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(b, m.in)
	m.in = m.in[:copy(m.in, m.in[n:])]
	return n, nil
}

func (m *memory) Write(b []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.request == "" {
		m.request = string(b)
		_, rest, _ := strings.Cut(m.request, "Sec-WebSocket-Key: ")
		key, _, _ := strings.Cut(rest, "\r\n")
		m.in = append(m.in, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+websocket.Accept(key)+"\r\n\r\n"...)
	}
	return len(b), nil
}

func (m *memory) feed(frame []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.in = append(m.in, frame...)
}

// subscribe polls the client over this connection until its channel is
// subscribed and nothing is left to be read.
func (m *memory) subscribe(t *testing.T, client *thimble.Client, room *thimble.Channel) {
	t.Helper()
	poll := func(what string, until func() bool) {
		t.Helper()
		for end := time.Now().Add(patience); !until(); {
			if err := client.Poll(); err != nil || time.Now().After(end) {
				t.Fatalf("not %s: %s, %v", what, client.State(), err)
			}
		}
	}
	poll("dialled", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.request != ""
	})
	m.feed(websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.1\"}"}`, nil))
	poll("connected", func() bool { return client.State() == thimble.StateConnected })
	confirmation := websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher_internal:subscription_succeeded","channel":"`+room.Name()+`","data":"{}"}`, nil)
	poll("subscribed", func() bool {
		m.feed(confirmation)
		return room.Subscribed()
	})
	poll("quiet", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return len(m.in) == 0
	})
}

func (m *memory) Close() error                     { return nil }
func (m *memory) SetReadDeadline(time.Time) error  { return nil }
func (m *memory) SetWriteDeadline(time.Time) error { return nil }

// TestNothingIsAllocated counts what one event costs from the transport to the
// handler. It must not run beside others.
func TestNothingIsAllocated(t *testing.T) {
	conn := new(memory)
	client := newClient(t, thimble.Config{
		Key: "k", Host: "example.com", Plaintext: true, EventRate: -1, Authorizer: tokens(`{"user_id":"me"}`),
		Dial: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	})
	got, sum := 0, int64(0)
	room := client.Subscribe("presence-room")
	room.Bind("client-led", func(e thimble.Event) {
		n, _ := e.Field("pwm.1").Int()
		sum += n
		got++
	})
	room.BindFrom("client-*", func(id string) bool { return id == "bob" }, func(thimble.Event) { got++ })
	client.BindAll(func(thimble.Event) { got++ })
	conn.subscribe(t, client, room)
	event := websocket.AppendFrame(nil, websocket.Text, `{"event":"client-led","channel":"presence-room","data":"{\"pwm\":[1,2]}","user_id":"bob"}`, nil)
	ping := websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher:ping","data":{}}`, nil)
	once := func() {
		conn.feed(event)
		conn.feed(ping)
		if err := client.Poll(); err != nil {
			t.Error(err)
		}
	}
	for range 10 {
		once()
	}
	got, sum = 0, 0
	const n = 200
	if allocs := testing.AllocsPerRun(n, once); allocs != 0 {
		t.Errorf("%v allocations for each event", allocs)
	}
	if got != 3*(n+1) || sum != 2*(n+1) {
		t.Errorf("%d calls of handlers, sum %d", got, sum)
	}
	if allocs := testing.AllocsPerRun(n, func() {
		if err := room.Trigger("client-x", `{"on":true}`); err != nil {
			t.Error(err)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations for each client event", allocs)
	}
	client.Disconnect()
	_ = client.Poll()
}
