package thimble

import (
	"context"
	"net"
	"sync"
	"time"
	"unsafe"

	"github.com/thimble-go/thimble/internal/session"
)

// Client is one client of one application. Make it with New, then call Run, or
// Poll in a loop. All other methods may be called from any goroutine.
type Client struct {
	cfg   Config
	addr  address
	start time.Duration // of the session's clock

	// Everything below is guarded by mu, except where it says otherwise.
	mu      sync.Mutex
	session *session.Session
	all     bindings
	onState []func(StateChange)
	onError []func(error)
	user    User
	names   interner // of events
	users   interner // their senders

	// Driving. Only the goroutine in Run or Poll handles events and reads.
	driving   bool
	present   present         // the event that is handled
	lent      bool            // the driver has given up the lock for handlers
	reading   bool            // the driver waits in conn.Read
	writing   bool            // somebody writes to writer
	preparing bool            // the Authorizer, beside the dialling
	opening   uint32          // counts dials, to know an answer that comes too late
	running   context.Context // that of Run; nil while it does not
	wake      chan struct{}   // tells a driver that waits without a connection
	armed     time.Duration   // the read deadline that conn has

	// The transport.
	conn        net.Conn
	raw         net.Conn        // below conn, if that is TLS
	dialled     string          // the address of the present attempt
	scope       context.Context // of the dial, and of authorizations for this connection
	cancel      func()
	writer      net.Conn             // that is being written to
	out, rest   []byte               // what is being written, and what of it is left
	parting     parting              // to be closed once that is done
	background  func()               // writeRest
	clock       func() time.Duration // now
	broken      error                // of a write: the transport is only read from, until brokenUntil
	brokenUntil time.Duration
	spare       []byte // the session's other output buffer

	link    *linkPart      // nil without Config.Network
	auth    *authPart      // nil without Config.Authorizer
	jobs    []job          // authorizations that wait for their turn
	batch   int            // how many are asked for at once; 0: one after the other, through Authorize
	workers *worker        // the first of them
	tasks   sync.WaitGroup // goroutines that dial and authorize
}

// New makes a client. It does not connect yet.
func New(cfg Config) (*Client, error) {
	addr, err := cfg.check()
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, addr: addr, start: tick(), wake: make(chan struct{}, 1)}
	below := cfg.session(addr)
	// Every Authorizer is one, but nil. Asked like this a board's linker can tell
	// whether a program has any, and leaves the rest out if not.
	if a, ok := any(cfg.Authorizer).(Authorizer); ok {
		below.Authorizer = session.Tokens
		c.auth, c.batch = &authorizing, batchSize(a)
	}
	if _, ok := any(cfg.Network).(Network); ok {
		below.Link, c.link = true, &linking
	}
	if cfg.Encryption != nil {
		below.Encryption = cfg.Encryption.part()
	}
	if c.session, err = session.New(below); err != nil {
		return nil, err
	}
	c.clock = c.now
	if detached {
		c.background = c.writeRest
	}
	c.user.client = c
	return c, nil
}

// Channel returns the channel of that name without subscribing to it, for
// handlers that are to be in place before the first event. There is one object
// for each name; it keeps its handlers for as long as the client lives.
func (c *Client) Channel(name string) *Channel {
	c.mu.Lock()
	ch := c.channel(name)
	c.mu.Unlock()
	return ch
}

func (c *Client) channel(name string) *Channel {
	state := c.session.Channel(name)
	ch := owner(state)
	if ch == nil || ch.forgotten {
		ch = &Channel{client: c, state: state}
		state.Owner = unsafe.Pointer(ch)
	}
	return ch
}

// owner returns the channel that the session keeps its state for; nil for one
// of the session's own.
func owner(state *session.Channel) *Channel { return (*Channel)(state.Owner) }

// Subscribe asks for a channel: now if there is a connection, and on every
// connection to come. What goes wrong reaches handlers of
// EventSubscriptionError and Channel.Err, an impossible name included.
// Subscribing twice is the same as once; subscribing to a channel that was
// refused tries again.
func (c *Client) Subscribe(name string) *Channel {
	ch := c.Channel(name)
	ch.Subscribe()
	return ch
}

// SubscribeAuthorized asks for a private or presence channel with a token made
// for the present connection's SocketID. On the next connection the token is
// void: then Config.Authorizer is asked, or the subscription fails with
// ErrTokenExpired until this is called again.
func (c *Client) SubscribeAuthorized(name string, token Token) *Channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := c.channel(name)
	c.session.SubscribeAuthorized(c.now(), ch.state, session.Token(token))
	clear(token.SharedSecret)
	c.settle()
	return ch
}

// Bind calls fn for the events of that name on every channel, and for those
// without a channel. A name that ends with * stands for all that start so.
func (c *Client) Bind(event string, fn Handler) Binding {
	return c.add(&c.all, &binding{name: event, fn: fn})
}

// BindAll calls fn for every event.
func (c *Client) BindAll(fn Handler) Binding { return c.Bind("*", fn) }

// OnStateChange calls fn for each change of the connection's state, in order.
func (c *Client) OnStateChange(fn func(StateChange)) {
	if fn == nil {
		return
	}
	c.mu.Lock()
	c.onState = append(c.onState[:len(c.onState):len(c.onState)], fn)
	c.mu.Unlock()
}

// OnError calls fn for what goes wrong without changing the state: a failed
// attempt to connect, an error event from the server, a message that could not
// be read, a handler that panicked. Failed subscriptions are events of their
// channel instead.
func (c *Client) OnError(fn func(error)) {
	if fn == nil {
		return
	}
	c.mu.Lock()
	c.onError = append(c.onError[:len(c.onError):len(c.onError)], fn)
	c.mu.Unlock()
}

// State returns the state of the connection.
func (c *Client) State() State {
	c.mu.Lock()
	state := c.session.State()
	c.mu.Unlock()
	return state
}

// SocketID returns the id that the server gave this connection; empty unless
// connected. It is what tokens are made for, and what a publisher names to
// leave this client out.
func (c *Client) SocketID() string {
	c.mu.Lock()
	id := c.session.SocketID()
	c.mu.Unlock()
	return id
}

// Connect asks for a connection again after Disconnect, or after the server
// refused one. A client that runs connects by itself. Once the context of Run
// has ended it does nothing until Run has returned.
func (c *Client) Connect() {
	c.mu.Lock()
	if c.running != nil && c.running.Err() != nil {
		c.mu.Unlock()
		return
	}
	c.letGo()
	c.session.Connect(c.now())
	c.settle()
	c.mu.Unlock()
}

// Disconnect ends the connection, or the attempts to make one. Run returns
// nil. Subscriptions stay wanted for the next Connect or Run.
func (c *Client) Disconnect() {
	c.mu.Lock()
	c.session.Disconnect()
	c.hangup()
	c.settle()
	c.mu.Unlock()
}

// Probe says that there is a reason to doubt the connection: the machine has
// woken up, or its network has changed. The server is pinged and has 10 s to
// answer (PongTimeout, if that is less) before the client connects anew; a
// wait for the next attempt to connect ends at once.
func (c *Client) Probe() {
	c.mu.Lock()
	c.letGo()
	c.session.Probe(c.now())
	c.settle()
	c.mu.Unlock()
}

// Server is where a client connects to, and as which application. The fields
// are those of Config. With Cluster, Host, Path and Plaintext all zero the
// client stays with the server that it has; otherwise the four together say
// which one it is, and what is zero of them is what zero is in Config.
type Server struct {
	Key       string // zero: as before
	Cluster   string
	Host      string
	Path      string
	Plaintext bool
}

// Switch goes on with another server, or another application. Channels, what
// is subscribed and handlers stay; a connection that there is ends, and tokens
// are asked for anew. An error says that nothing has changed.
func (c *Client) Switch(to Server) error {
	c.mu.Lock()
	cfg := c.cfg
	if to.Key != "" {
		cfg.Key = to.Key
	}
	if to != (Server{Key: to.Key}) {
		cfg.Cluster, cfg.Host, cfg.Path, cfg.Plaintext = to.Cluster, to.Host, to.Path, to.Plaintext
	}
	addr, err := cfg.check()
	if err != nil {
		c.mu.Unlock()
		return err
	}
	// The other fields are read without the lock, and are not written again.
	c.cfg.Key, c.cfg.Cluster, c.cfg.Host, c.cfg.Path, c.cfg.Plaintext = cfg.Key, cfg.Cluster, cfg.Host, cfg.Path, cfg.Plaintext
	c.addr = addr
	c.session.Retarget(c.now(), addr.session(&cfg))
	c.hangup()
	c.settle()
	c.mu.Unlock()
	return nil
}

// now is the session's time, never 0.
func (c *Client) now() time.Duration {
	if c.cfg.Clock != nil {
		return c.cfg.Clock() + 1
	}
	return tick() - c.start + 1
}
