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

// receive looks at everything that has come and is not yet used. It returns
// how much is used now, and false when the connection has ended and its socket
// is to be closed.
func (c *client) receive(b []byte, now time.Duration) (used int, alive bool) {
	for {
		n, a := c.peer.Next(b[used:], now)
		used += n
		if a.Kind == peer.None || !c.do(&a) {
			c.app.broker.messagesIn.Add(int64(c.peer.Received()))
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
}

// do does what the Peer asks for, and returns false when that is the end.
func (c *client) do(a *peer.Action) (alive bool) {
	switch a.Kind {
	case peer.Send:
		c.send(a.Frame)
	case peer.Subscribe:
		c.subscribe(a)
	case peer.Unsubscribe:
		c.app.hub.leave(a.Ref.(*seat))
	case peer.SignIn:
		c.send(a.Frame)
		c.app.users.enter(c, c.app.watched(a.User), a.Was)
	case peer.Publish:
		a.Ref.(*seat).channel.broadcast(a.Frame, c.peer.SocketID())
	case peer.Closing:
		c.out.finish(a.Frame)
		c.gone()
	case peer.HangUp:
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
		c.send(c.peer.Declined(a.Channel, why))
		return
	}
	c.peer.Joined(s.channel.name, s)
}

// send queues a frame for this client alone.
func (c *client) send(frame []byte) {
	c.app.broker.messagesOut.Add(1)
	c.out.queue(frame)
}
