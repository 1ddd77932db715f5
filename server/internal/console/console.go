package console

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Config says who may use a Console.
type Config struct {
	// Password is asked for. Empty means that Local decides.
	Password string

	// Local lets in without a password whoever comes over a loopback connection,
	// by a name of this machine and through no proxy. Nobody else gets in.
	Local bool

	// Client returns the address of who sends a request, against which wrong
	// passwords are counted, and Secure whether the request came over TLS.
	Client func(*http.Request) string
	Secure func(*http.Request) bool

	Logger *slog.Logger
}

// Console is the page of one broker. All methods may be called from any
// goroutine.
type Console struct {
	config  Config
	broker  Broker
	gate    gate
	started time.Time
	handler http.Handler

	// watchers is replaced as a whole; nil while nobody watches.
	watchers atomic.Pointer[[]*watcher]

	mu     sync.Mutex // for replacing watchers
	closed bool
	ending chan struct{} // closed by Close
}

// New returns a Console of a broker, which calls Tell from now on while Watched.
func New(config Config, broker Broker) *Console {
	c := &Console{config: config, broker: broker, started: time.Now(), ending: make(chan struct{})}
	c.gate.password = config.Password
	c.handler = c.routes()
	return c
}

// Handler serves the page at /console/ and what it asks for below.
func (c *Console) Handler() http.Handler { return c.handler }

// Watched says whether somebody watches. It costs one atomic load.
func (c *Console) Watched() bool { return c.watchers.Load() != nil }

// Tell shows an event to those who watch its application. It does not block.
func (c *Console) Tell(e *Event) {
	list := c.watchers.Load()
	if list == nil {
		return
	}
	at := time.Now()
	for _, w := range *list {
		if e.App == "" || w.app == e.App {
			w.tell(e, at.Sub(c.started), at)
		}
	}
}

// Close ends every stream at once, and lets no new one begin.
func (c *Console) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.ending)
	}
}

// watch adds a watcher, or returns nil when there are as many as there may be,
// or when the end has come.
func (c *Console) watch(app string) *watcher {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*watcher
	if now := c.watchers.Load(); now != nil {
		list = *now
	}
	if c.closed || len(list) >= maxWatchers {
		return nil
	}
	w := &watcher{app: app, id: rand.Text()}
	w.sampler.began = time.Since(c.started)
	list = append(append([]*watcher(nil), list...), w)
	c.watchers.Store(&list)
	if len(list) == 1 {
		c.broker.Observe(true)
	}
	return w
}

// unwatch takes a watcher away.
func (c *Console) unwatch(w *watcher) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var rest []*watcher
	for _, one := range *c.watchers.Load() {
		if one != w {
			rest = append(rest, one)
		}
	}
	if rest == nil {
		c.broker.Observe(false)
		c.watchers.Store(nil)
		return
	}
	c.watchers.Store(&rest)
}

// watcher finds one by its id.
func (c *Console) watcher(id string) *watcher {
	if list := c.watchers.Load(); list != nil {
		for _, w := range *list {
			if w.id == id {
				return w
			}
		}
	}
	return nil
}
