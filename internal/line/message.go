package line

// message handles the next message of the session. It returns false when there
// is no memory for it: then it counts as not received, and comes again.
func (e *End) message(m []byte) bool {
	kind, id, rest := m[0], m[1], m[2:]
	if kind == msgOpen {
		return e.opened(id, rest)
	}
	s := e.find(id)
	if s == nil {
		return true // closed here, which the other end did not know yet
	}
	if s.state == closing {
		if kind == msgClose {
			s.state = free
		}
		return true
	}
	switch {
	case kind == msgOpened && s.state == opening && len(rest) >= 2:
		s.state, s.credit = open, get16(rest)
	case kind == msgData && s.state == open:
		return e.data(s, rest)
	case kind == msgCredit && s.state == open && len(rest) >= 2:
		s.credit = min(s.credit+get16(rest), maxCredit)
	case kind == msgEnd && s.state == open:
		s.ended = true
	case kind == msgClose && len(rest) >= 1:
		s.state, s.why = gone, Reason(rest[0])
		if s.why >= LineLost {
			s.why = Reset // a reason that this version does not know
		}
		if !s.taken && e.host {
			s.state = free // nobody has heard of it
		}
	}
	return true
}

// opened is a board that asks for a connection.
func (e *End) opened(id uint8, rest []byte) bool {
	if !e.host || len(rest) < 2 || e.find(id) != nil {
		return true
	}
	for i := range e.sockets {
		s := &e.sockets[i]
		if s.state == free {
			s.start(asked, e.cfg.Receive)
			s.id, s.known, s.credit, s.address = id, true, get16(rest), string(rest[2:])
			return true
		}
	}
	return e.deny(id, TooMany)
}

// deny has the other end told that a socket is gone that has no slot here. It
// returns false when too many wait for that.
func (e *End) deny(id uint8, why Reason) bool {
	for i := range e.refuse {
		if r := &e.refuse[i]; r.why == Closed {
			r.id, r.why = id, why
			return true
		}
	}
	return false
}

// data stores what came for a socket.
func (e *End) data(s *socket, p []byte) bool {
	if s.ended || len(p) > len(s.buf)-s.n-s.owed {
		if !e.deny(s.id, Misused) {
			return false
		}
		s.state, s.why = gone, Misused
		return true
	}
	at := (s.from + s.n) % len(s.buf)
	n := copy(s.buf[at:], p)
	copy(s.buf, p[n:])
	s.n += len(p)
	return true
}
