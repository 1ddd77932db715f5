package broker

import (
	"container/list"
	"strings"
	"sync"
	"time"
)

// hasCache says whether the last event of a channel of this name is kept.
func hasCache(name string) bool {
	for _, prefix := range [...]string{"cache-", "private-cache-", "presence-cache-", "private-encrypted-cache-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// cache keeps the last event of each cache channel of an application, whether
// or not somebody is there. Whoever uses it for a channel holds that channel's
// lock, so that nobody who joins misses an event or gets it twice.
type cache struct {
	ttl   time.Duration
	limit int // bytes of all events

	mu     sync.Mutex
	byName map[string]*list.Element
	order  list.List // of *cached, the oldest in front
	bytes  int
}

type cached struct {
	channel string
	data    string
	frame   []byte
	ends    time.Duration // in the Broker's time
}

// overhead is about what an entry takes beside its texts.
const overhead = 250

func (e *cached) size() int { return len(e.channel) + len(e.data) + len(e.frame) + overhead }

// configure sets the limits; the time is that of events to come.
func (c *cache) configure(ttl time.Duration, limit int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ttl, c.limit = ttl, limit
}

// put keeps an event in place of the channel's last one. The oldest make room
// if there is none.
func (c *cache) put(channel, data string, frame []byte, now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.byName[channel]; at != nil {
		c.drop(at)
	}
	e := &cached{channel: strings.Clone(channel), data: data, frame: frame, ends: now + c.ttl}
	if c.byName == nil {
		c.byName = make(map[string]*list.Element)
	}
	c.byName[e.channel] = c.order.PushBack(e)
	c.bytes += e.size()
	for front := c.order.Front(); front != nil && (c.bytes > c.limit || front.Value.(*cached).ends <= now); front = c.order.Front() {
		c.drop(front)
	}
}

// get returns the last event of a channel, nil if there is none or it is too
// old.
func (c *cache) get(channel string, now time.Duration) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.byName[channel]
	if at == nil {
		return nil
	}
	e := at.Value.(*cached)
	if e.ends <= now {
		c.drop(at)
		return nil
	}
	return e
}

// drop needs the lock.
func (c *cache) drop(at *list.Element) {
	e := c.order.Remove(at).(*cached)
	delete(c.byName, e.channel)
	c.bytes -= e.size()
}

// size is how much memory is in use.
func (c *cache) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}
