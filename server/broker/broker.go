package broker

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thimble-go/thimble/server/internal/console"
	"github.com/thimble-go/thimble/server/internal/peer"
	"github.com/thimble-go/thimble/server/internal/webhook"
)

// Broker serves applications. Make one with [New]; its methods may be called
// from any goroutine.
type Broker struct {
	config  Config
	log     *slog.Logger
	started time.Time
	handler http.Handler
	engine  engine

	// maxMessage and queueBytes are Config's, or follow from the applications.
	maxMessage, queueBytes atomic.Int64

	proxies   proxies
	apps      atomic.Pointer[directory]
	reloading sync.Mutex
	strangers *app // for connections that name no application

	observers observers
	webhooks  atomic.Pointer[webhook.Queue] // nil if there have never been any
	hooked    *observer                     // for them; guarded by reloading
	console   *console.Console              // nil for none

	instruments *instruments
	tally       sync.Map     // of *counters, by the id of their application
	slowReaders atomic.Int64 // in Stats, and so apart from the instruments
	port        atomic.Value // string: of the first listener, a label of metrics

	// running counts the goroutines that serve connections. It goes up under mu
	// only, and only before down is set.
	running sync.WaitGroup

	room    *room
	goodbye *peer.Refusal // what Shutdown tells everybody

	mu       sync.Mutex
	draining bool // connections are refused, and those that are open closed one after the other
	down     bool // no connection is taken any more
	severed  bool // those that are left are cut
	admitted int  // connections that count towards MaxConnections
	// addresses counts the connections from each, for MaxConnectionsPerIP.
	addresses map[string]int
	// connections are all that are open, those that were refused included.
	connections []*connection
	servers     map[*http.Server]net.Listener
}

// New checks the configuration and returns a Broker that is ready to serve. It
// starts no goroutine, unless webhooks wait in Config.WebhookQueue, which it
// opens. The errors wrap [ErrConfig] and name the field, or [ErrWebhookQueue].
func New(config Config) (*Broker, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	b := &Broker{
		config:  config,
		log:     config.Logger,
		proxies: config.TrustedProxies,
		started: time.Now(),
		servers: make(map[*http.Server]net.Listener),
		room:    newRoom(&config, openFiles()),
		goodbye: peer.RefuseRestarting,

		addresses:   make(map[string]int),
		instruments: newInstruments(),
	}
	if config.DrainCode == peer.CodeReconnect {
		b.goodbye = peer.RefuseMoving
	}
	b.room.log(b.log, config.MaxConnections)
	b.size(config.Apps)
	apps := &directory{byID: make(map[string]*app), byKey: make(map[string]*app)}
	for _, a := range config.Apps {
		apps.add(b.newApp(a))
	}
	if err := b.openWebhooks(config.Apps); err != nil {
		return nil, err
	}
	b.watchForWebhooks(apps)
	b.apps.Store(apps)
	b.strangers = b.newApp(App{})
	b.console = b.newConsole()
	b.handler = b.routes()
	b.engine.init(b)
	return b, nil
}

// Handler returns the handler of everything that the Broker serves: WebSocket
// at /app/{key}, the HTTP API below /apps/, /healthz and /readyz, and the
// console at /console if there is one. Under a prefix, put
// it behind http.StripPrefix. The server that it is mounted in needs a
// ReadHeaderTimeout; [Broker.Serve] has one.
func (b *Broker) Handler() http.Handler { return b.handler }

// now is the time of the connections.
func (b *Broker) now() time.Duration { return time.Since(b.started) }

// Stats are counts of one Broker. Those of connections and channels are of
// now, the others since New.
type Stats struct {
	// Connections that are open.
	Connections int
	// Channels with at least one subscriber.
	Channels int
	// MessagesIn is how many messages clients have sent.
	MessagesIn int64
	// MessagesOut is how many messages have been queued for clients: an event
	// counts once for each client that it goes to.
	MessagesOut int64
	// SlowReaders is how many connections were closed since more was sent to
	// them than they read.
	SlowReaders int64

	// WebhooksSent is how many events endpoints have taken.
	WebhooksSent int64
	// WebhooksFailed is how many requests were not answered with 2xx.
	WebhooksFailed int64
	// WebhooksDropped is how many events were not delivered and never will be,
	// since there was no room for them or their time was up.
	WebhooksDropped int64
	// WebhookQueueBytes is how much waits for endpoints now.
	WebhookQueueBytes int64
	// WebhookQueueErrors is how often Config.WebhookQueue could not be written.
	WebhookQueueErrors int64
}

// Stats returns the counts.
func (b *Broker) Stats() Stats {
	s := Stats{SlowReaders: b.slowReaders.Load()}
	b.tally.Range(func(_, counted any) bool {
		s.MessagesIn += counted.(*counters).messagesIn.Load()
		s.MessagesOut += counted.(*counters).messagesOut.Load()
		return true
	})
	for _, a := range b.apps.Load().byID {
		s.Channels += a.hub.size()
	}
	if q := b.webhooks.Load(); q != nil {
		w := q.Stats()
		s.WebhooksSent, s.WebhooksFailed, s.WebhooksDropped = w.Sent, w.Failed, w.Dropped
		s.WebhookQueueBytes, s.WebhookQueueErrors = w.QueueBytes, w.StoreErrors
	}
	b.mu.Lock()
	s.Connections = b.admitted
	b.mu.Unlock()
	return s
}

// admission is a place among the connections, taken before there is a socket.
type admission struct {
	app     *app
	address string        // of the client, if connections are counted by address
	refusal *peer.Refusal // nil for a client that is welcome
}

// reserve takes a place for a connection, unless it is refused anyway. It
// fails when there is no place even to say so: at the end, and when those who
// are being told that there is no place are many themselves.
func (b *Broker) reserve(app *app, address string, refusal *peer.Refusal) (admission, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		b.refuse("shutdown")
		return admission{}, ErrClosed
	}
	if refusal == nil && b.draining {
		refusal = peer.RefuseRestarting
	}
	if limit := b.room.most; limit > 0 {
		if len(b.connections) >= limit+b.room.refusals {
			b.refuse("overload")
			return admission{}, fmt.Errorf("broker: more than %d connections", limit)
		}
		if refusal == nil && b.admitted >= limit {
			refusal = peer.RefuseCapacity
		}
	}
	if b.config.MaxConnectionsPerIP == 0 {
		address = ""
	}
	switch limit := app.conf().MaxConnections; {
	case refusal != nil:
	case limit > 0 && app.connections >= limit:
		refusal = peer.RefuseQuota
		app.limit(limitConnections)
	case address != "" && b.addresses[address] >= b.config.MaxConnectionsPerIP:
		refusal = peer.RefuseAddress
		app.limit(limitConnectionsPerIP)
	default:
		app.counters.opened.Add(1)
		b.admitted++
		app.connections++
		if address != "" {
			b.addresses[address]++
		}
	}
	if refusal != nil {
		b.refuse(reasonOf(refusal))
	}
	b.running.Add(1)
	return admission{app, address, refusal}, nil
}

// release gives the place back.
func (b *Broker) release(a admission) {
	b.mu.Lock()
	if a.refusal == nil {
		a.app.counters.ended.Add(1)
		b.admitted--
		a.app.connections--
		if a.address != "" {
			if b.addresses[a.address]--; b.addresses[a.address] == 0 {
				delete(b.addresses, a.address)
			}
		}
	}
	b.mu.Unlock()
	b.running.Done()
}

// enter makes a connection known, and closes it if the end has come meanwhile.
func (b *Broker) enter(c *connection) {
	b.mu.Lock()
	c.index = len(b.connections)
	b.connections = append(b.connections, c)
	down, severed := b.down || b.draining, b.severed
	b.mu.Unlock()
	if why := c.client.app.expelled(); why != nil && c.place.refusal == nil {
		c.close(why)
	}
	if down {
		c.close(b.goodbye)
	}
	if severed {
		c.transport().cut()
	}
}

// leave is the end of a connection.
func (b *Broker) leave(c *connection) {
	b.mu.Lock()
	last := len(b.connections) - 1
	moved := b.connections[last]
	b.connections[c.index], moved.index = moved, c.index
	b.connections[last] = nil
	b.connections = b.connections[:last]
	b.mu.Unlock()
	if c.place.refusal == nil {
		c.client.lost()
	}
	b.release(c.place)
}
