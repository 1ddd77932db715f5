package broker

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// socket is the transport of one connection: a goroutine that reads. It alone
// uses the client; others reach it through hurry.
type socket struct {
	connection
	broker *Broker
	conn   net.Conn
	outbox outbox

	// alarm is the time of the read deadline that is set, zero for none. It is
	// left where it is as long as it comes early enough: a deadline for each
	// message would cost more than the message.
	alarm time.Duration

	// wanted is why somebody else wants the connection closed.
	wanted atomic.Pointer[peer.Refusal]
}

// serveSocket has a goroutine carry a connection. early is what the client has
// sent already.
func (b *Broker) serveSocket(conn net.Conn, o *opening, place admission, early []byte) {
	s := &socket{broker: b, conn: conn}
	s.outbox = outbox{conn: conn, limit: &b.queueBytes, patience: b.config.WriteTimeout, overflow: s.lag, wrote: s.wrote}
	b.open(&s.connection, o, place, s)
	// A goroutine of its own has a smaller stack than the handler's, and lets go
	// of the request and of the buffers of the HTTP server.
	go s.serve(early)
}

// hurry implements outlet.
func (s *socket) hurry(why *peer.Refusal) {
	s.wanted.CompareAndSwap(nil, why)
	s.conn.SetReadDeadline(time.Unix(1, 0)) // wakes the goroutine
}

// queue implements outlet.
func (s *socket) queue(frame []byte) { s.outbox.queue(frame) }

// finish implements outlet.
func (s *socket) finish(frame []byte) { s.outbox.finish(frame) }

// wrote is what happens when the outbox has written.
func (s *socket) wrote(n int, late bool) {
	s.client.app.wrote(n)
	if late {
		s.late()
	}
}

// queued implements transport.
func (s *socket) queued() int { return s.outbox.queued() }

// remote implements transport.
func (s *socket) remote() string { return s.conn.RemoteAddr().String() }

// cut implements transport.
func (s *socket) cut() { s.conn.Close() }

// serve is the goroutine.
func (s *socket) serve(early []byte) {
	defer s.broker.leave(&s.connection)
	s.read(early)
	if s.client.flush {
		s.outbox.wait() // the write timeout bounds it
	}
	if s.client.linger {
		s.linger()
	}
	s.conn.Close()
	s.client.gone()
	s.outbox.finish(nil)
	s.outbox.wait()
}

// read reads until the connection ends.
func (s *socket) read(early []byte) {
	buffer := append(make([]byte, 0, max(readBuffer, len(early))), early...)
	for {
		if len(buffer) > 0 {
			used, alive := s.client.receive(buffer, s.broker.now())
			if !alive {
				return
			}
			buffer = makeRoom(buffer, used)
		}
		n, err := s.wait(buffer)
		buffer = buffer[:len(buffer)+n]
		if n > 0 || err == nil {
			continue // what came with an error comes before it
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		s.alarm = 0
		if !s.client.tick(s.broker.now()) {
			return
		}
	}
}

// linger lets the client read the close frame before the socket is closed:
// closing it while bytes of the client are unread would send a reset, on which
// many systems throw away what they have received.
func (s *socket) linger() {
	half, ok := s.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || s.conn.SetReadDeadline(time.Now().Add(lingerTimeout)) != nil {
		return
	}
	var scrap [readBuffer]byte
	for s.wanted.Load() == nil {
		if _, err := s.conn.Read(scrap[:]); err != nil {
			return
		}
	}
}

// wait reads what comes next behind what is in the buffer.
func (s *socket) wait(buffer []byte) (int, error) {
	now := s.broker.now()
	if due := s.client.peer.Deadline(); s.alarm == 0 || due < s.alarm {
		s.alarm = due
		if err := s.conn.SetReadDeadline(time.Now().Add(due - now)); err != nil {
			return 0, err
		}
	}
	// Whoever calls hurry sets wanted first and the deadline second; here it is
	// the other way round, so one of the two is seen.
	if why := s.wanted.Swap(nil); why != nil {
		s.hang(why, now)
		s.alarm = 0
		return 0, nil
	}
	n, err := s.conn.Read(buffer[len(buffer):cap(buffer)])
	s.client.app.read(n)
	return n, err
}

// makeRoom drops what is used and returns a buffer with room behind the rest.
// It grows only as bytes come, not as a header promises them, and is small
// again when they have been used.
func makeRoom(buffer []byte, used int) []byte {
	rest := buffer[used:]
	switch {
	case len(rest) == 0 && cap(buffer) > keepBuffer:
		return make([]byte, 0, readBuffer)
	case len(rest) < cap(buffer):
		return append(buffer[:0], rest...)
	}
	return append(make([]byte, 0, 2*cap(buffer)), rest...)
}
