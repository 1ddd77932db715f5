package broker

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/thimble-go/thimble/server/internal/peer"
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
	}
	b.mu.Lock()
	if b.down {
		b.mu.Unlock()
		l.Close()
		return ErrClosed
	}
	b.servers[server] = struct{}{}
	if _, port, err := net.SplitHostPort(l.Addr().String()); err == nil {
		b.port.CompareAndSwap(nil, port)
	}
	b.mu.Unlock()

	err := server.Serve(&watched{Listener: l, log: b.log})
	if errors.Is(err, http.ErrServerClosed) {
		return ErrClosed
	}
	b.mu.Lock()
	delete(b.servers, server)
	b.mu.Unlock()
	server.Close()
	return err
}

// Shutdown ends the Broker: it accepts nothing more, closes every connection
// with 4200 behind what is queued for it, so that clients connect again at
// once, and returns when all goroutines have ended. When ctx ends first, the
// connections are cut, and its error is returned.
func (b *Broker) Shutdown(ctx context.Context) error {
	b.mu.Lock()
	b.down = true
	sockets := slices.Collect(maps.Keys(b.sockets))
	servers := slices.Collect(maps.Keys(b.servers))
	b.mu.Unlock()

	for _, s := range sockets {
		s.hurry(peer.RefuseDraining)
	}
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
		if e := <-stopped; e != nil {
			err = e
		}
	}
	for _, server := range servers {
		server.Close() // what is left when ctx has ended
	}
	return err
}

// cut closes every socket that is left.
func (b *Broker) cut() {
	b.mu.Lock()
	b.severed = true
	left := slices.Collect(maps.Keys(b.sockets))
	b.mu.Unlock()
	for _, s := range left {
		s.conn.Close()
	}
}

// watched tells an operator when connections cannot be taken, which the HTTP
// server itself says only where it says much else: nearly always the process
// has no file descriptors left.
type watched struct {
	net.Listener
	log  *slog.Logger
	last time.Time // only the one goroutine that accepts uses it
}

func (w *watched) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if err != nil && !errors.Is(err, net.ErrClosed) && time.Since(w.last) > acceptLogEvery {
		w.last = time.Now()
		w.log.Error("cannot take connections; if files are meant, raise the limit (ulimit -n)", slog.Any("error", err))
	}
	return conn, err
}
