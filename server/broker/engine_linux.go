package broker

import (
	"net"
	"runtime"
	"sync/atomic"
)

// engine are the loops of a Broker.
type engine struct {
	loops []loop
	turn  atomic.Uint32
}

func (e *engine) init(b *Broker) {
	e.loops = make([]loop, runtime.GOMAXPROCS(0))
	for i := range e.loops {
		e.loops[i].broker = b
	}
}

// next is the loop that takes the next line, which it expects now: see
// loop.expect. One that cannot begin, for want of a file, leaves it to others.
func (e *engine) next() (l *loop, err error) {
	for range e.loops {
		l = &e.loops[int(e.turn.Add(1)%uint32(len(e.loops)))]
		if err = l.expect(); err == nil {
			return l, nil
		}
	}
	return nil, err
}

// drain has the loops wait for no request any more.
func (e *engine) drain() {
	for i := range e.loops {
		e.loops[i].draining.Store(true)
		e.loops[i].wake()
	}
}

// carry has a loop carry a connection that net/http has let go of, if it is one
// of plain TCP. early is what the client has sent already.
func (e *engine) carry(b *Broker, conn net.Conn, o *opening, place admission, early []byte) bool {
	if c, ok := conn.(*begun); ok && len(c.early) == 0 {
		conn = c.Conn
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return false
	}
	b.running.Add(1) // beside the place
	l, err := e.next()
	if err != nil {
		b.running.Done()
		return false
	}
	fd, err := descriptor(tcp)
	n := &line{loop: l, fd: fd, rest: early}
	n.scheduled.Store(true) // not before it is open
	b.open(&n.connection, o, place, n)
	if err != nil {
		n.severed.Store(true)
	}
	l.push(n)
	return true
}
