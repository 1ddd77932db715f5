package broker

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/thimble-go/thimble/server/internal/console"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// Stats implements console.Broker.
func (v *view) Stats(id string) (console.Stats, bool) {
	a := v.broker.apps.Load().byID[id]
	if a == nil {
		return console.Stats{}, false
	}
	s := console.Stats{Channels: a.hub.size(), MessagesIn: a.counters.messagesIn.Load(), MessagesOut: a.counters.messagesOut.Load()}
	v.broker.mu.Lock()
	s.Connections = a.connections
	v.broker.mu.Unlock()
	return s, true
}

// Channels implements console.Broker.
func (v *view) Channels(id, part string, limit int) (list []console.Channel, total int) {
	a := v.broker.apps.Load().byID[id]
	if a == nil {
		return nil, 0
	}
	part = strings.ToLower(part)
	all := slices.DeleteFunc(a.hub.occupied(""), func(ch *channel) bool { return !strings.Contains(strings.ToLower(ch.name), part) })
	slices.SortFunc(all, func(x, y *channel) int { return strings.Compare(x.name, y.name) })
	for _, ch := range all[:min(len(all), limit)] {
		connections, users := ch.count()
		list = append(list, console.Channel{Name: ch.name, Connections: connections, Users: users})
	}
	return list, len(all)
}

// Members implements console.Broker.
func (v *view) Members(id, name string, limit int) (list []console.Member) {
	a := v.broker.apps.Load().byID[id]
	if a == nil {
		return nil
	}
	ch := a.hub.find(name)
	if ch == nil {
		return nil
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	for _, m := range ch.users.order[:min(len(ch.users.order), limit)] {
		list = append(list, console.Member{ID: m.id, Info: string(m.infoJSON), Connections: m.connections})
	}
	return list
}

// Connections implements console.Broker.
func (v *view) Connections(id, part string, limit int) (list []console.Connection, total int) {
	a := v.broker.apps.Load().byID[id]
	if a == nil {
		return nil, 0
	}
	part = strings.ToLower(part)
	users := a.users.signedIn()
	all := v.of(a)
	if part == "" {
		v.forget()
	} else {
		remotes := v.addresses(all)
		all = slices.DeleteFunc(all, func(c *connection) bool {
			return !strings.Contains(remotes[c], part) && !strings.Contains(strings.ToLower(users[&c.client]), part) && !strings.Contains(c.socketID(), part)
		})
	}
	total = len(all)
	all = newest(all, limit)
	at := make(map[*client]*console.Connection, len(all))
	list = make([]console.Connection, len(all))
	for i, c := range all {
		list[i] = console.Connection{
			SocketID: c.socketID(), User: users[&c.client], Remote: c.remote(),
			Seconds: int64((v.broker.now() - c.opened) / time.Second), Queued: c.transport().queued(),
		}
		at[&c.client] = &list[i]
	}
	a.hub.tellSeats(func(ch string, s *seat) {
		c := at[s.client]
		if c == nil {
			return
		}
		if c.User == "" {
			c.User = s.userID()
		}
		c.Total++
		if len(c.Channels) < namedChannels {
			c.Channels = append(c.Channels, ch)
		}
	})
	for i := range list {
		slices.Sort(list[i].Channels)
	}
	return list, total
}

// newest returns those that came last, the last one first, at most limit. All
// others need no order, and nearly all are in that of their coming.
func newest(all []*connection, limit int) []*connection {
	var top []*connection
	for _, c := range slices.Backward(all) {
		if len(top) >= limit && (limit == 0 || c.opened <= top[limit-1].opened) {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, c, func(x, y *connection) int { return cmp.Compare(y.opened, x.opened) })
		if top = slices.Insert(top, at, c); len(top) > limit {
			top = top[:limit]
		}
	}
	return top
}

// addresses returns from where connections come. For each that is a system call,
// so they are remembered for the next time, in two seconds, until forget.
func (v *view) addresses(all []*connection) map[*connection]string {
	v.mu.Lock()
	defer v.mu.Unlock()
	known := make(map[*connection]string, len(all))
	for _, c := range all {
		remote, ok := v.remotes[c]
		if !ok {
			remote = c.remote()
		}
		known[c] = remote
	}
	v.remotes = known
	return known
}

// forget is when nobody searches any more.
func (v *view) forget() {
	v.mu.Lock()
	v.remotes = nil
	v.mu.Unlock()
}

// Disconnect implements console.Broker.
func (v *view) Disconnect(id, socketID string, mayReturn bool) bool {
	a := v.broker.apps.Load().byID[id]
	if a == nil || socketID == "" {
		return false
	}
	why := peer.RefuseByOperator
	if mayReturn {
		why = peer.RefuseForNow
	}
	wanted := peer.ParseSocketID(socketID)
	for _, c := range v.of(a) {
		if c.client.peer.Is(wanted) {
			c.close(why)
			return true
		}
	}
	return false
}

// of returns the connections of an application that are welcome.
func (v *view) of(a *app) []*connection {
	v.broker.mu.Lock()
	all := slices.Clone(v.broker.connections)
	v.broker.mu.Unlock()
	return slices.DeleteFunc(all, func(c *connection) bool { return c.client.app != a || c.place.refusal != nil })
}

// tellSeats calls do for every seat. What a client itself knows of its channels
// only its transport may look at. The lock of a channel is held only to copy who
// is there: events wait for it.
func (h *hub) tellSeats(do func(channel string, s *seat)) {
	var seats []*seat
	for _, ch := range h.occupied("") {
		ch.mu.Lock()
		seats = append(seats[:0], ch.seats...)
		ch.mu.Unlock()
		for _, s := range seats {
			do(ch.name, s)
		}
	}
}

// signedIn returns the user of each connection that has one.
func (u *users) signedIn() map[*client]string {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := make(map[*client]string)
	for id, p := range u.byID {
		for c := range p.clients {
			all[c] = id
		}
	}
	return all
}
