package line

import (
	"io"
	"time"
)

// The messages, by their first byte; the second is the number of the socket.
const (
	msgOpen   = 1 // board: connect to an address; credit, address
	msgOpened = 2 // host: connected; credit
	msgData   = 3
	msgCredit = 4 // so many bytes more may be sent
	msgEnd    = 5 // no data will follow in this direction
	msgClose  = 6 // the socket is gone; reason
)

type state uint8

const (
	free    state = iota
	opening       // board: not answered yet
	asked         // host: not accepted yet
	open
	closing // closed here, which the other end is to be told
	gone    // closed there, or by fate, and not closed here yet
)

// socket is one connection. Its slot is free again when both it is gone and
// its owner has closed it.
type socket struct {
	state    state
	id       uint8
	known    bool // to the other end
	taken    bool // host: by Accept
	why      Reason
	address  string
	credit   int  // bytes that may be sent
	owed     int  // bytes of credit that the other end is to be told of
	ended    bool // the other end sends no more
	confirm  bool // OPENED is to be sent
	end      bool // END is to be sent
	finished bool // END was written

	buf     []byte // a ring
	from, n int    // what is in it
}

// start makes a free slot a socket.
func (s *socket) start(st state, size int) {
	if s.buf == nil {
		s.buf = make([]byte, size)
	}
	*s = socket{state: st, buf: s.buf}
}

// lost is what happens to a socket with its session.
func (s *socket) lost() {
	switch s.state {
	case opening:
		if s.known {
			s.state, s.why = gone, LineLost
		}
	case asked:
		if s.taken {
			s.state, s.why = gone, LineLost
		} else {
			s.state = free
		}
	case open:
		s.state, s.why = gone, LineLost
	case closing:
		s.state = free
	}
}

// Open asks for a connection to host:port and returns its slot. Opened tells
// what comes of it.
func (e *End) Open(now time.Duration, address string) (slot int, err error) {
	if e.host || address == "" || len(address) > maxAddress {
		return -1, BadAddress
	}
	for i := range e.sockets {
		s := &e.sockets[i]
		if s.state == free {
			if !e.busy() {
				e.alive(now) // silence began to matter
			}
			s.start(opening, e.cfg.Receive)
			s.address = address
			return i, nil
		}
	}
	return -1, TooMany
}

// Opened says whether a connection is there, and why it will never be.
func (e *End) Opened(slot int) (bool, error) {
	s := e.at(slot)
	switch {
	case s == nil:
		return false, NoSocket
	case s.state == gone:
		return false, s.why
	}
	return s.state == open, nil
}

// Accept returns a connection that a board asks for. It is then to be opened
// with Confirm, or refused with Close.
func (e *End) Accept() (slot int, address string, ok bool) {
	for i := range e.sockets {
		if s := &e.sockets[i]; s.state == asked && !s.taken {
			s.taken = true
			return i, s.address, true
		}
	}
	return -1, "", false
}

// Confirm says that a connection that was asked for is there.
func (e *End) Confirm(slot int) error {
	s := e.at(slot)
	switch {
	case s == nil:
		return NoSocket
	case s.state == gone:
		return s.why
	case s.state == asked:
		s.state, s.address, s.confirm = open, "", true
	}
	return nil
}

// Read takes what has come. It returns 0 and nil when nothing has, io.EOF when
// nothing will.
func (e *End) Read(slot int, p []byte) (int, error) {
	s := e.at(slot)
	if s == nil {
		return 0, NoSocket
	}
	if s.n > 0 && len(p) > 0 {
		n := copy(p, s.buf[s.from:min(s.from+s.n, len(s.buf))])
		if n < len(p) && n < s.n {
			n += copy(p[n:], s.buf[:s.n-n])
		}
		s.from = (s.from + n) % len(s.buf)
		s.n -= n
		s.owed += n
		return n, nil
	}
	switch {
	case s.n > 0:
		return 0, nil
	case s.ended, s.state == gone && s.why == Closed:
		return 0, io.EOF
	case s.state == gone:
		return 0, s.why
	}
	return 0, nil
}

// Write sends as much of p as there is room and credit for, which may be
// nothing.
func (e *End) Write(slot int, p []byte) (sent int, err error) {
	s := e.at(slot)
	switch {
	case s == nil || s.end || s.finished:
		return 0, NoSocket
	case s.state == gone:
		return 0, s.why
	case s.state != open:
		return 0, nil
	}
	e.flush() // what the other end waits for goes first
	for sent < len(p) {
		n := min(len(p)-sent, s.credit, e.out.room()-2)
		if n <= 0 || s.confirm {
			break
		}
		m := e.out.add(2 + n)
		m[0], m[1] = msgData, s.id
		copy(m[2:], p[sent:sent+n])
		s.credit -= n
		sent += n
	}
	return sent, nil
}

// CloseWrite says that nothing more is to be sent. The other direction stays.
func (e *End) CloseWrite(slot int) error {
	s := e.at(slot)
	if s == nil {
		return NoSocket
	}
	s.end = s.state == open && !s.finished
	return nil
}

// Close gives a slot back. The other end is told the reason, behind all that
// was written.
func (e *End) Close(slot int, why Reason) error {
	s := e.at(slot)
	if s == nil {
		return NoSocket
	}
	if s.state == gone || s.state == opening && !s.known {
		s.state = free
	} else {
		s.state, s.why, s.n = closing, why, 0
	}
	e.flush()
	return nil
}

// at returns a socket that its owner has not closed.
func (e *End) at(slot int) *socket {
	if slot < 0 || slot >= len(e.sockets) {
		return nil
	}
	s := &e.sockets[slot]
	if s.state == free || s.state == closing {
		return nil
	}
	return s
}

// find returns the socket of a number.
func (e *End) find(id uint8) *socket {
	for i := range e.sockets {
		s := &e.sockets[i]
		if s.known && s.id == id && s.state != free && s.state != gone {
			return s
		}
	}
	return nil
}

// release frees what waits to tell the other end, when there is none.
func (e *End) release() {
	for i := range e.sockets {
		if s := &e.sockets[i]; s.state == closing {
			s.state = free
		}
	}
}

// flush queues what there is to tell the other end about sockets, as far as
// there is room.
func (e *End) flush() {
	if e.session == 0 {
		e.release()
		return
	}
	for i := range e.refuse {
		if r := &e.refuse[i]; r.why != Closed && e.tell(msgClose, r.id, 1, int(r.why)) {
			r.why = Closed
		}
	}
	for i := range e.sockets {
		s := &e.sockets[i]
		switch s.state {
		case opening:
			if !s.known {
				e.ask(s)
			}
		case closing:
			if e.tell(msgClose, s.id, 1, int(s.why)) {
				s.state = free
			}
		case open:
			e.update(s)
		}
	}
}

// ask queues an OPEN.
func (e *End) ask(s *socket) {
	size := 4 + len(s.address)
	if e.out.room() < size {
		if e.out.n == 0 { // there never is
			s.state, s.why = gone, BadAddress
		}
		return
	}
	for taken := true; taken; taken = e.find(e.lastID) != nil {
		e.lastID++
	}
	s.id, s.known = e.lastID, true
	m := e.out.add(size)
	m[0], m[1], m[2], m[3] = msgOpen, s.id, byte(len(s.buf)), byte(len(s.buf)>>8)
	copy(m[4:], s.address)
	s.address = ""
}

// update queues what there is to tell about an open socket.
func (e *End) update(s *socket) {
	if s.confirm {
		if !e.tell(msgOpened, s.id, 2, len(s.buf)) {
			return
		}
		s.confirm = false
	}
	if !s.ended && s.owed >= (len(s.buf)+1)/2 && e.tell(msgCredit, s.id, 2, s.owed) {
		s.owed = 0
	}
	if s.end && e.tell(msgEnd, s.id, 0, 0) {
		s.end, s.finished = false, true
	}
}

// tell queues a message about a socket with a number of so many bytes, if
// there is room.
func (e *End) tell(kind, id uint8, size, value int) bool {
	if e.out.room() < 2+size {
		return false
	}
	m := e.out.add(2 + size)
	m[0], m[1] = kind, id
	for i := range size {
		m[2+i] = byte(value >> (8 * i))
	}
	return true
}
