package thimble_test

import (
	"fmt"
	"io"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// manner is how a service behaves. All but the dialect may be left out.
type manner struct {
	d *dialect
	// then is called behind the answer to each message, and before before a
	// subscription is answered, on the connection's goroutine.
	then, before func(l *line, event, channel string)
	// pong is called for a WebSocket pong.
	pong func(payload string)
	// secure puts TLS on a connection.
	secure func(net.Conn) net.Conn
}

// service is a server that answers by itself, in the manner of its dialect,
// and checks what clients say: tokens made for another connection, and
// unsubscriptions of what was not subscribed, are errors of the test.
type service struct {
	*fake
	manner
	lines chan *line // those that have been greeted

	mu      sync.Mutex
	present *line         // the last one greeted
	changed chan struct{} // closed, and made anew, when present or its channels change
}

// line is one connection of a service.
type line struct {
	s    *service
	p    *peer
	n    int // from 1
	id   string
	subs map[string]bool // guarded by s.mu
	out  sync.Mutex      // for those who number what they send
	seq  int             // of the last event
	left bool            // a test's own, for use in then
}

// newService starts a service. Its first connections may be made at once.
func newService(t testing.TB, m manner) *service {
	t.Helper()
	stop, gone := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { <-gone })
	s := &service{fake: newFake(t), manner: m, lines: make(chan *line, 10000), changed: make(chan struct{})}
	t.Cleanup(func() { close(stop) })
	go func() {
		defer close(gone)
		var all sync.WaitGroup
		defer all.Wait()
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			case conn := <-s.conns:
				all.Add(1)
				go func() {
					defer all.Done()
					s.serve(conn, n)
				}()
			}
		}
	}()
	return s
}

// serve has one connection from its beginning to its end.
func (s *service) serve(conn net.Conn, n int) {
	defer conn.Close()
	if s.secure != nil {
		conn = s.secure(conn)
	}
	p, err := upgrade(s.t, conn)
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	l := &line{s: s, p: p, n: n, id: fmt.Sprintf("%d.%d", 100_000+n, 7), subs: make(map[string]bool)}
	if strings.Contains(p.request, "/app/unknown") {
		for _, text := range s.d.unknown {
			l.say(about(text, l.id, ""))
		}
		if s.d.unknownCode != 0 {
			l.raw(websocket.AppendClose(nil, s.d.unknownCode, "", nil))
		} else {
			l.raw(websocket.AppendClose(nil, websocket.CodeNoStatus, "", nil))
		}
		_, _ = io.Copy(io.Discard, conn) // a reset could overtake what was said
		return
	}
	s.mu.Lock()
	if s.present == nil || n > s.present.n { // one that was cut may be served late
		s.present = l
		s.signal()
	}
	s.mu.Unlock()
	l.say(about(s.d.greeting, l.id, ""))
	s.lines <- l
	for {
		item, err := p.next()
		if err != nil {
			break
		}
		if item.Opcode == websocket.Close {
			l.raw(websocket.AppendClose(nil, item.Code, "", nil))
			break
		}
		switch {
		case item.Opcode == websocket.Text:
			l.hear(item.Payload)
		case item.Opcode == websocket.Pong && s.pong != nil:
			s.pong(string(item.Payload))
		}
	}
	s.mu.Lock()
	clear(l.subs)
	s.signal()
	s.mu.Unlock()
}

// hear answers one message.
func (l *line) hear(text []byte) {
	t := l.s.t
	var m wire.Message
	if err := wire.Parse(text, &m); err != nil {
		t.Errorf("server: got %q", text)
		return
	}
	event, channel := string(m.Event), string(m.Channel)
	switch event {
	case "pusher:subscribe":
		data := wire.Value(m.Data)
		channel = data.Get("channel").Text()
		if auth := data.Get("auth").Text(); wire.KindOf(channel).Authorized() && auth != "key:"+l.id {
			t.Errorf("server: %s comes with the token %s on connection %s", channel, auth, l.id)
		}
		if l.s.before != nil {
			l.s.before(l, event, channel)
		}
		l.s.d.answer(l, channel)
	case "pusher:unsubscribe":
		channel = wire.Value(m.Data).Get("channel").Text()
		if !l.has(channel) {
			t.Errorf("server: %s is unsubscribed and was not subscribed", channel)
		}
		l.note(channel, false)
	case "pusher:ping":
		l.say(l.s.d.pong)
	}
	if l.s.then != nil {
		l.s.then(l, event, channel)
	}
}

// say sends a message; that the connection has ended shows when it is read.
func (l *line) say(text string) {
	l.raw(websocket.AppendFrame(nil, websocket.Text, text, nil))
}

func (l *line) raw(b []byte) { _, _ = l.p.conn.Write(b) }

func (l *line) event(name, channel, data string) {
	l.say(string(wire.AppendStringEvent(nil, name, channel, "", data)))
}

func (l *line) has(channel string) bool {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	return l.subs[channel]
}

func (l *line) note(channel string, subscribed bool) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if subscribed {
		l.subs[channel] = true
	} else {
		delete(l.subs, channel)
	}
	l.s.signal()
}

// signal wakes who waits for a change. The lock is held.
func (s *service) signal() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// subscribed returns what is subscribed on the last connection, and what is
// closed when that changes.
func (s *service) subscribed() (map[string]bool, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.present == nil {
		return nil, s.changed
	}
	return maps.Clone(s.present.subs), s.changed
}

// settles waits until exactly the channels that are wanted are subscribed.
func (s *service) settles(want map[string]bool) {
	s.t.Helper()
	for {
		got, changed := s.subscribed()
		if maps.Equal(got, want) {
			return
		}
		select {
		case <-changed:
		case <-time.After(patience):
			s.t.Fatalf("subscribed are %v, wanted %v", got, want)
		}
	}
}

// publish sends an event with the next number of the connection.
func (l *line) publish(channel string) {
	l.out.Lock()
	defer l.out.Unlock()
	l.seq++
	l.event("e", channel, fmt.Sprintf("%s %d", l.id, l.seq))
}

// last does something with the last connection, if there is one.
func (s *service) last(do func(l *line)) {
	s.mu.Lock()
	l := s.present
	s.mu.Unlock()
	if l != nil {
		do(l)
	}
}

// next does something that ends the last connection, and waits for another.
func (s *service) next(do func()) {
	s.t.Helper()
	s.mu.Lock()
	before, changed := s.present, s.changed
	s.mu.Unlock()
	for do(); ; {
		waitFor(s.t, "the next connection", changed)
		s.mu.Lock()
		now := s.present
		changed = s.changed
		s.mu.Unlock()
		if now != before {
			return
		}
	}
}
