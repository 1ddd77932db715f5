package broker

import (
	"time"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// client is one connection: its Peer joined to the hub of its application. It
// knows nothing of sockets. Its transport calls receive, tick, close and gone
// from one goroutine at a time.
type client struct {
	app  *app
	peer peer.Peer
	out  outlet

	// What the Peer wants for a connection that has ended: that what is queued
	// is sent, and that the client is given time to read it.
	flush, linger bool

	open    bool // it was welcome, and is not yet gone
	counted bool // how it ends, see count
}

// outlet is where a client's frames go. All methods may be called from any
// goroutine, with the lock of a channel held: they do not block.
type outlet interface {
	// queue puts a frame behind the others, or drops it if the end has come.
	queue(frame []byte)
	// finish puts the last frame behind the others; what is queued later is
	// dropped. A nil frame is none.
	finish(frame []byte)
	// hurry asks for the connection to be closed.
	hurry(why *peer.Refusal)
}

// begin tells the client that it is welcome, or why it is not, behind the
// answer to its upgrade.
func (c *client) begin(answer []byte, socketID string, refusal *peer.Refusal, now time.Duration) {
	var frame []byte
	if refusal != nil {
		c.peer, frame = peer.NewRefused(c.app.settings, refusal, now)
		c.out.finish(append(answer, frame...))
		c.failed(refusal.Code, refusal.Message, "", "")
		return
	}
	c.peer, frame = peer.New(c.app.settings, socketID, now)
	c.open = true
	c.happened(didOpen)
	c.send(append(answer, frame...))
}

// receive looks at everything that has come and is not yet used. It returns
// how much is used now, and false when the connection has ended and its socket
// is to be closed.
func (c *client) receive(b []byte, now time.Duration) (used int, alive bool) {
	for {
		n, a := c.peer.Next(b[used:], now)
		used += n
		if a.Kind == peer.None || !c.do(&a) {
			c.app.counters.messagesIn.Add(int64(c.peer.Received()))
			return used, a.Kind == peer.None
		}
	}
}

// tick does what is due; see receive for what it returns.
func (c *client) tick(now time.Duration) (alive bool) {
	a := c.peer.Tick(now)
	return c.do(&a)
}

// close begins to close the connection.
func (c *client) close(why *peer.Refusal, now time.Duration) {
	a := c.peer.Close(why, now)
	c.do(&a)
}

// gone takes the client off all its channels, and away from its user.
func (c *client) gone() {
	for _, sub := range c.peer.Subscriptions() {
		c.app.hub.leave(sub.Ref.(*seat))
	}
	if user := c.peer.User(); user != nil {
		c.app.users.leave(c, user)
	}
	c.peer.Drop()
	if c.open {
		c.open = false
		c.happened(didClose)
	}
}

// do does what the Peer asks for, and returns false when that is the end.
func (c *client) do(a *peer.Action) (alive bool) {
	if a.Code != 0 || a.Limit != "" {
		c.count(a)
	}
	switch a.Kind {
	case peer.Send:
		c.send(a.Frame)
		c.failed(a.Code, a.Text, a.Channel, a.Limit)
	case peer.Subscribe:
		c.subscribe(a)
	case peer.Unsubscribe:
		c.app.hub.leave(a.Ref.(*seat))
	case peer.SignIn:
		c.send(a.Frame)
		c.app.users.enter(c, c.app.watched(a.User), a.Was)
	case peer.Publish:
		s := a.Ref.(*seat)
		s.channel.relay(s, a.Frame)
	case peer.Closing:
		c.failed(a.Code, a.Text, "", a.Limit)
		c.out.finish(a.Frame)
		c.gone()
	case peer.HangUp:
		c.failed(a.Code, a.Text, "", a.Limit)
		c.out.finish(a.Frame)
		c.gone()
		c.flush, c.linger = a.Frame != nil, a.Linger
		return false
	}
	return true
}

func (c *client) subscribe(a *peer.Action) {
	s, why := c.app.hub.join(c, a)
	if why != nil {
		c.app.limit(peer.LimitMembers) // the only reason that a hub has
		c.send(c.peer.Declined(a.Channel, why))
		c.failed(why.Status, why.Message, a.Channel, peer.LimitMembers)
		return
	}
	c.peer.Joined(s.channel.name, s)
}

// send queues a frame for this client alone.
func (c *client) send(frame []byte) {
	c.app.counters.messagesOut.Add(1)
	c.out.queue(frame)
}
