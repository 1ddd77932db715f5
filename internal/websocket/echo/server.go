package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
)

// handshakeTime is how long an upgrade may take, in either role.
const handshakeTime = 10 * time.Second

// echoServer echoes on every connection that it accepts. Its methods may be
// called by several goroutines.
type echoServer struct {
	ctx context.Context // ends every connection

	mu    sync.Mutex     // guards what is below
	links sync.WaitGroup // gets none once ctx has ended
	out   io.Writer
	count int
}

// listen serves until the context ends, and has ended everything when it
// returns. It closes the listener.
func listen(ctx context.Context, listener net.Listener, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &echoServer{ctx: ctx, out: out}
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: handshakeTime,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(listener)
	cancel()
	s.mu.Lock() // whoever adds to links has done so, or sees that ctx has ended
	links := &s.links
	s.mu.Unlock()
	links.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *echoServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Sec-WebSocket-Key")
	switch {
	case !hasToken(r.Header, "Upgrade", "websocket") || !hasToken(r.Header, "Connection", "upgrade"):
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "This is a WebSocket echo server: connect with ws://"+r.Host+".", http.StatusUpgradeRequired)
		return
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		w.Header().Set("Sec-WebSocket-Version", "13")
		http.Error(w, "Only version 13 of the protocol is known, RFC 6455.", http.StatusUpgradeRequired)
		return
	case r.Method != http.MethodGet || !websocket.ValidKey(key):
		http.Error(w, "The upgrade needs GET and a Sec-WebSocket-Key of 16 bytes in base64.", http.StatusBadRequest)
		return
	}
	if !s.enter() {
		return
	}
	defer s.links.Done()
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "The connection cannot be upgraded.", http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	defer context.AfterFunc(s.ctx, func() { conn.Close() })()
	received, _ := buffered.Reader.Peek(buffered.Reader.Buffered())

	l := newLink(conn, true, received)
	l.out = fmt.Appendf(l.out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", websocket.Accept(key))
	if end, err := l.run(); err != nil {
		s.print(err.Error())
	} else {
		s.print(end.String())
	}
}

func (s *echoServer) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.links.Add(1)
	return true
}

// print tells how a connection ended, except when it was ended from here.
func (s *echoServer) print(text string) {
	if s.ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	fmt.Fprintf(s.out, "connection %d: %s\n", s.count, text)
}

// hasToken says whether a comma-separated header has that token.
func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for _, t := range strings.Split(line, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}
