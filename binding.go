package thimble

import "sync/atomic"

// Binding is a handler's place. Unbind ends it.
type Binding struct{ b *binding }

// Unbind takes the handler away. From its return on the handler is not called
// any more, except for a call that is under way on another goroutine. It may
// be called more than once, from the handler itself too.
func (b Binding) Unbind() {
	if b.b == nil || b.b.gone.Swap(true) {
		return
	}
	b.b.owner.remove(b.b)
}

type binding struct {
	owner *Client
	set   *bindings
	name  string // without the *
	wide  bool   // any event whose name starts with name
	from  func(userID string) bool
	check bool // only events with a sender that from accepts
	fn    Handler
	gone  atomic.Bool
}

// bindings are the handlers of a channel or of the client. Lists of handlers are
// replaced, never changed, so that an emission that is under way goes on with
// its own.
type bindings struct {
	exact []named // sorted by name: for the few that there are, a map takes ten times the memory
	wide  []*binding
	last  int // what was last found in exact; often it comes again
}

// named are the handlers for events of one name.
type named struct {
	name string
	list []*binding
}

// find returns the handlers for events of that name, and of any name. The lock
// is held.
func (set *bindings) find(name string) (exact, wide []*binding) {
	if set.last < len(set.exact) && set.exact[set.last].name == name {
		return set.exact[set.last].list, set.wide
	}
	if at, ok := set.search(name); ok {
		set.last = at
		exact = set.exact[at].list
	}
	return exact, set.wide
}

// search returns where in exact a name is, or belongs.
func (set *bindings) search(name string) (at int, ok bool) {
	end := len(set.exact)
	for at < end {
		if middle := (at + end) / 2; set.exact[middle].name < name {
			at = middle + 1
		} else {
			end = middle
		}
	}
	return at, at < len(set.exact) && set.exact[at].name == name
}

// add binds a handler, if it is one. A name that ends with * stands for all that
// start so.
func (c *Client) add(set *bindings, b *binding) Binding {
	if b.fn == nil {
		return Binding{}
	}
	if n := len(b.name); n > 0 && b.name[n-1] == '*' {
		b.name, b.wide = b.name[:n-1], true
	}
	b.owner, b.set = c, set
	c.mu.Lock()
	set.add(b)
	c.mu.Unlock()
	return Binding{b}
}

// add takes a handler in. The lock is held.
func (set *bindings) add(b *binding) {
	if b.wide {
		set.wide = append(set.wide[:len(set.wide):len(set.wide)], b)
		return
	}
	at, ok := set.search(b.name)
	if !ok {
		set.exact = append(set.exact, named{})
		copy(set.exact[at+1:], set.exact[at:])
		set.exact[at] = named{name: b.name}
	}
	list := set.exact[at].list
	set.exact[at].list = append(list[:len(list):len(list)], b)
}

func (c *Client) remove(b *binding) {
	c.mu.Lock()
	if b.wide {
		b.set.wide = without(b.set.wide, b)
		c.mu.Unlock()
		return
	}
	at, ok := b.set.search(b.name)
	if !ok {
		c.mu.Unlock()
		return // the channel is forgotten
	}
	exact := b.set.exact
	exact[at].list = without(exact[at].list, b)
	if len(exact[at].list) == 0 {
		last := len(exact) - 1
		copy(exact[at:], exact[at+1:])
		exact[last] = named{}
		b.set.exact = exact[:last]
	}
	c.mu.Unlock()
}

func without(list []*binding, b *binding) []*binding {
	var rest []*binding
	for _, other := range list {
		if other != b {
			rest = append(rest, other)
		}
	}
	return rest
}

// emit calls handlers for an event: those of its name first, then the wide
// ones, each in the order in which they were bound.
func (c *Client) emit(exact, wide []*binding, e *Event) {
	for _, b := range exact {
		c.call(b, e)
	}
	for _, b := range wide {
		if len(e.Name) >= len(b.name) && e.Name[:len(b.name)] == b.name {
			c.call(b, e)
		}
	}
}

func (c *Client) call(b *binding, e *Event) {
	if b.gone.Load() || b.check && e.UserID == "" {
		return
	}
	defer c.recover(e.Name)
	if b.check && b.from != nil && !b.from(e.UserID) {
		return
	}
	b.fn(*e)
}

// recover reports a handler's panic instead of dying of it.
func (c *Client) recover(name string) {
	if v := recover(); v != nil {
		err := &PanicError{name, v, stack()}
		c.log(Record{Level: LevelError, Message: "panic", Event: name, Err: err})
		c.report(err)
	}
}

// tried calls what the user has given, and makes a panic an error like any
// other.
func tried(name string, fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{name, v, stack()}
		}
	}()
	return fn()
}

// report calls the error handlers.
func (c *Client) report(err error) {
	c.mu.Lock()
	handlers := c.onError
	c.mu.Unlock()
	for _, fn := range handlers {
		c.reportTo(fn, err)
	}
}

// reportTo calls one error handler; there is nobody to tell of its own panic.
func (c *Client) reportTo(fn func(error), err error) {
	defer func() { _ = recover() }()
	fn(err)
}
