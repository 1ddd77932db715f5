package main

import (
	"net"
	"sync"
	"time"
)

// link is a stretch of network with a delay in each direction, in front of a
// server. It counts flights: how often the client speaks after it has heard
// the server, or first. A flight that the client waits for an answer to is a
// round trip.
type link struct {
	delay    time.Duration
	listener net.Listener
	target   string

	mu    sync.Mutex
	ended bool
	conns []*passage
	wg    sync.WaitGroup
}

// passage is one connection over a link.
type passage struct {
	link           *link
	client, server net.Conn
	accepted       time.Time

	flights  int  // guarded by link.mu
	speaking bool // the client spoke last
}

// chunk is what is on its way.
type chunk struct {
	due  time.Time
	data []byte
}

func newLink(target string, delay time.Duration) (*link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &link{delay: delay, listener: listener, target: target}
	l.wg.Add(1)
	go l.accept()
	return l, nil
}

func (l *link) address() string { return l.listener.Addr().String() }

// flights returns the flights of each connection, in the order in which they
// were opened. Opening one is a round trip more.
func (l *link) flights() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	var flights []int
	for _, p := range l.conns {
		flights = append(flights, p.flights)
	}
	return flights
}

func (l *link) close() {
	l.listener.Close()
	l.mu.Lock()
	l.ended = true
	for _, p := range l.conns {
		p.close()
	}
	l.mu.Unlock()
	l.wg.Wait()
}

func (l *link) accept() {
	defer l.wg.Done()
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.target)
		if err != nil {
			client.Close()
			continue
		}
		p := &passage{link: l, client: client, server: server, accepted: time.Now()}
		l.mu.Lock()
		l.conns = append(l.conns, p)
		if l.ended {
			p.close()
		}
		l.mu.Unlock()
		l.wg.Add(2)
		go p.carry(server, client, p.toServer, nil)
		go p.carry(client, server, p.toClient, p.heard)
	}
}

func (p *passage) close() {
	p.client.Close()
	p.server.Close()
}

// toServer notes that the client speaks. What it says first leaves once its
// connection would be open on a real link: the kernel's is open at once.
func (p *passage) toServer() time.Time {
	p.link.mu.Lock()
	defer p.link.mu.Unlock()
	if !p.speaking {
		p.speaking = true
		p.flights++
	}
	leaves := time.Now()
	if open := p.accepted.Add(2 * p.link.delay); leaves.Before(open) {
		leaves = open
	}
	return leaves.Add(p.link.delay)
}

func (p *passage) toClient() time.Time { return time.Now().Add(p.link.delay) }

// heard notes that the server's words have come to the client.
func (p *passage) heard() {
	p.link.mu.Lock()
	defer p.link.mu.Unlock()
	p.speaking = false
}

// carry brings what comes from src to dst when it is due.
func (p *passage) carry(dst, src net.Conn, due func() time.Time, arrived func()) {
	defer p.link.wg.Done()
	defer p.close()
	chunks := make(chan chunk, 1024)
	p.link.wg.Add(1)
	go func() {
		defer p.link.wg.Done()
		defer close(chunks)
		for {
			buf := make([]byte, 4096)
			n, err := src.Read(buf)
			if n > 0 {
				chunks <- chunk{due(), buf[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	for c := range chunks {
		time.Sleep(time.Until(c.due))
		if arrived != nil {
			arrived()
		}
		if _, err := dst.Write(c.data); err != nil {
			p.close() // the reader above ends, too
			for range chunks {
			}
			return
		}
	}
}
