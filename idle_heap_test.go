//go:build !tinygo

package thimble_test

import (
	"context"
	"math"
	"net"
	"testing"

	"github.com/thimble-go/thimble"
)

// TestIdleHeap bounds what an idle, subscribed client keeps on the heap, so that
// with its transport and Run, which take 500 bytes, it is at most 8 KiB. The runtime
// rounds sizes up: one field more may cost 128 bytes. It must not run beside
// others.
func TestIdleHeap(t *testing.T) {
	const buffer, most = 4096, 3584
	const clients = 200
	// What earlier tests leave comes and goes, so the least of three counts.
	least := int64(math.MaxInt64)
	for range 3 {
		conns := make([]memory, clients)
		kept := make([]*thimble.Client, clients)
		before := liveHeap()
		for i := range kept {
			kept[i] = idleClient(t, &conns[i], buffer)
		}
		least = min(least, (liveHeap()-before)/clients)
		for _, client := range kept {
			client.Disconnect()
			_ = client.Poll()
		}
	}
	t.Logf("an idle client keeps %d bytes, %d of them its buffer", least, buffer)
	if least > buffer+most {
		t.Errorf("an idle client keeps %d bytes beside its buffer of %d, want at most %d", least-buffer, buffer, most)
	}
}

// idleClient returns a client that is subscribed, over a connection that keeps
// nothing.
func idleClient(t *testing.T, conn *memory, buffer int) *thimble.Client {
	t.Helper()
	client := newClient(t, thimble.Config{
		Key: "k", Host: "example.com", Plaintext: true, ReadBuffer: buffer,
		Dial: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	})
	room := client.Subscribe("room")
	room.Bind("event", func(thimble.Event) {})
	conn.subscribe(t, client, room)
	conn.mu.Lock()
	conn.in, conn.request = nil, "-"
	conn.mu.Unlock()
	return client
}
