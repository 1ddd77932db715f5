//go:build !tinygo

package thimble

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/http1"
)

const waitAtMost = 20 * time.Second

// warm is a server and a pool to it, of which each connection is counted.
type warm struct {
	server *httptest.Server
	pool   *pool
	to     http1.URL
	states chan http.ConnState
	dials  atomic.Int32
	began  func() // called by each dial; nil: nothing
}

// newWarm starts a server; gate, unless nil, is waited for by each dial.
func newWarm(t *testing.T, secure bool, gate <-chan struct{}) *warm {
	w := &warm{states: make(chan http.ConnState, 1000)}
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, r.Proto)
	}))
	w.server.Config.ConnState = func(_ net.Conn, s http.ConnState) { w.states <- s }
	w.server.EnableHTTP2 = true
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of each bad certificate
	base := &http.Transport{ForceAttemptHTTP2: true}
	if secure {
		w.server.StartTLS()
		roots := x509.NewCertPool()
		roots.AddCert(w.server.Certificate())
		base.TLSClientConfig = &tls.Config{RootCAs: roots}
	} else {
		w.server.Start()
	}
	t.Cleanup(w.server.Close)
	base.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		w.dials.Add(1)
		if w.began != nil {
			w.began()
		}
		if gate != nil {
			select {
			case <-gate:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return dialTCP(ctx, network, address)
	}
	w.pool = newPool(base)
	t.Cleanup(func() { w.pool.direct.CloseIdleConnections() })
	var err error
	if w.to, err = http1.SplitURL(w.server.URL + "/auth"); err != nil {
		t.Fatal(err)
	}
	return w
}

// reach waits for a connection of the server to come to a state.
func (w *warm) reach(t *testing.T, want http.ConnState) {
	t.Helper()
	for end := time.After(waitAtMost); ; {
		select {
		case got := <-w.states:
			if got == want {
				return
			}
		case <-end:
			t.Fatalf("no connection becomes %s", want)
		}
	}
}

// ask makes one request and returns the protocol that it was made in.
func (w *warm) ask(t *testing.T) string {
	t.Helper()
	res, err := exchange(context.Background(), &http.Client{Transport: w.pool}, w.to, &http1.Request{Method: "POST", Host: w.to.Host, Target: "/auth"}, 100)
	if err != nil || res.status != 200 {
		t.Errorf("got %d, %v", res.status, err)
	}
	return string(res.body)
}

func (w *warm) dialed(t *testing.T, want int32) {
	t.Helper()
	if n := w.dials.Load(); n != want {
		t.Errorf("dialled %d times, not %d", n, want)
	}
}

// TestPrepare opens a connection ahead of the request, which then needs none.
func TestPrepare(t *testing.T) {
	t.Parallel()
	for secure, proto := range map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"} {
		w := newWarm(t, secure, nil)
		w.pool.prepare(context.Background(), w.to)
		w.reach(t, http.StateNew)
		w.dialed(t, 1)
		w.pool.prepare(context.Background(), w.to) // there is one
		for range 3 {
			if got := w.ask(t); got != proto {
				t.Errorf("asked with %s", got)
			}
			w.pool.prepare(context.Background(), w.to) // there is one still
		}
		w.dialed(t, 1)
		if n := len(w.pool.ready); n != 0 {
			t.Errorf("%d connections are still said to be ready", n)
		}
	}
}

// TestPrepareIsWaitedFor asks while the connection is being opened.
func TestPrepareIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		gate := make(chan struct{})
		w := newWarm(t, secure, gate)
		prepared, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(prepared)
			w.pool.prepare(context.Background(), w.to)
		}()
		for w.dials.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		go func() {
			defer close(done)
			w.ask(t)
		}()
		close(gate)
		<-prepared
		<-done
		w.dialed(t, 1)
	}
}

// TestPrepareFails has the request find out by itself.
func TestPrepareFails(t *testing.T) {
	t.Parallel()
	w := newWarm(t, false, make(chan struct{}))
	ctx, cancel := context.WithCancel(context.Background())
	w.began = cancel
	w.pool.prepare(ctx, w.to)
	if len(w.pool.ready) != 0 || len(w.pool.open) != 0 {
		t.Errorf("left: %v, %v", w.pool.ready, w.pool.open)
	}
	w.pool.prepare(ctx, w.to)
	w.dialed(t, 1) // ctx has ended
}

// TestPrepareUnused checks that a connection that nobody uses is closed.
func TestPrepareUnused(t *testing.T) {
	t.Parallel()
	w := newWarm(t, false, nil)
	ctx, cancel := context.WithCancel(context.Background())
	w.pool.prepare(ctx, w.to)
	w.reach(t, http.StateNew)
	cancel()
	w.reach(t, http.StateClosed)

	w.pool.keep = time.Millisecond
	w.pool.prepare(context.Background(), w.to)
	w.reach(t, http.StateNew)
	w.reach(t, http.StateClosed)
	w.dialed(t, 2)
	if got := w.ask(t); got != "HTTP/1.1" {
		t.Errorf("asked with %s", got)
	}
	w.dialed(t, 3)
}

// TestPrepareUsedThenEnds checks that a connection in use does not end with the
// context that it was prepared under, nor with time.
func TestPrepareUsedThenEnds(t *testing.T) {
	t.Parallel()
	w := newWarm(t, false, nil)
	ctx, cancel := context.WithCancel(context.Background())
	w.pool.prepare(ctx, w.to)
	w.ask(t)
	cancel()
	w.ask(t)
	w.dialed(t, 1)
}

// TestPrepareStale has the server close the connection that waits: the question
// is put on another.
func TestPrepareStale(t *testing.T) {
	t.Parallel()
	w := newWarm(t, false, nil)
	w.pool.prepare(context.Background(), w.to)
	w.reach(t, http.StateNew)
	w.server.CloseClientConnections()
	w.reach(t, http.StateClosed)
	w.ask(t)
	w.dialed(t, 2)
	if n := w.pool.open[route(w.to.Address, false)]; n != 1 {
		t.Errorf("%d connections are said to be open", n)
	}
}

// TestPrepareAgain opens another connection once the server has closed the one
// that there was.
func TestPrepareAgain(t *testing.T) {
	t.Parallel()
	w := newWarm(t, false, nil)
	w.ask(t)
	w.server.CloseClientConnections()
	for end := time.Now().Add(waitAtMost); ; time.Sleep(time.Millisecond) {
		w.pool.mu.Lock()
		n := len(w.pool.open)
		w.pool.mu.Unlock()
		if n == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the closed connection counts for ever")
		}
	}
	w.pool.prepare(context.Background(), w.to)
	w.dialed(t, 2)
	w.ask(t)
	w.dialed(t, 2)
}

// TestPrepareProxy leaves alone what goes through a proxy, and what has ways of
// its own.
func TestPrepareProxy(t *testing.T) {
	t.Parallel()
	dial := func(context.Context, string, string) (net.Conn, error) {
		t.Error("dialled")
		return nil, errors.New("no")
	}
	to, err := http1.SplitURL("http://example.com/auth")
	if err != nil {
		t.Fatal(err)
	}
	for name, base := range map[string]http.RoundTripper{
		"proxy":      &http.Transport{DialContext: dial, Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})},
		"bad proxy":  &http.Transport{DialContext: dial, Proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("no") }},
		"own TLS":    &http.Transport{DialContext: dial, DialTLSContext: dial},
		"stranger":   struct{ http.RoundTripper }{},
		"none given": nil,
	} {
		p := newPool(base)
		p.prepare(context.Background(), to)
		if len(p.ready) != 0 {
			t.Errorf("%s: prepared", name)
		}
	}
}

// TestPrepareBadCertificate does not keep a connection that cannot be trusted.
func TestPrepareBadCertificate(t *testing.T) {
	t.Parallel()
	w := newWarm(t, true, nil)
	w.pool.tls = &tls.Config{} // trusts it no longer
	w.pool.prepare(context.Background(), w.to)
	w.reach(t, http.StateClosed)
	if len(w.pool.ready) != 0 || len(w.pool.open) != 0 {
		t.Errorf("left: %v, %v", w.pool.ready, w.pool.open)
	}
}
