package broker

import (
	"strconv"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// counted says when the number of subscribers was last told on a busy channel,
// and whether it will be told again.
type counted struct {
	at    time.Duration
	timer *time.Timer
}

// countChanged tells those on the channel how many they are, if the application
// or an observer wants that: each time while they are few, every five seconds when they are
// many. The lock is held.
func (ch *channel) countChanged() {
	if ch.kind == wire.Presence || strings.HasPrefix(ch.name, "#") || !ch.hub.counts.Load() && !ch.hub.observers.want(didCount) {
		return
	}
	now := ch.hub.now()
	c := ch.counted
	if len(ch.seats) <= countEachUpTo {
		if c != nil {
			c.stop()
			ch.counted = nil
		}
		ch.tellCount()
		return
	}
	if c == nil {
		c = &counted{at: now - countEvery}
		ch.counted = c
	}
	if c.timer != nil {
		return
	}
	if wait := c.at + countEvery - now; wait > 0 {
		c.timer = time.AfterFunc(wait, func() { ch.countDue(c) })
		return
	}
	c.at = now
	ch.tellCount()
}

// countDue tells what has changed meanwhile.
func (ch *channel) countDue(c *counted) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.counted != c {
		return
	}
	c.timer, c.at = nil, ch.hub.now()
	ch.tellCount()
}

func (c *counted) stop() {
	if c.timer != nil {
		c.timer.Stop()
	}
}

// tellCount needs the lock.
func (ch *channel) tellCount() {
	if ch.hub.observers.want(didCount) {
		ch.tell(occurrence{did: didCount, count: len(ch.seats)})
	}
	if len(ch.seats) == 0 || !ch.hub.counts.Load() {
		return
	}
	data := strconv.AppendInt([]byte(`{"subscription_count":`), int64(len(ch.seats)), 10)
	ch.send(peer.EventFrame("pusher_internal:subscription_count", ch.name, append(data, '}')), "")
}
