//go:build !tinygo

package thimble

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/thimble-go/thimble/internal/http1"
)

const (
	// keepPrepared is how long a connection that was opened ahead of its
	// request waits for it: as long as connecting to the server may take.
	keepPrepared = 15 * time.Second

	// openTimeout bounds opening a connection, TLS included, where nobody waits
	// for it any more.
	openTimeout = 30 * time.Second
)

// Prepare opens the connection to the endpoint, so that Authorize takes one
// round trip. It does nothing if there is one already, behind a proxy, or with
// a Client of one's own. A connection that is not used within 15 s, or before
// ctx ends, is closed.
func (e Endpoint) Prepare(ctx context.Context) {
	if u, err := http1.SplitURL(e.URL); err == nil && e.Client == nil {
		endpoints().prepare(ctx, u)
	}
}

// pool is a transport whose connections can be opened ahead of the requests.
type pool struct {
	given  http.RoundTripper                     // for what goes through a proxy
	proxy  func(*http.Request) (*url.URL, error) // nil: nothing does
	direct *http.Transport                       // for all else; nil: given does it all
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	tls    *tls.Config
	keep   time.Duration // how long a prepared connection waits

	mu    sync.Mutex
	open  map[string]int       // connections that there are, for each route
	ready map[string]*prepared // at most one for each route
}

// prepared is a connection that waits for a request, or that is being opened.
type prepared struct {
	opened chan struct{} // closed when there is a connection, or there will be none
	conn   net.Conn
	timer  *time.Timer
	stop   func() bool
}

// newPool makes a pool with the settings of a transport. One that is no
// *http.Transport, or that has its own way to connect, is used as it is.
func newPool(given http.RoundTripper) *pool {
	p := &pool{given: given, keep: keepPrepared, open: make(map[string]int), ready: make(map[string]*prepared)}
	base, ok := given.(*http.Transport)
	//lint:ignore SA1019 somebody's transport may have the old fields set
	if !ok || base.DialTLSContext != nil || base.DialTLS != nil || base.Dial != nil {
		return p
	}
	p.proxy, p.direct, p.dial = base.Proxy, base.Clone(), base.DialContext
	if p.dial == nil {
		p.dial = dialTCP
	}
	// Clone has filled in which protocols to offer: HTTP/2 too, unless that is
	// switched off. The transport fills them in once more with its first request,
	// while a connection may be under way; ours is therefore a copy.
	p.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	if given := p.direct.TLSClientConfig; given != nil {
		p.tls = given.Clone()
	}
	p.direct.Proxy = nil
	p.direct.MaxIdleConnsPerHost = max(base.MaxIdleConnsPerHost, maxWorkers)
	p.direct.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		return p.connect(ctx, address, false)
	}
	p.direct.DialTLSContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		return p.connect(ctx, address, true)
	}
	return p
}

// RoundTrip makes one request.
func (p *pool) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.proxied(r) {
		return p.given.RoundTrip(r)
	}
	return p.direct.RoundTrip(r)
}

func (p *pool) proxied(r *http.Request) bool {
	if p.direct == nil {
		return true
	}
	if p.proxy == nil {
		return false
	}
	u, err := p.proxy(r)
	return u != nil || err != nil
}

// route names what a connection is good for.
func route(address string, secure bool) string {
	if secure {
		return "tls " + address
	}
	return address
}

// prepare opens a connection, unless there is one.
func (p *pool) prepare(ctx context.Context, to http1.URL) {
	scheme := "http"
	if to.TLS {
		scheme = "https"
	}
	if ctx.Err() != nil || p.proxied(&http.Request{URL: &url.URL{Scheme: scheme, Host: to.Host}}) {
		return
	}
	key := route(to.Address, to.TLS)
	p.mu.Lock()
	if p.open[key] > 0 || p.ready[key] != nil {
		p.mu.Unlock()
		return
	}
	w := &prepared{opened: make(chan struct{})}
	p.ready[key] = w
	p.mu.Unlock()

	conn, err := p.fresh(ctx, to.Address, to.TLS, true)
	p.mu.Lock()
	defer p.mu.Unlock()
	defer close(w.opened)
	if err != nil {
		delete(p.ready, key) // whoever asks will find out why
		return
	}
	w.conn = conn
	drop := func() {
		if p.withdraw(key, w) {
			_ = conn.Close()
		}
	}
	w.timer = time.AfterFunc(p.keep, drop)
	w.stop = context.AfterFunc(ctx, drop)
}

// withdraw takes a prepared connection away from all others.
func (p *pool) withdraw(key string, w *prepared) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ready[key] != w {
		return false
	}
	delete(p.ready, key)
	return true
}

// connect returns a connection for a request: the prepared one if there is
// one, or will be.
func (p *pool) connect(ctx context.Context, address string, secure bool) (net.Conn, error) {
	key := route(address, secure)
	p.mu.Lock()
	w := p.ready[key]
	p.mu.Unlock()
	if w != nil {
		select {
		case <-w.opened:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if p.withdraw(key, w) {
			w.timer.Stop()
			w.stop()
			return w.conn, nil
		}
	}
	return p.fresh(ctx, address, secure, false)
}

// fresh opens a connection.
func (p *pool) fresh(ctx context.Context, address string, secure, ahead bool) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	raw, err := p.dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	key := route(address, secure)
	p.mu.Lock()
	p.open[key]++
	p.mu.Unlock()
	conn := &pooled{Conn: raw, pool: p, key: key, ahead: ahead}
	if !secure {
		return conn, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err == nil {
		var wrapped net.Conn
		if wrapped, err = WithTLS(p.tls)(ctx, conn, host); err == nil {
			return wrapped, nil
		}
	}
	_ = conn.Close()
	return nil, err
}

// pooled is a connection that is counted as long as it is open.
type pooled struct {
	net.Conn
	pool  *pool
	key   string
	ahead bool // opened ahead of its first request
	once  sync.Once
}

func (c *pooled) Close() error {
	c.once.Do(func() {
		c.pool.mu.Lock()
		defer c.pool.mu.Unlock()
		if c.pool.open[c.key]--; c.pool.open[c.key] == 0 {
			delete(c.pool.open, c.key)
		}
	})
	return c.Conn.Close()
}

// isAhead says whether a connection was opened ahead of its first request.
func isAhead(conn net.Conn) bool {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	c, ok := conn.(*pooled)
	return ok && c.ahead
}
