package thimble

import (
	"context"
	"time"

	"github.com/thimble-go/thimble/internal/session"
)

// Run connects and keeps the client connected, calling handlers on this
// goroutine, until ctx ends, Disconnect is called, or the server refuses the
// connection in a way that trying again would not change. It returns ctx's
// error, nil, a *CloseError, or behind Config.Attempts an *AttemptsError. It may
// be called again.
//
// Run leaves no goroutine behind: it returns when all that it has called has
// returned, beside the handlers Config.Dial, TLS and Network, and the
// Authorizers. Their contexts have ended by then; one that takes no notice
// holds the end of Run up.
func (c *Client) Run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.drive(); err != nil {
		return err
	}
	c.tasks.Add(1)
	stop := context.AfterFunc(ctx, func() {
		defer c.tasks.Done()
		c.Disconnect()
	})

	c.mu.Lock()
	c.running = ctx
	returns := false
	defer func() {
		if !returns { // a handler has ended this goroutine, as FailNow of a test does
			if stop() {
				c.tasks.Done()
			}
			c.takeBack()
			c.session.Disconnect()
			c.hangup()
			c.driving, c.running = false, nil
			c.mu.Unlock()
		}
	}()
	if ctx.Err() == nil {
		c.session.Connect(c.now())
	}
	for {
		c.step(-1)
		if !c.active() && !c.session.Busy() {
			break
		}
	}
	err := c.session.Err()
	returns = true
	c.mu.Unlock()
	if stop() {
		c.tasks.Done()
	}
	c.tasks.Wait() // for Disconnect too, or it would end the next Run
	c.mu.Lock()
	c.driving, c.running = false, nil
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return ctx.Err()
}

// Poll does what is due, calling handlers on this goroutine, and returns. It
// is for programs that have a loop of their own; call it often. When nothing
// is due it waits for at most Config.PollWait. It never waits for the network:
// connections are made, and channels authorized, beside it. The first call
// connects; after Disconnect, or behind a Run, Connect does.
//
// It returns nil while the client is connected or trying, and the reason once
// the server has refused the connection for good.
func (c *Client) Poll() error {
	if err := c.drive(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.polled()
	if c.session.State() == session.Initialized {
		c.session.Connect(c.now())
	}
	c.step(c.cfg.PollWait)
	return c.session.Err()
}

// polled ends a Poll. It is no function literal, which would have a board allocate
// each time.
func (c *Client) polled() {
	c.takeBack()
	c.driving = false
	c.mu.Unlock()
}

// drive makes sure that there is one driver.
func (c *Client) drive() error {
	c.mu.Lock()
	if c.driving {
		c.mu.Unlock()
		return ErrRunning
	}
	c.driving = true
	c.mu.Unlock()
	return nil
}

// step does what is due and then waits once: for something to come, for a
// deadline, for notify, or for most; a negative most has no end. It is called,
// and returns, with the lock held.
func (c *Client) step(most time.Duration) {
	c.catchUp()
	c.session.Advance(c.now())
	c.handleAll()
	c.flush()
	if c.session.Busy() || most < 0 && !c.active() {
		return // handlers had something done, or ended it
	}
	if c.conn == nil {
		c.pause(most)
	} else {
		c.receive(c.until(most))
	}
	c.handleAll()
	c.flush()
}

// glance is how long reading what has come already may take.
const glance = 5 * time.Millisecond

// catchUp reads before time is told to pass. A slow handler, or a program that
// seldom polls, makes deadlines pass unheard: the answer to a ping may be here
// all the same. One of the two clocks may stand still: package time's where the
// user gives another, and the user's in a simulation.
func (c *Client) catchUp() {
	for end, soon := tick()+glance, c.now()+glance; c.conn != nil && tick() < end && c.now() < soon; {
		if at, ok := c.session.Deadline(); !ok || c.now() < at {
			return
		}
		c.receive(c.now() + glance)
		c.handleAll()
	}
}

// active says whether the session has, or wants, a connection.
func (c *Client) active() bool {
	s := c.session.State()
	return s != session.Initialized && s < session.Disconnected
}

// until returns when the wait ends at the latest; 0 means never.
func (c *Client) until(most time.Duration) time.Duration {
	at, ok := c.session.Deadline()
	if !ok {
		at = 0
	}
	if most >= 0 {
		if end := c.now() + most; at == 0 || end < at {
			at = end
		}
	}
	return at
}

// pause waits while there is no connection.
func (c *Client) pause(most time.Duration) {
	at := c.until(most)
	d := forever
	if at != 0 {
		d = at - c.now()
	}
	c.mu.Unlock()
	wait(c.wake, d)
	c.mu.Lock()
}

// receive reads once, and waits until at for something to come; 0 means as long
// as it takes.
func (c *Client) receive(at time.Duration) {
	conn := c.conn
	if at == 0 {
		at = c.now() + time.Hour // cannot be: there is always a deadline when connected
	}
	if c.broken != nil {
		at = min(at, c.brokenUntil)
	}
	// Setting a deadline costs as much as reading, so one that is early enough
	// stays; when it passes, it is set anew. A clock of the user's says nothing
	// about when that is.
	if freshDeadlines || c.cfg.Clock != nil || c.armed > at || c.armed <= c.now() {
		c.armed = at
		_ = conn.SetReadDeadline(deadline(at - c.now()))
	}
	c.reading = true
	space := c.session.Space()
	c.mu.Unlock()
	n, err := conn.Read(space)
	c.mu.Lock()
	c.reading = false
	if conn != c.conn {
		return // hung up meanwhile
	}
	now := c.now()
	if n > 0 {
		c.session.Received(now, n)
	}
	if err != nil && isTimeout(err) {
		if c.broken == nil || now < c.brokenUntil {
			return
		}
		err = c.broken
	}
	if err != nil {
		c.handleAll() // what came before the end counts
		c.lost(conn, err)
	}
}

// notify makes the driver look again. The lock is held.
func (c *Client) notify() {
	if c.reading {
		c.armed = 0
		_ = c.conn.SetReadDeadline(longAgo)
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// settle follows every change that does not come from the driver: it sends
// what there is to send, and wakes the driver if there is something for it.
// The lock is held.
func (c *Client) settle() {
	c.flush()
	at, ok := c.session.Deadline()
	if c.session.Busy() || c.conn == nil || ok && at < c.armed {
		c.notify()
	}
}

// handleAll handles all events that there are. The lock is held, but not
// while handlers run.
func (c *Client) handleAll() {
	ev := c.present.event()
	for c.session.NextAt(c.clock, ev) {
		c.handle(ev)
		if ev.Kind == session.Message && c.session.Pending() && !c.session.Busy() {
			c.flush() // the answer to a ping need not wait for all that came with it
		}
	}
	c.hireAny()
}
