package thimble

import (
	"github.com/thimble-go/thimble/internal/session"
)

// Channel is one channel of a client. Its methods may be called from any
// goroutine.
type Channel struct {
	client    *Client
	state     *session.Channel // guarded by client.mu, but for its name
	handlers  bindings
	cancel    func() // of the authorization under way, or nil
	forgotten bool
}

// Name returns the channel's name.
func (ch *Channel) Name() string { return ch.state.Name }

// Subscribe is Client.Subscribe for this channel.
func (ch *Channel) Subscribe() {
	c := ch.client
	c.mu.Lock()
	if ch.forgotten {
		c.mu.Unlock()
		return // what there is now of that name is another's
	}
	c.session.Subscribe(c.now(), ch.state)
	c.settle()
	c.mu.Unlock()
}

// Unsubscribe takes the subscription back. Once it returns no message of the
// channel reaches a handler any more, except one that is being handled. The
// handlers stay bound.
func (ch *Channel) Unsubscribe() {
	c := ch.client
	c.mu.Lock()
	if ch.forgotten {
		c.mu.Unlock()
		return
	}
	c.session.Unsubscribe(c.now(), ch.state)
	if ch.cancel != nil {
		ch.cancel()
	}
	c.settle()
	c.mu.Unlock()
}

// Forget takes the subscription back, unbinds all of the channel's handlers and
// drops the channel, for programs whose channels have ever new names. This
// object is of no use any more: it does nothing, and its Trigger returns
// ErrNotSubscribed. Client.Channel makes another.
func (ch *Channel) Forget() {
	c := ch.client
	c.mu.Lock()
	if ch.forgotten {
		c.mu.Unlock()
		return
	}
	ch.forgotten = true
	c.session.Unsubscribe(c.now(), ch.state)
	if ch.cancel != nil {
		ch.cancel()
	}
	c.session.Forget(ch.state)
	ch.handlers = bindings{}
	c.settle()
	c.mu.Unlock()
}

// Subscribed says whether the server has confirmed the subscription on the
// present connection.
func (ch *Channel) Subscribed() bool {
	ch.client.mu.Lock()
	yes := ch.state.Subscribed()
	ch.client.mu.Unlock()
	return yes
}

// Err returns why the channel is not subscribed: a *SubscriptionError, or nil
// if nothing has failed.
func (ch *Channel) Err() error {
	ch.client.mu.Lock()
	err := ch.state.Err()
	ch.client.mu.Unlock()
	return err
}

// Bind calls fn for the channel's events of that name. A name that ends with *
// stands for all that start so: "client-*".
func (ch *Channel) Bind(event string, fn Handler) Binding {
	return ch.client.add(&ch.handlers, &binding{name: event, fn: fn})
}

// BindAll calls fn for every event of the channel.
func (ch *Channel) BindAll(fn Handler) Binding { return ch.Bind("*", fn) }

// BindFrom is Bind for what must not be done for just anybody: fn is called
// only for events whose sender the server vouches for, which are client events
// on a presence channel, and only when allow says yes to the sender's id. A
// nil allow accepts every such sender.
func (ch *Channel) BindFrom(event string, allow func(userID string) bool, fn Handler) Binding {
	return ch.client.add(&ch.handlers, &binding{name: event, from: allow, check: true, fn: fn})
}

// Trigger sends a client event to everyone else on a private or presence
// channel. The event's name starts with "client-". data is a JSON text, at
// most 10 KB; empty means {}. Send an object: some servers take nothing else.
//
// An error says that nothing was sent, nor will be. Without one the event has
// been handed to the connection, or waits in Config.Backlog; that is no proof
// that anybody gets it.
func (ch *Channel) Trigger(event, data string) error {
	c := ch.client
	c.mu.Lock()
	err := ErrNotSubscribed
	if !ch.forgotten {
		err = session.Trigger(c.session, c.now(), ch.state, event, data)
	}
	if err == nil {
		c.settle()
	}
	c.mu.Unlock()
	if c.cfg.Logger != nil {
		c.log(Record{Level: LevelDebug, Message: "triggered", Channel: ch.Name(), Event: event, Size: len(data), Err: err})
	}
	return err
}

// MemberChanges returns who has joined and who has left a presence channel
// across the last gap, for handlers of EventSubscribed and later, until the
// connection ends. It needs Config.MemberChanges.
func (ch *Channel) MemberChanges() (joined, left []Member) {
	ch.client.mu.Lock()
	defer ch.client.mu.Unlock()
	came, went := ch.state.MemberChanges()
	for _, m := range came {
		joined = append(joined, Member(m))
	}
	for _, m := range went {
		left = append(left, Member(m))
	}
	return joined, left
}

// Members returns the members of a presence channel that are known, in no
// order; none unless subscribed.
func (ch *Channel) Members() []Member {
	ch.client.mu.Lock()
	members := make([]Member, 0, ch.state.Kept())
	ch.state.Members(func(m session.Member) { members = append(members, Member(m)) })
	ch.client.mu.Unlock()
	return members
}

// Member returns the member of a presence channel with that id.
func (ch *Channel) Member(id string) (Member, bool) {
	ch.client.mu.Lock()
	defer ch.client.mu.Unlock()
	m, ok := ch.state.Member(id)
	return Member(m), ok
}

// MemberCount returns how many members a presence channel has, as the server
// counts them: those beyond Config.MaxMembers are among them. It is 0 unless
// subscribed, and -1 when the server's list of members was larger than
// Config.MaxMessage, or could not be read: then nobody knows.
func (ch *Channel) MemberCount() int {
	ch.client.mu.Lock()
	n := ch.state.MemberCount()
	ch.client.mu.Unlock()
	return n
}

// Me returns the own id on a presence channel, as the authorization endpoint
// signed it; empty unless subscribed.
func (ch *Channel) Me() string {
	ch.client.mu.Lock()
	id := ch.state.Me()
	ch.client.mu.Unlock()
	return id
}
