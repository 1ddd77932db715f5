package line

import (
	"errors"
	"time"
)

// Config is what an End is made of.
type Config struct {
	// Session returns a number that no session had lately, mostly a random
	// one; 0 is not used. It makes this end the one that opens the connections
	// and gives out session numbers. Zero: this end is the board.
	Session func() uint32

	// Sockets is how many there can be at once. Zero: DefaultSockets; at most
	// 64.
	Sockets int

	// Receive is the receive buffer of each socket in bytes. Zero:
	// DefaultReceive; at most 65535.
	Receive int

	// Send is how many bytes are kept until they are acknowledged, for all
	// sockets together. Zero: DefaultSend; at least 244.
	Send int

	// Window is how many bytes may be on the way to this end while it does not
	// read: the size of the receive buffer of its UART. Zero: DefaultWindow;
	// at least 36, at most 65535.
	Window int

	// GiveUp is how long the other end may be silent before all sockets are
	// reset. Zero: 30 s.
	GiveUp time.Duration

	// Junk is told what came that is no frame: mostly what a board prints. It
	// must not keep the slice. Zero: nobody is.
	Junk func(p []byte)
}

// Stats counts what happened since New.
type Stats struct {
	Sessions uint32 // begun
	Frames   uint32 // received, of the present session
	Junk     uint32 // bytes received that were no frame
	Resent   uint32 // frames sent again
	Stranger uint8  // the version of an end that speaks another one; 0: none did
}

var (
	errSockets = errors.New("line: Sockets is from 0 to 64")
	errReceive = errors.New("line: Receive is from 0 to 65535")
	errSend    = errors.New("line: Send is 0 or at least 244")
	errWindow  = errors.New("line: Window is 0 or from 36 to 65535")
	errGiveUp  = errors.New("line: GiveUp is negative")
)

// End is one end of a line. Its methods are for one goroutine at a time. After
// Input, and when the Deadline has come, call Advance; after any call, Output.
type End struct {
	cfg   Config
	host  bool
	in    decoder
	stats Stats

	session uint32 // 0: none
	answer  uint8  // kind of the frame that is to be sent: hello, welcome, who; 0: none
	unknown uint32 // the session of a who
	talked  bool   // a message was accepted in this session
	helloAt time.Duration
	heard   time.Duration // when a frame of the session last came
	probeAt time.Duration
	textAt  time.Duration // when the last byte of an unfinished frame came

	// Receiving.
	expect uint8 // number of the next message
	ackDue bool
	gap    bool // the other end has been asked to send again
	askGap bool // and is to be asked now
	probe  bool // it is to be asked whether it is there

	out queue

	sockets []socket
	lastID  uint8
	refuse  [4]struct {
		id  uint8
		why Reason // Closed: unused
	}
}

// New returns an end that has said nothing yet. All memory is allocated here,
// but for the receive buffers, which come with the first use of a socket.
func New(cfg Config) (*End, error) {
	switch {
	case cfg.Sockets < 0 || cfg.Sockets > maxSockets:
		return nil, errSockets
	case cfg.Receive < 0 || cfg.Receive > maxCredit:
		return nil, errReceive
	case cfg.Send != 0 && cfg.Send < minSend:
		return nil, errSend
	case cfg.Window != 0 && cfg.Window < MinWindow || cfg.Window > maxCredit:
		return nil, errWindow
	case cfg.GiveUp < 0:
		return nil, errGiveUp
	}
	if cfg.Sockets == 0 {
		cfg.Sockets = DefaultSockets
	}
	if cfg.Receive == 0 {
		cfg.Receive = DefaultReceive
	}
	if cfg.Send == 0 {
		cfg.Send = DefaultSend
	}
	if cfg.Window == 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.GiveUp == 0 {
		cfg.GiveUp = DefaultGiveUp
	}
	e := &End{cfg: cfg, host: cfg.Session != nil, sockets: make([]socket, cfg.Sockets)}
	e.out.buf = make([]byte, cfg.Send)
	if e.host {
		e.answer = kindWho // a board that is in the middle of something must know
	}
	return e, nil
}

// Stats returns what happened so far.
func (e *End) Stats() Stats { return e.stats }

// Up says whether there is a session.
func (e *End) Up() bool { return e.session != 0 && (!e.host || e.stats.Frames > 0) }

// Cut says that the line was interrupted, as when a cable was pulled: all
// sockets are reset, and the ends must find each other anew.
func (e *End) Cut(now time.Duration) {
	if junk := e.in.flush(); len(junk) > 0 {
		e.junk(junk)
	}
	e.drop()
	if e.host {
		e.answer, e.unknown = kindWho, 0
	}
}

// drop forgets the session.
func (e *End) drop() {
	e.begin(0)
	for i := range e.sockets {
		e.sockets[i].lost()
	}
	for i := range e.refuse {
		e.refuse[i].why = Closed
	}
}

// begin starts a session, of which nothing was sent or received yet.
func (e *End) begin(session uint32) {
	e.session, e.talked = session, false
	e.expect, e.ackDue, e.gap, e.askGap, e.probe = 0, false, false, false, false
	e.out.reset()
	e.stats.Frames = 0
	if session != 0 {
		e.stats.Sessions++
	}
}

// Deadline returns when Advance and Output have something to do if nothing
// comes before.
func (e *End) Deadline() (at time.Duration, ok bool) {
	soonest := func(t time.Duration) {
		if !ok || t < at {
			at, ok = t, true
		}
	}
	if e.session == 0 && !e.host && e.wanted() {
		soonest(e.helloAt)
	}
	if e.out.waiting() {
		soonest(e.out.resendAt)
	}
	if e.session != 0 && e.busy() {
		soonest(e.probeAt)
		soonest(e.heard + e.cfg.GiveUp)
	}
	if e.cfg.Junk != nil && e.in.n > 0 {
		soonest(e.textAt + quiet)
	}
	return at, ok
}

// Advance does what is due.
func (e *End) Advance(now time.Duration) {
	if e.session == 0 {
		if !e.host && e.wanted() && now >= e.helloAt {
			e.answer = kindHello
		}
	} else if e.busy() {
		if now >= e.heard+e.cfg.GiveUp {
			e.drop()
		} else if now >= e.probeAt {
			e.probe, e.probeAt = true, now+e.cfg.GiveUp/4
		}
	}
	if e.out.waiting() && now >= e.out.resendAt {
		e.out.timeout(now)
	}
	if e.cfg.Junk != nil && e.in.n > 0 && now >= e.textAt+quiet {
		e.junk(e.in.flush())
	}
}

// wanted says whether somebody waits for a session.
func (e *End) wanted() bool {
	for i := range e.sockets {
		if e.sockets[i].state == opening {
			return true
		}
	}
	return false
}

// busy says whether it matters that the other end is there.
func (e *End) busy() bool {
	for i := range e.sockets {
		if s := e.sockets[i].state; s != free && s != gone {
			return true
		}
	}
	return e.out.n > 0
}

func (e *End) junk(p []byte) {
	e.stats.Junk += uint32(len(p))
	if e.cfg.Junk != nil {
		e.cfg.Junk(p)
	}
}
