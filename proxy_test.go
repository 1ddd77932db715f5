package thimble_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// ending is what becomes of a connection.
type ending uint8

const (
	whole ending = iota // it is carried until one of the two ends it
	fin                 // both sides are told that it has ended
	reset               // both sides find it broken
	stall               // this direction is carried no further, and nobody is told
)

// way is what happens to the bytes of one direction.
type way struct {
	after int // with then: so many bytes are carried before
	then  ending
	chop  int           // bytes in each write; 0: as they come
	pause time.Duration // before each write
}

// weather is what happens to one connection.
type weather struct {
	up, down way  // from the client, to the client
	swallow  bool // it is accepted, and that is all
	refuse   bool // it is reset at once
}

// proxy is a network between a client and a server that misbehaves as its
// forecast says.
type proxy struct {
	t        testing.TB
	to       string
	forecast func(n int) weather // of connection n, from 1

	ln     net.Listener
	mu     sync.Mutex
	open   map[*crossing]bool
	hidden bool
	n      int
	wg     sync.WaitGroup
	cuts   atomic.Int64 // connections that did not stay whole
}

// newProxy stands before the server at an address.
func newProxy(t testing.TB, to string, forecast func(n int) weather) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, to: to, forecast: forecast, ln: ln, open: make(map[*crossing]bool)}
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			p.carry(conn.(*net.TCPConn))
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		p.hide(true)
		p.cut(reset)
		p.wg.Wait()
	})
	return p
}

// fair lets everything pass.
func fair(int) weather { return weather{} }

func (p *proxy) host() string { return p.ln.Addr().String() }

// hide has every connection refused from now on, or no longer. The port stays
// open, since others might take it meanwhile: who dials it is reset at once.
func (p *proxy) hide(hidden bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hidden = hidden
}

// cut ends all connections that there are.
func (p *proxy) cut(how ending) {
	p.mu.Lock()
	var all []*crossing
	for x := range p.open {
		all = append(all, x)
	}
	p.mu.Unlock()
	p.cuts.Add(int64(len(all)))
	for _, x := range all {
		x.end(how)
	}
}

// carry takes one connection over.
func (p *proxy) carry(client *net.TCPConn) {
	p.mu.Lock()
	p.n++
	w := p.forecast(p.n)
	w.refuse = w.refuse || p.hidden
	p.mu.Unlock()
	x := &crossing{proxy: p, client: client, ended: make(chan struct{}), still: make(chan struct{})}
	if !w.refuse && !w.swallow {
		server, err := net.Dial("tcp", p.to)
		if err == nil {
			x.server = server.(*net.TCPConn)
		}
		w.refuse = err != nil
	}
	p.mu.Lock()
	w.refuse = w.refuse || p.hidden // which may have changed meanwhile
	p.open[x] = true
	p.mu.Unlock()
	if w.refuse {
		x.end(reset)
		return
	}
	if w.swallow {
		return
	}
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		var both sync.WaitGroup
		both.Add(2)
		go func() { defer both.Done(); x.pump(x.server, x.client, w.up) }()
		go func() { defer both.Done(); x.pump(x.client, x.server, w.down) }()
		both.Wait()
		x.close()
	}()
}

// crossing is one connection through a proxy.
type crossing struct {
	proxy          *proxy
	client, server *net.TCPConn // server is nil for one that is swallowed
	once, quiet    sync.Once
	ended          chan struct{} // both ends are closed
	still          chan struct{} // nothing is carried any more
}

// pump carries one direction.
func (x *crossing) pump(to, from *net.TCPConn, w way) {
	buf := make([]byte, 4096)
	left, lost := w.after, false
	for {
		if w.then != whole && left == 0 && !lost {
			x.proxy.cuts.Add(1)
			if w.then == stall {
				<-x.ended
				return
			}
			x.end(w.then)
			lost = true
		}
		space := buf
		if w.then != whole && !lost {
			space = buf[:min(len(buf), left)]
		}
		n, err := from.Read(space)
		select {
		case <-x.still:
			<-x.ended
			return
		default:
		}
		if n > 0 && !lost {
			left -= n
			lost = write(to, space[:n], w) != nil
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				_ = to.CloseWrite()
			} else {
				x.end(reset)
			}
			return
		}
	}
}

func write(to net.Conn, b []byte, w way) error {
	for len(b) > 0 {
		n := len(b)
		if w.chop > 0 {
			n = min(n, w.chop)
		}
		if w.pause > 0 {
			time.Sleep(w.pause)
		}
		if _, err := to.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// end brings the connection to its end from in between.
func (x *crossing) end(how ending) {
	switch how {
	case fin:
		_ = x.client.CloseWrite()
		if x.server != nil {
			_ = x.server.CloseWrite()
		}
	case stall:
		x.quiet.Do(func() { close(x.still) })
	case reset:
		_ = x.client.SetLinger(0)
		if x.server != nil {
			_ = x.server.SetLinger(0)
		}
		x.close()
	}
}

func (x *crossing) close() {
	x.once.Do(func() {
		x.client.Close()
		if x.server != nil {
			x.server.Close()
		}
		x.proxy.mu.Lock()
		delete(x.proxy.open, x)
		x.proxy.mu.Unlock()
		close(x.ended)
	})
}
