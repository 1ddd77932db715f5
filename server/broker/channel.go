package broker

import (
	"sync"

	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// channel is one occupied channel of an application: it comes with its first
// subscriber and goes with the last.
type channel struct {
	name string
	kind wire.ChannelKind
	hub  *hub

	mu    sync.Mutex
	dead  bool // it has emptied, and is or will be taken out of its shard
	seats []*seat
	users presence // on presence channels

	counted *counted // while there are many, see countChanged
	missed  bool     // somebody found no last event, and there was none since
}

// seat is one client on one channel. Both sides find it without searching: the
// client in its list of subscriptions, the channel at its index.
type seat struct {
	client  *client
	channel *channel
	index   int // in channel.seats; guarded by channel.mu
	member  *member
}

// join puts a client on the channel and queues the confirmation, both under
// the lock, so that the confirmation comes before any event. It returns nil
// and nil if the channel is dead.
func (ch *channel) join(c *client, a *peer.Action) (*seat, *peer.Decline) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.dead {
		return nil, nil
	}
	s := &seat{client: c, channel: ch, index: len(ch.seats)}
	frame, added := a.Frame, false
	if ch.kind == wire.Presence {
		limit := int(ch.hub.members.Load())
		if s.member, added = ch.users.enter(&a.Member, limit); s.member == nil {
			return nil, peer.DeclineFull(limit)
		}
		if added {
			ch.send(memberAddedFrame(ch.name, s.member), "")
		}
		frame = ch.users.confirmation(ch.name)
	}
	ch.seats = append(ch.seats, s)
	ch.hub.counters.subscriptions.Add(1)
	ch.joined(s, added) // first: whoever sees the confirmation can rely on it
	c.send(frame)
	if hasCache(ch.name) {
		if last := ch.hub.cache.get(ch.name, ch.hub.now()); last != nil {
			c.send(last.frame)
		} else {
			c.send(peer.CacheMissFrame(ch.name))
			ch.missing()
		}
	}
	ch.countChanged()
	return s, nil
}

// leave takes a client off the channel, and says whether that was the last.
func (ch *channel) leave(s *seat) (empty bool) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	last := len(ch.seats) - 1
	moved := ch.seats[last]
	ch.seats[s.index], moved.index = moved, s.index
	ch.seats[last] = nil
	ch.seats = ch.seats[:last]
	ch.hub.counters.subscriptions.Add(-1)
	removed := s.member != nil && ch.users.exit(s.member)
	if removed {
		ch.send(memberRemovedFrame(ch.name, s.member), "")
	}
	ch.countChanged()
	ch.left(s, removed)
	ch.dead = last == 0
	return ch.dead
}

// publish queues the frame of an event for everybody on the channel but the
// connection that caused it.
func (ch *channel) publish(e *Event, frame []byte) {
	ch.mu.Lock()
	ch.send(frame, e.SocketID)
	ch.hub.published(ch.name, e)
	ch.mu.Unlock()
}

// relay queues the frame of a client event for everybody else on the channel.
func (ch *channel) relay(s *seat, frame []byte) {
	ch.mu.Lock()
	ch.send(frame, s.client.peer.SocketID())
	ch.relayed(s, frame)
	ch.mu.Unlock()
}

// keep is publish on a cache channel, which may be without subscribers. It
// fails if the channel is dead.
func (ch *channel) keep(e *Event, frame []byte) bool {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.dead {
		return false
	}
	ch.hub.cache.put(ch.name, e.Data, frame, ch.hub.now())
	ch.missed = false
	ch.send(frame, e.SocketID)
	ch.hub.published(ch.name, e)
	ch.dead = len(ch.seats) == 0
	return true
}

// empty says whether nobody is there.
func (ch *channel) empty() bool {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return len(ch.seats) == 0
}

// send is broadcast for those who hold the lock.
func (ch *channel) send(frame []byte, except string) {
	n, skip := 0, peer.ParseSocketID(except)
	for _, s := range ch.seats {
		if s.client.peer.Is(skip) {
			continue
		}
		s.client.out.queue(frame)
		n++
	}
	ch.hub.counters.messagesOut.Add(int64(n))
}

// count returns how many connections and, on a presence channel, how many
// users there are.
func (ch *channel) count() (connections, users int) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return len(ch.seats), len(ch.users.order)
}

// userIDs returns who is on a presence channel.
func (ch *channel) userIDs() []string {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	ids := make([]string, len(ch.users.order))
	for i, m := range ch.users.order {
		ids[i] = m.id
	}
	return ids
}
