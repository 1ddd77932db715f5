package broker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/broker"
)

// TestKernelTakesLittleForSlowReader counts what a client gets that begins to
// read once it is closed for having read nothing: that is what the kernel held.
// Without a bound it takes three megabytes over loopback.
func TestKernelTakesLittleForSlowReader(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{QueueBytes: 64 << 10})
	slow := dial(t, address, "/app/app-key?protocol=7")
	slow.welcome()
	slow.subscribe("room")
	event := broker.Event{Name: "e", Channels: []string{"room"}, Data: strings.Repeat("x", 10_000)}
	for deadline := time.Now().Add(patience); b.Stats().SlowReaders == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the slow reader is never closed")
		}
		if err := b.Publish(t.Context(), appID, event); err != nil {
			t.Fatal(err)
		}
	}
	taken := 0
	for {
		item, err := slow.next()
		if err != nil {
			t.Fatal(err)
		}
		if item.Opcode == websocket.Close {
			break
		}
		taken += len(item.Payload)
	}
	if taken > 1<<20 {
		t.Errorf("%d bytes were on their way to a client that read nothing", taken)
	}
}
