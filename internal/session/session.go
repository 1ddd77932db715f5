package session

import (
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// Config is what a session needs to know. The driver fills all of it in,
// except where zero has a meaning.
type Config struct {
	Target

	// Link says that dialling brings the network up first, and that LinkUp
	// tells when it is.
	Link bool

	// UserAuthorizer says that AuthorizeUser events are answered, and Authorizer
	// is Tokens if Authorize events are; nil: they are not.
	UserAuthorizer bool
	MemberChanges  bool // keep the members of presence channels across a gap, to tell who came and went
	Authorizer     Part

	Encryption Part // Encryption; nil: encrypted channels are refused

	ReadBuffer int // bytes; zero: DefaultReadBuffer
	MaxMessage int // bytes; zero: websocket.DefaultMaxMessage
	Queue      int // bytes that may wait to be written; zero: DefaultQueue

	ActivityTimeout time.Duration // zero: 120 s; the server may ask for less
	PongTimeout     time.Duration // zero: 30 s

	AuthTimeout time.Duration // for what Authorize and AuthorizeUser ask for; zero: no limit

	Attempts  int // to connect, in a row, before it is given up; zero: no limit
	EventRate int // client events in a second; zero: DefaultEventRate, negative: no limit
	Backlog   int // bytes of client events that may wait until they can be sent; zero: none

	// Lend returns a buffer of more than have bytes to read to while much comes,
	// nil if there is none, and GiveBack takes it again. Both or neither; they are
	// called from Space.
	Lend     func(have int) []byte
	GiveBack func([]byte)

	MaxMembers int // kept of a presence channel; zero: DefaultMaxMembers

	// Entropy fills b with random bytes.
	Entropy func(b []byte) error
}

// phase is how far the present attempt to connect has come.
type phase uint8

const (
	idle     phase = iota // no attempt, and none wanted
	waiting               // for the moment of the next attempt
	dialing               // a transport was asked for
	opening               // the upgrade request is out
	greeting              // upgraded; the server's first message is due
	ready                 // connected
)

// Session is one client's state. See the package comment for how it is used.
type Session struct {
	cfg    Config
	random entropy
	events queue
	parts  parts

	state State
	phase phase

	// The present connection. What is small stands together: there are processes
	// with many sessions.
	tls       bool    // for good once the server has asked for it
	pinged    bool    // the server, which has not answered yet
	mask      [4]byte // of the frame that is being written
	strays    bool    // messages of a forgotten channel may be under way still
	key       string
	socketID  string
	parser    websocket.Parser
	in        readBuffer
	message   wire.Message // that is being read
	out       []byte
	activity  time.Duration  // the least of what both sides want
	heard     time.Duration  // when anything last came from the server
	skipped   *OversizeError // the message that passes by
	oversized int            // messages skipped since New
	pongBy    time.Duration
	connectBy time.Duration
	readyAt   time.Duration

	adaptive time.Duration // learned from connections that died of silence; 0: nothing

	// The attempts.
	attempts      int   // since a connection was last stable
	failures      int   // since there was a connection
	err           error // why the state is Failed
	retryAt       time.Duration
	unavailableAt time.Duration // 0 while connected or already unavailable

	channels   []*Channel // in the order of their first subscription
	byName     map[string]*Channel
	latest     *Channel      // that a message named
	channelsAt time.Duration // no channel has a deadline before; 0: none has any
	tickets    uint32
	sent       uint32 // subscriptions sent, to tell which was first

	gone int // channels that are to be forgotten

	user signIn

	// Encrypted channels.
	box       box
	releasing []*Channel // whose events have waited for a key that has come

	limit   limiter
	backlog backlog
}

// New returns a session in state Initialized.
func New(cfg Config) (*Session, error) {
	if cfg.ReadBuffer == 0 {
		cfg.ReadBuffer = DefaultReadBuffer
	}
	cfg.ReadBuffer = max(cfg.ReadBuffer, minReadBuffer)
	if cfg.MaxMessage == 0 {
		cfg.MaxMessage = websocket.DefaultMaxMessage
	}
	if cfg.Queue == 0 {
		cfg.Queue = DefaultQueue
	}
	if cfg.ActivityTimeout == 0 {
		cfg.ActivityTimeout = defaultActivity
	}
	if cfg.PongTimeout == 0 {
		cfg.PongTimeout = defaultPong
	}
	cfg.ActivityTimeout = min(cfg.ActivityTimeout, longest)
	cfg.PongTimeout = min(cfg.PongTimeout, longest)
	cfg.AuthTimeout = min(cfg.AuthTimeout, longest)
	if cfg.MaxMembers == 0 {
		cfg.MaxMembers = DefaultMaxMembers
	}
	if cfg.EventRate == 0 {
		cfg.EventRate = DefaultEventRate
	}
	s := &Session{cfg: cfg, tls: cfg.Target.TLS, byName: make(map[string]*Channel)}
	if cfg.Authorizer != nil {
		cfg.Authorizer(s)
	}
	if cfg.Encryption != nil {
		cfg.Encryption(s)
	}
	s.limit.most = max(cfg.EventRate, 0)
	s.random.fill = cfg.Entropy
	var probe [4]byte
	if s.random.take(probe[:]); s.random.err != nil {
		return nil, ErrEntropy
	}
	s.in.size = cfg.ReadBuffer
	if cfg.MaxMessage > cfg.ReadBuffer-headroom { // else the buffer is never to grow
		s.in.lend, s.in.giveBack = cfg.Lend, cfg.GiveBack
	}
	return s, nil
}

// State returns the state of the connection.
func (s *Session) State() State { return s.state }

// Err returns why the state is Failed, nil in every other state.
func (s *Session) Err() error { return s.err }

// Resting says that there is neither a connection nor an attempt to make one:
// none is wanted, or the next one has to wait.
func (s *Session) Resting() bool { return s.phase == idle || s.phase == waiting }

// SocketID returns the connection's id, empty unless connected.
func (s *Session) SocketID() string { return s.socketID }

// Connect asks for a connection. It does nothing while there is one, or one is
// being made.
func (s *Session) Connect(now time.Duration) {
	if s.phase != idle {
		return
	}
	s.attempts, s.failures, s.adaptive, s.err = 0, 0, 0, nil
	s.unavailableAt = now + unavailable
	s.setState(Connecting, nil)
	s.dial(now)
}

// Disconnect ends the connection, or the attempts to make one.
func (s *Session) Disconnect() {
	if s.phase == idle {
		return
	}
	s.hangup(websocket.CodeNormal)
	s.forget()
	s.phase, s.unavailableAt = idle, 0
	s.setState(Disconnected, nil)
}

// Dialed says that the transport that a Dial event asked for is there.
func (s *Session) Dialed(now time.Duration) {
	if s.phase != dialing {
		return
	}
	var random [16]byte
	if s.random.take(random[:]); s.random.err != nil {
		s.drop(now, ErrEntropy, backoff)
		return
	}
	s.key = websocket.NewKey(random)
	out, err := websocket.AppendRequest(s.out[:0], s.cfg.Host, s.cfg.Path, s.key)
	if err != nil {
		s.drop(now, err, retry)
		return
	}
	s.out, s.phase, s.heard = out, opening, now
}

// LinkUp says that the network is there now: the time for connecting begins.
func (s *Session) LinkUp(now time.Duration) {
	if s.phase == dialing {
		s.connectBy = now + connectTimeout
	}
}

// Lost says that the transport has ended, or could not be opened.
func (s *Session) Lost(now time.Duration, err error) {
	if s.phase == idle || s.phase == waiting {
		return
	}
	s.died(now)
	s.lose(now, err, retry)
}

// Space returns where to read to. It is never empty.
func (s *Session) Space() []byte {
	s.events.rest()
	s.message = wire.Message{} // which may borrow from a buffer that is not kept
	return s.in.space(s.parser.Need())
}

// Received says that n bytes were read to what Space returned. Events follow
// from Next.
func (s *Session) Received(now time.Duration, n int) {
	s.in.received(n)
	if n > 0 {
		s.heard, s.pinged = now, false
	}
}

// Output returns the bytes to write and takes spare, a slice that nobody else
// uses, for the ones that come later: two slices go back and forth.
func (s *Session) Output(spare []byte) []byte {
	out := s.out
	s.out = spare[:0]
	return out
}

// Busy says whether Next has something to do that needs no more input.
func (s *Session) Busy() bool {
	return s.events.first < len(s.events.events) || s.random.err != nil || len(s.releasing) > 0
}

// Pending says whether there are bytes to write.
func (s *Session) Pending() bool { return len(s.out) > 0 }

// Next moves the next event to ev; false means that there is none until the
// driver has something new to tell.
func (s *Session) Next(now time.Duration, ev *Event) bool {
	return s.NextAt(func() time.Duration { return now }, ev)
}

// NextAt is Next for a driver whose clock takes time to read: it is asked only
// where the time matters, which for nearly all messages it does not.
func (s *Session) NextAt(clock func() time.Duration, ev *Event) bool {
	for {
		if s.events.pop(ev) {
			return true
		}
		if s.random.err != nil {
			// Nothing can be masked without randomness. It may come back.
			s.drop(clock(), ErrEntropy, backoff)
			continue
		}
		if len(s.releasing) > 0 {
			s.parts.encryption.release(s, clock())
			continue
		}
		switch s.read(clock, ev) {
		case nothing:
			return false
		case delivered:
			return true
		}
	}
}

// Deadline returns when Advance must be called at the latest; false means that
// nothing is waiting for time to pass.
func (s *Session) Deadline() (time.Duration, bool) {
	at := s.unavailableAt
	switch s.phase {
	case waiting:
		at = earlier(at, s.retryAt)
	case dialing, opening, greeting:
		at = earlier(at, s.connectBy)
	case ready:
		next := s.heard + s.activity
		if s.pinged {
			next = s.pongBy
		}
		at = earlier(earlier(at, next), earlier(s.channelsAt, s.backlog.retryAt))
	}
	return at, at != 0
}

// earlier returns the earlier of two times; 0 is none.
func earlier(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Advance does what is due.
func (s *Session) Advance(now time.Duration) {
	if s.unavailableAt != 0 && now >= s.unavailableAt {
		s.unavailableAt = 0
		s.setState(Unavailable, nil)
	}
	switch s.phase {
	case waiting:
		if now >= s.retryAt {
			s.dial(now)
		}
	case dialing, opening, greeting:
		if now >= s.connectBy {
			s.drop(now, ErrConnectTimeout, retry)
		}
	case ready:
		s.keepAlive(now)
		if s.phase == ready && s.channelsAt != 0 && now >= s.channelsAt {
			s.advanceChannels(now)
		}
		s.dueBacklog(now)
	}
}

// keepAlive pings a server that has been silent for too long, and gives up on
// one that stays silent. It pings first however late it is called: a slow
// handler is no proof that the server is gone.
func (s *Session) keepAlive(now time.Duration) {
	switch {
	case s.pinged && now >= s.pongBy:
		s.died(now)
		s.drop(now, ErrPongTimeout, retry)
	case !s.pinged && now >= s.heard+s.activity:
		s.pinged, s.pongBy = true, now+s.cfg.PongTimeout
		s.sendPing()
	}
}

// dial starts an attempt.
func (s *Session) dial(now time.Duration) {
	s.forget()
	s.phase = dialing
	s.connectBy = now + connectTimeout
	if s.cfg.Link {
		s.connectBy = now + linkTimeout
	}
	s.events.push(Dial, nil, nil).TLS = s.tls
}

// forget drops all that belongs to one connection.
func (s *Session) forget() {
	s.socketID = ""
	s.pinged, s.skipped = false, nil
	s.random.err = nil // what could not be masked was for this connection
	s.parser = websocket.Parser{MaxMessage: s.cfg.MaxMessage, SkipOversize: true}
	s.in.reset()
	s.forgetChannels()
	s.sweep()
	s.strays = false
	s.limit.reset()
	s.backlog.retryAt = 0
}

// hangup closes the transport, if there is one, behind a close frame.
func (s *Session) hangup(code int) {
	switch s.phase {
	case idle, waiting:
		return
	case greeting, ready:
		if mask := s.newMask(); mask != nil {
			s.out = websocket.AppendClose(s.out, code, "", mask)
		}
	}
	s.events.push(Hangup, nil, nil)
}

// drop closes the transport and goes on as action says.
func (s *Session) drop(now time.Duration, err error, do action) {
	s.hangup(closeCode(err))
	s.lose(now, err, do)
}

// setState changes the state and reports it, once.
func (s *Session) setState(to State, err error) {
	if s.state == to {
		return
	}
	ev := s.events.push(StateChanged, nil, err)
	ev.State, ev.Previous = to, s.state
	s.state = to
}

func (s *Session) fail(err error) { s.events.push(Failure, nil, err) }
