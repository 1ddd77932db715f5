package broker

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Serve accepts connections from l until Shutdown is called, and then returns
// [ErrClosed]. It may be called several times, with listeners of different
// addresses, and a TLS listener is fine. It closes l.
func (b *Broker) Serve(l net.Listener) error {
	server := &http.Server{
		Handler:           b.handler,
		ReadHeaderTimeout: b.config.HandshakeTimeout,
		ReadTimeout:       b.config.HandshakeTimeout + requestTimeout,
		WriteTimeout:      b.config.HandshakeTimeout + 2*requestTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(b.log.Handler(), slog.LevelDebug),
		ConnState:         b.counted,
	}
	b.mu.Lock()
	if b.down || b.draining {
		b.mu.Unlock()
		l.Close()
		return ErrClosed
	}
	w := &watched{Listener: l, broker: b, said: newSeldom(1)}
	w.open, w.shut = context.WithCancel(context.Background())
	front := b.engine.listen(w)
	b.servers[server] = front
	if _, port, err := net.SplitHostPort(l.Addr().String()); err == nil {
		b.port.CompareAndSwap(nil, port)
	}
	b.mu.Unlock()

	err := server.Serve(front)
	b.mu.Lock()
	if errors.Is(err, http.ErrServerClosed) || b.draining {
		b.mu.Unlock()
		return ErrClosed // Shutdown has the rest
	}
	delete(b.servers, server)
	b.mu.Unlock()
	server.Close()
	return err
}

// counted is what http.Server tells of a connection.
func (b *Broker) counted(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		b.room.requests.Add(1)
	case http.StateHijacked, http.StateClosed:
		b.room.requests.Add(-1)
	}
}

// Shutdown ends the Broker: it accepts nothing more, closes every connection
// with Config.DrainCode behind what is queued for it, spread over Config.Drain,
// and returns when all goroutines have ended. Until a connection is closed,
// events that are published reach it. When ctx ends first, the connections are
// cut, and its error is returned. Webhooks that wait are tried once more,
// until ctx ends; then they wait for the next Broker in Config.WebhookQueue, or
// are lost without one.
func (b *Broker) Shutdown(ctx context.Context) error {
	if b.config.Drain > 0 {
		b.drain(ctx)
	}
	b.mu.Lock()
	b.down = true
	connections := slices.Clone(b.connections)
	servers := slices.Collect(maps.Keys(b.servers))
	b.mu.Unlock()

	if b.console != nil {
		b.console.Close()
	}
	for _, c := range connections {
		c.close(b.goodbye)
	}
	b.engine.drain()
	stopped := make(chan error, len(servers))
	for _, server := range servers {
		go func() { stopped <- server.Shutdown(ctx) }()
	}
	ended := make(chan struct{})
	go func() {
		b.running.Wait()
		close(ended)
	}()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = ctx.Err()
		b.cut()
		<-ended
	}
	for range servers {
		// Whoever runs the broker may have closed its listener already.
		if e := <-stopped; e != nil && !errors.Is(e, net.ErrClosed) {
			err = e
		}
	}
	for _, server := range servers {
		server.Close() // what is left when ctx has ended
	}
	if q := b.webhooks.Load(); q != nil {
		q.Close(ctx) // when everybody has gone, which is told too
	}
	return err
}

// cut closes every connection that is left.
func (b *Broker) cut() {
	b.mu.Lock()
	b.severed = true
	left := slices.Clone(b.connections)
	b.mu.Unlock()
	for _, c := range left {
		c.transport().cut()
	}
}

// watched tells an operator when connections cannot be taken, which the HTTP
// server itself says only where it says much else: nearly always the process
// has no file descriptors left. It takes them no faster than Config.AcceptRate
// says.
type watched struct {
	net.Listener
	broker *Broker
	said   *seldom

	open    context.Context // until Close
	shut    context.CancelFunc
	closing sync.Once
	failure error // of closing
}

func (w *watched) Accept() (net.Conn, error) {
	b := w.broker
	for {
		if b.room.wait(w.open) != nil {
			return nil, net.ErrClosed
		}
		conn, err := w.Listener.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				w.failed(err)
			}
			return nil, err
		}
		if !w.crowded() {
			return conn, nil
		}
		conn.Close()
	}
}

// Close implements net.Listener. Shutdown calls it, and then the HTTP server.
func (w *watched) Close() error {
	w.closing.Do(func() {
		w.shut()
		w.failure = w.Listener.Close()
	})
	return w.failure
}

// failed is for an error of accepting.
func (w *watched) failed(err error) {
	w.broker.refuse("accept")
	w.complain(err)
}

func (w *watched) complain(err error) {
	if _, ok := w.said.may(time.Now()); ok {
		w.broker.log.Error("cannot take connections; if files are meant, raise the limit (ulimit -n, LimitNOFILE)", slog.Any("error", err), slog.Int("open_files", w.broker.room.files))
	}
}

// crowded says that a connection must be closed unheard.
func (w *watched) crowded() bool {
	b := w.broker
	b.mu.Lock()
	crowded := b.room.exhausted(len(b.connections))
	b.mu.Unlock()
	if crowded {
		b.refuse("files")
		w.complain(errors.New("broker: nearly all open files are taken"))
	}
	return crowded
}
