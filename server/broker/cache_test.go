package broker

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// TestCacheIsBounded publishes on more channels than may be kept.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := cache{ttl: time.Minute, limit: 10 * 1000}
	frame := []byte(strings.Repeat("x", 600))
	for i := range 100 {
		c.put(fmt.Sprintf("cache-%02d", i), "data", frame, 0)
		if c.bytes > c.limit || len(c.byName) != c.order.Len() {
			t.Fatalf("%d bytes of %d, %d by name, %d in order", c.bytes, c.limit, len(c.byName), c.order.Len())
		}
	}
	if len(c.byName) < 5 {
		t.Errorf("only %d are kept", len(c.byName))
	}
	if c.get("cache-99", 0) == nil || c.get("cache-00", 0) != nil {
		t.Error("it is not the oldest that go")
	}
	c.put("cache-huge", strings.Repeat("x", 20_000), nil, 0)
	if c.bytes != 0 || len(c.byName) != 0 || c.get("cache-huge", 0) != nil {
		t.Errorf("what is larger than all is kept: %d bytes", c.bytes)
	}
	c.put("cache-a", "1", nil, 0)
	c.put("cache-b", "2", nil, time.Minute)
	if len(c.byName) != 1 {
		t.Error("what has ended stays")
	}
}

// TestCacheMissesNothing has clients join while events are published: each
// gets the last event first, and then all that follow, each once.
func TestCacheMissesNothing(t *testing.T) {
	t.Parallel()
	app := testApp(t)
	const events = 2000
	var all sync.WaitGroup
	all.Go(func() {
		for i := range events {
			app.publish(&Event{Name: "x", Channels: []string{"cache-room"}, Data: fmt.Sprint(i)})
		}
	})
	for who := range 4 {
		all.Go(func() {
			for last := ""; last != fmt.Sprint(events-1); {
				k := &collector{}
				c := app.stranger(who, k)
				c.subscribe(&peer.Action{Kind: peer.Subscribe, Channel: "cache-room"})
				c.gone()
				next := -1
				for _, frame := range k.frames {
					_, after, ok := strings.Cut(frame, `"data":"`)
					number := strings.TrimSuffix(after, `"}`)
					if !ok || !strings.Contains(frame, `"event":"x"`) {
						continue
					}
					var n int
					fmt.Sscan(number, &n)
					if next >= 0 && n != next {
						t.Errorf("got %d in place of %d", n, next)
					}
					next, last = n+1, number
				}
			}
		})
	}
	all.Wait()
	if n := app.hub.size(); n != 0 {
		t.Errorf("%d channels are left", n)
	}
}

// collector is an outlet that keeps what it is given.
type collector struct {
	void
	mu     sync.Mutex
	frames []string
}

func (k *collector) queue(frame []byte) {
	k.mu.Lock()
	k.frames = append(k.frames, string(frame))
	k.mu.Unlock()
}
