package thimble

import (
	"github.com/thimble-go/thimble/internal/session"
	"github.com/thimble-go/thimble/internal/wire"
)

// handle acts on one event of the session. The lock is held; it is given up
// while handlers run.
func (c *Client) handle(ev *session.Event) {
	switch ev.Kind {
	case session.Dial:
		c.dial(ev.TLS)
		return
	case session.Hangup:
		c.hangup()
		return
	case session.Authorize:
		c.auth.authorize(c, ev.Channel, ev.SocketID, ev.Ticket)
		return
	case session.AuthorizeUser:
		c.user.authorize(c, ev.SocketID, ev.Ticket)
		return
	}

	e := Event{Gap: ev.Gap}
	if ev.Kind != session.Message {
		e.Err, e.Member = ev.Err, Member(ev.Member)
	}
	var ch *Channel
	if ev.Channel != nil {
		e.Channel = ev.Channel.Name
		ch = owner(ev.Channel)
	}
	switch ev.Kind {
	case session.Message, session.UserMessage:
		e.Name = c.names.name(ev.Name)
		if len(ev.UserID) > 0 {
			e.UserID = c.users.name(ev.UserID)
		}
		e.Data = ev.Data
	case session.Subscribed:
		e.Name = EventSubscribed
	case session.SubscriptionFailed:
		e.Name = EventSubscriptionError
	case session.DecryptionFailed:
		e.Name = EventDecryptionError
	case session.SignedIn:
		e.Name, e.Data = EventSignedIn, ev.Data
	case session.SignInFailed:
		e.Name = EventSignInError
	case session.MemberAdded:
		e.Name = EventMemberAdded
	case session.MemberRemoved:
		e.Name = EventMemberRemoved
	}
	onState, watchers := c.onState, c.user.watchers
	err := ev.Err
	if ev.Kind == session.Failure && ev.Ended {
		err = &ConnectError{Address: c.dialled, Retry: ev.Retry, Err: err}
	}
	var exact, wide []*binding
	switch {
	case ch != nil:
		exact, wide = ch.handlers.find(e.Name)
	case ev.Kind == session.SignedIn || ev.Kind == session.SignInFailed || ev.Kind == session.UserMessage:
		exact, wide = c.user.handlers.find(e.Name)
	}
	var allExact, allWide []*binding
	all := len(c.all.exact)+len(c.all.wide) > 0 // mostly channels have the handlers
	if all {
		allExact, allWide = c.all.find(e.Name)
	}

	c.hireAny() // a handler may take its time
	c.lent = true
	c.mu.Unlock()
	if c.cfg.Logger != nil {
		c.logEvent(ev, &e)
	}
	if c.link != nil && ev.Ended {
		c.link.doubt(c, ev.Err)
	}
	switch ev.Kind {
	case session.StateChanged:
		change := StateChange{Previous: ev.Previous, Current: ev.State, Err: ev.Err, Retry: ev.Retry}
		for _, fn := range onState {
			c.guard("state_change", func() { fn(change) })
		}
	case session.Failure:
		c.report(err)
	case session.Watchlist:
		c.watch(watchers, *ev.Watchlist)
	case session.DecryptionFailed:
		c.report(ev.Err)
		fallthrough
	default:
		c.emit(exact, wide, &e)
		if all {
			c.emit(allExact, allWide, &e)
		}
	}
	c.takeBack()
}

// takeBack takes the lock that was given up while handlers run. Run and Poll do
// so too when a handler has ended their goroutine.
func (c *Client) takeBack() {
	if c.lent {
		c.mu.Lock()
		c.lent = false
	}
}

// guard makes a panic an error.
func (c *Client) guard(name string, fn func()) {
	defer c.recover(name)
	fn()
}

// interner keeps the names that events have, since the same few come again and
// again: a name that is known costs no memory. It starts over when a peer that
// makes names up has filled it.
type interner struct {
	known map[string]string
	last  string
}

// maxNames bounds the interner, and maxName what it keeps.
const (
	maxNames = 256
	maxName  = 256
)

func (in *interner) name(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if wire.View(b) == in.last {
		return in.last
	}
	if s, ok := in.known[wire.View(b)]; ok {
		in.last = s
		return s
	}
	s := string(b)
	if len(s) > maxName {
		return s
	}
	if in.known == nil || len(in.known) >= maxNames {
		in.known = make(map[string]string)
	}
	in.known[s] = s
	return s
}
