package broker

import (
	"log/slog"
	"time"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// connection is what every connection has, whichever transport carries it.
type connection struct {
	client client // its outlet is the transport
	place  admission
	opened time.Duration // in the Broker's time
	index  int           // in Broker.connections; guarded by Broker.mu
}

// transport carries one connection. Its methods may be called from any
// goroutine, with locks held: they do not block.
type transport interface {
	outlet
	// queued is how many bytes wait to be written.
	queued() int
	// remote is the address at the other end, as far as it is known.
	remote() string
	// cut closes the socket without a word.
	cut()
}

func (c *connection) transport() transport { return c.client.out.(transport) }

// socketID is empty for a connection that was refused.
func (c *connection) socketID() string { return c.client.peer.SocketID() }

// remote is where the connection comes from.
func (c *connection) remote() string { return c.transport().remote() }

// close has the connection closed with a code. It does not wait for that.
func (c *connection) close(why *peer.Refusal) { c.client.out.hurry(why) }

// lag is what happens when more waits for the connection than may.
func (c *connection) lag() {
	c.close(peer.RefuseSlow)
	c.client.app.slow(limitQueue)
}

// late is what happens when a write was not taken in time.
func (c *connection) late() {
	c.client.app.slow(limitWrite)
	c.logSlow()
}

// hang begins to close the connection, for the transport that was told to in
// hurry.
func (c *connection) hang(why *peer.Refusal, now time.Duration) {
	if why == peer.RefuseSlow {
		c.logSlow()
	}
	c.client.close(why, now)
}

func (c *connection) logSlow() {
	b := c.client.app.broker
	b.log.Warn("closing a connection that reads too slowly",
		slog.String("app", c.client.app.id),
		slog.String("socket_id", c.socketID()),
		slog.String("remote", c.remote()),
		slog.Int64("queue_bytes", b.queueBytes.Load()))
}
