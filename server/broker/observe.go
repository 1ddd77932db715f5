package broker

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// deed says what has happened. Deeds are bits, so that several can be joined.
type deed uint16

const (
	didOpen         deed = 1 << iota // a connection: socketID
	didClose                         // a connection: socketID
	didSubscribe                     // socketID, channel, count, and userID on presence channels
	didUnsubscribe                   // the same
	didOccupy                        // channel has its first subscriber
	didVacate                        // channel has lost its last one
	didAddMember                     // channel, userID
	didRemoveMember                  // channel, userID
	didClientEvent                   // socketID, channel, event, data, and userID on presence channels
	didPublish                       // channel, event, data; socketID is who does not get it
	didMissCache                     // channel has no last event; once, until it has had one or is vacated
	didCount                         // channel, count; as often as subscribers would be told
	didError                         // socketID, empty if it was never opened; code, text, and the channel if it is about one
)

// occurrence is something that has happened on an application. Only the fields
// that its deed names are set.
type occurrence struct {
	did      deed
	app      *app
	socketID string
	channel  string
	userID   string
	event    string
	data     string
	text     string
	count    int
	code     int
	limit    bool // the error is that a limit was reached
}

// observers are told what happens on all applications, as it happens: what
// happens on a channel is told under its lock, so in the order in which clients
// see it. Where nobody watches, that costs one look at a pointer:
//
//	if o := &a.broker.observers; o.want(didPublish) {
//		o.tell(occurrence{did: didPublish, ...})
//	}
type observers struct {
	list atomic.Pointer[observerList]
	mu   sync.Mutex // serializes those who change list
}

// observerList is replaced as a whole.
type observerList struct {
	wanted deed // by any of them
	each   []*observer
}

type observer struct {
	wanted  deed
	observe func(occurrence)
}

// attach has observe called for every one of the deeds that are wanted, until
// detach is called; calls that have begun may still be running then. observe
// is called from many goroutines, with the lock of a channel held: it does not
// block, and calls nothing of the Broker.
func (o *observers) attach(wanted deed, observe func(occurrence)) (detach func()) {
	one := &observer{wanted, observe}
	o.replace(nil, one)
	return func() { o.replace(one, nil) }
}

// replace puts one observer in the place of another, so that nothing is told
// twice or to neither; nil is none.
func (o *observers) replace(old, one *observer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	next := &observerList{}
	if now := o.list.Load(); now != nil {
		next.each = slices.DeleteFunc(slices.Clone(now.each), func(other *observer) bool { return other == old })
	}
	if one != nil {
		next.each = append(next.each, one)
	}
	if len(next.each) == 0 {
		o.list.Store(nil)
		return
	}
	for _, one := range next.each {
		next.wanted |= one.wanted
	}
	o.list.Store(next)
}

// want says whether somebody watches for any of the deeds.
func (o *observers) want(any deed) bool {
	now := o.list.Load()
	return now != nil && now.wanted&any != 0
}

// tell tells those who watch for it.
func (o *observers) tell(what occurrence) {
	now := o.list.Load()
	if now == nil {
		return
	}
	for _, one := range now.each {
		if one.wanted&what.did != 0 {
			one.observe(what)
		}
	}
}

// happened tells of a connection.
func (c *client) happened(did deed) {
	if o := &c.app.broker.observers; o.want(did) {
		o.tell(occurrence{did: did, app: c.app, socketID: c.peer.SocketID()})
	}
}

// failed tells what was wrong, or which limit was reached; an empty text is
// nothing.
func (c *client) failed(code int, text, channel string, limit peer.Limit) {
	if o := &c.app.broker.observers; text != "" && o.want(didError) {
		reached := limit != "" || code == peer.CodeQuota || code == peer.CodeOverCapacity
		o.tell(occurrence{did: didError, app: c.app, socketID: c.peer.SocketID(), channel: channel, code: code, text: text, limit: reached})
	}
}

// tell is observers.tell of a channel whose lock is held.
func (ch *channel) tell(what occurrence) {
	what.app, what.channel = ch.hub.app, ch.name
	ch.hub.observers.tell(what)
}

// joined tells who has come. The lock is held.
func (ch *channel) joined(s *seat, added bool) {
	if !ch.hub.observers.want(didOccupy | didSubscribe | didAddMember) {
		return
	}
	if len(ch.seats) == 1 {
		ch.tell(occurrence{did: didOccupy})
	}
	if added {
		ch.tell(occurrence{did: didAddMember, userID: s.userID()})
	}
	ch.tell(occurrence{did: didSubscribe, socketID: s.client.peer.SocketID(), userID: s.userID(), count: len(ch.seats)})
}

// left tells who has gone. The lock is held.
func (ch *channel) left(s *seat, removed bool) {
	if !ch.hub.observers.want(didUnsubscribe | didRemoveMember | didVacate) {
		return
	}
	ch.tell(occurrence{did: didUnsubscribe, socketID: s.client.peer.SocketID(), userID: s.userID(), count: len(ch.seats)})
	if removed {
		ch.tell(occurrence{did: didRemoveMember, userID: s.userID()})
	}
	if len(ch.seats) == 0 {
		ch.tell(occurrence{did: didVacate})
	}
}

// missing tells that there is no last event. The lock is held.
func (ch *channel) missing() {
	if !ch.missed {
		ch.missed = true
		ch.tell(occurrence{did: didMissCache})
	}
}

// published tells of an event, under the lock of the channel if somebody is
// there.
func (h *hub) published(channel string, e *Event) {
	if h.observers.want(didPublish) {
		h.observers.tell(occurrence{did: didPublish, app: h.app, channel: channel, event: e.Name, data: e.Data, socketID: e.SocketID})
	}
}

// relayed tells of a client event. The lock is held.
func (ch *channel) relayed(s *seat, frame []byte) {
	if ch.hub.observers.want(didClientEvent) {
		event, data := peer.ReadEvent(frame)
		ch.tell(occurrence{did: didClientEvent, socketID: s.client.peer.SocketID(), userID: s.userID(), event: event, data: data})
	}
}

// userID is who is on a presence channel; empty on others.
func (s *seat) userID() string {
	if s.member == nil {
		return ""
	}
	return s.member.id
}
