package thimble_test

import (
	"context"
	"io"
	"math"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
)

// mayfly is a server in memory that a client finds anew each time: it greets,
// waits for the subscription, confirms it, sends an event, and is gone.
type mayfly struct {
	memory
	stage  int // of the driver's goroutine
	writes atomic.Int32
}

func (m *mayfly) Write(b []byte) (int, error) {
	m.writes.Add(1)
	return m.memory.Write(b)
}

func (m *mayfly) Read(b []byte) (int, error) {
	n, err := m.memory.Read(b)
	if writes := m.writes.Load(); n > 0 || writes == 0 || m.stage == 1 && writes == 1 {
		return n, err
	}
	m.stage++
	say := func(text string) { m.feed(websocket.AppendFrame(nil, websocket.Text, text, nil)) }
	switch m.stage {
	case 1:
		say(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.1\",\"activity_timeout\":120}"}`)
	case 2:
		say(`{"event":"pusher_internal:subscription_succeeded","channel":"presence-room","data":"{\"presence\":{\"count\":2,\"ids\":[\"me\",\"bob\"],\"hash\":{\"me\":{},\"bob\":{\"name\":\"Bob\"}}}}"}`)
	case 3:
		say(`{"event":"led","channel":"presence-room","data":"{\"on\":true}"}`)
	case 4:
		return 0, io.EOF
	default:
		return 0, err
	}
	return m.memory.Read(b)
}

// TestReconnectsHoldNoMemory loses the connection a thousand times, as a device
// does in a year: what it holds must not grow, nor what a new connection takes
// be much. It must not run beside others.
func TestReconnectsHoldNoMemory(t *testing.T) {
	const times = 1000
	var now atomic.Int64 // of a clock that stands still unless it is moved
	events := 0
	client := newClient(t, thimble.Config{
		Key: "k", Host: "example.com", Plaintext: true, Authorizer: tokens(`{"user_id":"me"}`),
		ReadBuffer: 2048, MaxMessage: 2000, Queue: 4096, MaxMembers: 16, MemberChanges: true,
		Clock: func() time.Duration { return time.Duration(now.Load()) },
		Dial:  func(context.Context, string, string) (net.Conn, error) { return new(mayfly), nil },
	})
	client.Subscribe("presence-room").Bind("led", func(thimble.Event) { events++ })
	reconnect := func() {
		for want := events + 1; events < want; {
			if err := client.Poll(); err != nil {
				t.Fatal(err)
			}
			now.Add(int64(10 * time.Microsecond)) // whatever waits, does not wait for ever
			if client.State() == thimble.StateConnected {
				runtime.Gosched() // to the authorization
			}
		}
		for client.State() == thimble.StateConnected {
			_ = client.Poll()
		}
		now.Add(int64(2 * time.Minute)) // past any delay
	}
	measure := func() (m runtime.MemStats) {
		runtime.GC()
		runtime.GC() // what has finalizers goes with the second
		runtime.ReadMemStats(&m)
		return m
	}
	for range 50 {
		reconnect()
	}
	// What earlier tests leave comes and goes; what a connection holds stays, so
	// the least of three thousands counts.
	growth, each := int64(math.MaxInt64), uint64(0)
	for range 3 {
		before := measure()
		for range times {
			reconnect()
		}
		after := measure()
		growth = min(growth, int64(after.HeapAlloc)-int64(before.HeapAlloc))
		each = (after.TotalAlloc - before.TotalAlloc) / times
		t.Logf("each takes %d bytes in %d allocations; after %d the heap holds %d bytes more", each, (after.Mallocs-before.Mallocs)/times, times, int64(after.HeapAlloc)-int64(before.HeapAlloc))
	}
	if growth > 16<<10 {
		t.Errorf("after %d connections the heap holds %d bytes more", times, growth)
	}
	if each > 16<<10 {
		t.Errorf("a connection takes %d bytes", each)
	}
	client.Disconnect()
	_ = client.Poll()
}
