package thimble

import "context"

// KeepConnection has the requests under ctx made the way a client's worker
// makes them, until done is called.
func KeepConnection(ctx context.Context) (_ context.Context, done func()) {
	k := new(kept)
	return k.attach(ctx), k.close
}

// MaxWorkers is how many authorizations run at the same time.
const MaxWorkers = maxWorkers

// MaxCalls is how many there may be with those that do not return.
const MaxCalls = maxCalls

// Handlers counts the names and patterns that a client keeps handlers for.
func Handlers(c *Client) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.all.exact) + len(c.all.wide)
}

// NewInterner returns what keeps the names that events have, and how many it
// keeps.
func NewInterner() (name func([]byte) string, kept func() int) {
	in := new(interner)
	return in.name, func() int { return len(in.known) }
}
