package broker

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// hub holds the occupied channels of one application. Each application has a
// hub of its own, so nothing that is looked up in one can be another's.
type hub struct {
	app       *app
	observers *observers
	counters  *counters // of the application
	now       func() time.Duration
	cache     cache

	counts  atomic.Bool  // tell the number of subscribers
	members atomic.Int64 // that a presence channel may have
	seed    maphash.Seed
	shards  [shardCount]shard
}

type shard struct {
	mu       sync.RWMutex
	channels map[string]*channel
}

func newHub(a *app) *hub {
	b := a.broker
	return &hub{app: a, observers: &b.observers, counters: a.counters, now: b.now, seed: maphash.MakeSeed()}
}

// configure takes from the application's configuration what channels need.
func (h *hub) configure(a App) {
	h.counts.Store(a.SubscriptionCounts)
	h.members.Store(int64(a.MaxMembers))
	h.cache.configure(a.CacheTTL, a.CacheBytes)
}

func (h *hub) shard(name string) *shard {
	return &h.shards[maphash.String(h.seed, name)%shardCount]
}

// find returns an occupied channel, or nil.
func (h *hub) find(name string) *channel {
	sh := h.shard(name)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.channels[name]
}

// join puts a client on a channel, whether or not somebody else is there.
func (h *hub) join(c *client, a *peer.Action) (*seat, *peer.Decline) {
	for {
		ch := h.find(a.Channel)
		if ch == nil {
			ch = h.add(a.Channel)
		}
		s, why := ch.join(c, a)
		if s != nil || why != nil {
			return s, why
		}
		h.remove(ch)
	}
}

// leave takes a client off a channel.
func (h *hub) leave(s *seat) {
	if s.channel.leave(s) {
		h.remove(s.channel)
	}
}

func (h *hub) add(name string) *channel {
	sh := h.shard(name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	ch := sh.channels[name]
	if ch == nil {
		// The name is a copy of its own, and all who are on the channel share it.
		ch = &channel{name: strings.Clone(name), kind: wire.KindOf(name), hub: h}
		if sh.channels == nil {
			sh.channels = make(map[string]*channel)
		}
		sh.channels[ch.name] = ch
	}
	return ch
}

// keep publishes an event on a cache channel, whether or not somebody is there.
func (h *hub) keep(name string, e *Event, frame []byte) {
	for {
		ch := h.find(name)
		if ch == nil {
			ch = h.add(name)
		}
		kept := ch.keep(e, frame)
		if ch.empty() {
			h.remove(ch)
		}
		if kept {
			return
		}
	}
}

// remove takes a dead channel out, unless a new one has its name by now.
func (h *hub) remove(ch *channel) {
	sh := h.shard(ch.name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.channels[ch.name] == ch {
		delete(sh.channels, ch.name)
	}
}

// occupied returns the channels whose names begin with prefix.
func (h *hub) occupied(prefix string) []*channel {
	var list []*channel
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.RLock()
		for name, ch := range sh.channels {
			if strings.HasPrefix(name, prefix) && !ch.empty() {
				list = append(list, ch)
			}
		}
		sh.mu.RUnlock()
	}
	return list
}

// size returns how many channels there are.
func (h *hub) size() int {
	n := 0
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.RLock()
		n += len(sh.channels)
		sh.mu.RUnlock()
	}
	return n
}
