package line

import "time"

// The kinds of frames, in the low half of their first byte.
const (
	kindHello   = 1 // board: I have no session
	kindWelcome = 2 // host: this is the session now
	kindWho     = 3 // host: I do not know this session
	kindAck     = 4
	kindMessage = 5

	flagAnswer = 0x40 // acknowledge at once, I want to know whether you are there
	flagAgain  = 0x80 // a message is missing: send again from the acknowledged one on
)

// Input takes what came from the line.
func (e *End) Input(now time.Duration, p []byte) {
	for len(p) > 0 {
		var body, junk []byte
		p, body, junk = e.in.next(p)
		if junk != nil {
			e.junk(junk)
		}
		if body != nil {
			e.receive(now, body)
		}
	}
	e.textAt = now
}

// receive handles a frame.
func (e *End) receive(now time.Duration, body []byte) {
	switch kind := body[0] & 15; {
	case kind == kindHello && e.host && len(body) >= 2:
		e.hello(now, body)
	case kind == kindWelcome && !e.host && len(body) >= 2:
		e.welcome(now, body)
	case kind == kindWho && !e.host && len(body) >= 5:
		if session := get32(body[1:]); session == 0 || session == e.session {
			e.drop()
			e.answer = kindHello
		}
	case kind == kindAck && len(body) >= 6, kind == kindMessage && len(body) >= headerSize+2:
		e.numbered(now, body)
	}
}

// hello is a board without a session. It may say so several times before it
// hears our answer. One of another version has no session either; it is told
// ours, and of none.
func (e *End) hello(now time.Duration, body []byte) {
	if body[1] != Version {
		e.drop()
		e.stats.Stranger, e.answer = body[1], kindWelcome
		return
	}
	if len(body) < 4 || get16(body[2:]) < MinWindow {
		return
	}
	e.out.window = get16(body[2:])
	e.renew(now)
}

// renew begins a session, unless there is one in which the board has said
// nothing yet, and tells the board.
func (e *End) renew(now time.Duration) {
	if e.session == 0 || e.talked {
		last := e.session
		e.drop()
		session := e.cfg.Session()
		if session == 0 || session == last {
			session = last + 1 | 1
		}
		e.begin(session)
	}
	e.answer, e.stats.Stranger = kindWelcome, 0
	e.alive(now)
}

// welcome is the session that the host wants. Bytes on a line do not overtake
// each other, so the last one counts.
func (e *End) welcome(now time.Duration, body []byte) {
	if body[1] != Version {
		e.stats.Stranger = body[1]
		return
	}
	if len(body) < 8 || get16(body[6:]) < MinWindow {
		return
	}
	if session := get32(body[2:]); session != 0 && session != e.session {
		if e.session != 0 {
			e.drop()
		}
		e.begin(session)
		e.out.window = get16(body[6:])
	}
	e.stats.Stranger = 0
	e.answer, e.ackDue = 0, true
	e.alive(now)
}

// numbered is a frame of a session.
func (e *End) numbered(now time.Duration, body []byte) {
	if session := get32(body[1:]); session == 0 || session != e.session {
		switch {
		case e.host && e.session != 0:
			e.renew(now)
		case e.host:
			e.answer, e.unknown = kindWho, session
		default:
			e.drop()
			e.answer = kindHello
		}
		return
	}
	e.alive(now)
	e.stats.Frames++
	message := body[0]&15 == kindMessage
	acknowledged := body[5]
	if message {
		acknowledged = body[6]
	}
	e.out.acknowledge(now, acknowledged)
	if body[0]&flagAgain != 0 {
		e.out.again()
	}
	if body[0]&flagAnswer != 0 {
		e.ackDue = true
	}
	if !message {
		return
	}
	switch ahead := int8(body[5] - e.expect); {
	case ahead == 0:
		if e.message(body[headerSize:]) {
			e.expect++
			e.talked, e.ackDue, e.gap = true, true, false
		}
	case ahead < 0: // once more: our acknowledgement was lost
		e.ackDue = true
	case !e.gap:
		e.gap, e.askGap = true, true
	}
}

// alive notes that the other end is there.
func (e *End) alive(now time.Duration) {
	e.heard, e.probeAt = now, now+e.cfg.GiveUp/4
}

// Output writes the next frame to dst, which has room for MaxFrame bytes, and
// returns its length: 0 when there is nothing to say.
func (e *End) Output(now time.Duration, dst []byte) int {
	if kind := e.answer; kind != 0 {
		e.answer = 0
		if n := e.greet(now, kind, dst); n > 0 {
			return n
		}
	}
	if e.session == 0 {
		e.release()
		return 0
	}
	e.flush()
	switch {
	case e.askGap || e.probe:
		return e.acknowledge(dst)
	case e.out.ready():
		number, m, again := e.out.next(now)
		if again {
			e.stats.Resent++
		}
		f := newEncoder(dst)
		f.put(kindMessage)
		f.put32(e.session)
		f.put(number)
		f.put(e.expect)
		for _, b := range m {
			f.put(b)
		}
		e.ackDue = false
		return f.end()
	case e.ackDue:
		return e.acknowledge(dst)
	}
	return 0
}

// greet writes a frame that belongs to no session.
func (e *End) greet(now time.Duration, kind byte, dst []byte) int {
	f := newEncoder(dst)
	f.put(kind)
	switch kind {
	case kindHello:
		if e.session != 0 {
			return 0
		}
		e.helloAt = now + helloEvery
		f.put(Version)
	case kindWelcome:
		if e.session == 0 && e.stats.Stranger == 0 {
			return 0
		}
		f.put(Version)
		f.put32(e.session)
	case kindWho:
		f.put32(e.unknown)
		return f.end()
	}
	f.put(byte(e.cfg.Window))
	f.put(byte(e.cfg.Window >> 8))
	return f.end()
}

func (e *End) acknowledge(dst []byte) int {
	kind := byte(kindAck)
	if e.askGap {
		kind |= flagAgain
	}
	if e.probe {
		kind |= flagAnswer
	}
	e.askGap, e.probe, e.ackDue = false, false, false
	f := newEncoder(dst)
	f.put(kind)
	f.put32(e.session)
	f.put(e.expect)
	return f.end()
}

func get16(p []byte) int { return int(p[0]) | int(p[1])<<8 }

func get32(p []byte) uint32 {
	return uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24
}
