package thimble

import "context"

// linkPart is what a client with a Network does besides; see session.Part.
type linkPart struct {
	up    func(*Client, context.Context) error
	doubt func(*Client, error)
}

var linking = linkPart{(*Client).linkUp, (*Client).doubt}

// linkUp brings the network up, for a device that says how. It takes as long as
// it takes; the time for connecting begins behind it.
func (c *Client) linkUp(ctx context.Context) error {
	c.log(Record{Level: LevelDebug, Message: "bringing the network up"})
	if err := tried("Network.Up", func() error { return c.cfg.Network.Up(ctx) }); err != nil {
		return err
	}
	c.mu.Lock()
	if ctx.Err() == nil {
		c.session.LinkUp(c.now())
	}
	c.mu.Unlock()
	return ctx.Err()
}

// doubt tells the Network of an end that may be the link's fault.
func (c *Client) doubt(err error) {
	switch err.(type) {
	case *CloseError, *ServerError:
		return // the server has spoken, so the link is well
	}
	c.guard("Network.Lost", func() { c.cfg.Network.Lost(err) })
}
