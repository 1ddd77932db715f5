package load

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thimble-go/thimble"
)

// client is one connection. Its handlers run on one goroutine; what others read
// is atomic.
type client struct {
	run    *run
	number int
	shard  *shard
	client *thimble.Client
	on     []*thimble.Channel
	orders []order // by sender

	begun     time.Time
	connected time.Time
	confirmed int
	settled   sync.Once
	ready     atomic.Bool // on all its channels
	end       context.CancelFunc
}

// newClient makes one. It does not connect yet.
func (r *run) newClient(number int) (*client, error) {
	c := &client{run: r, number: number, shard: &r.shards[number%len(r.shards)]}
	config := thimble.Config{
		Key: r.Key, Cluster: r.Cluster, Host: r.Host, Plaintext: r.Plaintext, TLS: r.TLS,
		Attempts:  1,  // who does not get in is counted
		EventRate: -1, // the server's limit is what is measured
	}
	if r.Authorizer != nil {
		config.Authorizer = r.Authorizer(number)
	}
	var err error
	if c.client, err = thimble.New(config); err != nil {
		return nil, err
	}
	c.orders = make([]order, r.Senders)
	c.client.OnStateChange(c.changed)
	c.client.OnError(r.failure)
	c.client.Bind(r.event, c.received)
	for _, i := range r.on(number) {
		channel := c.client.Channel(r.name(i))
		channel.Bind(thimble.EventSubscribed, func(thimble.Event) { c.subscribed() })
		channel.Bind(thimble.EventSubscriptionError, func(e thimble.Event) { c.refused(e.Err) })
		c.on = append(c.on, channel)
		channel.Subscribe()
	}
	return c, nil
}

// live connects and stays until ctx ends.
func (c *client) live(ctx context.Context) {
	defer c.end()
	c.begun = time.Now()
	err := c.client.Run(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		c.run.failure(err)
	}
	c.settle(false)
}

// settle says, once, whether the client is where it should be.
func (c *client) settle(ready bool) {
	c.settled.Do(func() {
		c.ready.Store(ready)
		c.run.settled(ready)
	})
}

func (c *client) changed(change thimble.StateChange) {
	switch {
	case change.Current == thimble.StateConnected:
		now := time.Now()
		if c.connected.IsZero() {
			c.run.connect.add(now.Sub(c.begun))
		} else {
			c.run.reconnected.Add(1)
		}
		c.connected = now
	case change.Previous == thimble.StateConnected && change.Err != nil:
		c.run.failure(change.Err)
	}
}

func (c *client) subscribed() {
	if c.confirmed++; c.confirmed == len(c.on) {
		c.run.subscribe.add(time.Since(c.connected))
		c.settle(true)
	}
}

// refused counts a subscription that failed; one that will not be tried again
// makes the client of no use.
func (c *client) refused(err error) {
	c.run.failure(err)
	var failure *thimble.SubscriptionError
	if errors.As(err, &failure) && failure.Retry == 0 {
		c.settle(false)
		c.end()
	}
}

func (c *client) received(e thimble.Event) {
	if !c.ready.Load() {
		return // nobody counts on it
	}
	s, ok := readMessage(c.run.id, e)
	if !ok || s.sender < 0 || s.sender >= len(c.orders) || s.number < 0 || s.number > MaxMessages {
		c.shard.foreign.Add(1)
		return
	}
	now := c.run.now()
	switch c.orders[s.sender].note(s.number) {
	case duplicate:
		c.shard.duplicates.Add(1)
		return
	case reordered:
		c.shard.reordered.Add(1)
	}
	c.shard.latency.add(now - s.sent)
	c.shard.last.Store(int64(now))
	c.shard.delivered.Add(1)
}
