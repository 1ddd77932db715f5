package peer

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/internal/websocket"
)

// Live holds the Settings of an application, which may be replaced while
// connections use them: what they check next, they check with the new ones.
type Live struct{ p atomic.Pointer[Settings] }

// NewLive returns a Live with settings.
func NewLive(s Settings) *Live {
	l := new(Live)
	l.Set(s)
	return l
}

// Set replaces the settings.
func (l *Live) Set(s Settings) {
	s = s.withDefaults()
	l.p.Store(&s)
}

// Get returns the settings, with a default in place of each zero.
func (l *Live) Get() *Settings { return l.p.Load() }

// Settings are what all connections of an application have in common.
type Settings struct {
	// Signers check tokens: one for each key of the application, at least one.
	Signers []channelauth.Signer

	// ClientEvents lets clients send events to each other.
	ClientEvents bool

	// MaxEventData bounds the data of a client event in bytes; zero means
	// DefaultMaxEventData.
	MaxEventData int

	// ClientEventRate is how many client events a connection may send in a
	// second, on average and at once; zero means DefaultClientEventRate.
	ClientEventRate int

	// MaxSubscriptions is on how many channels a connection may be; zero means
	// DefaultMaxSubscriptions.
	MaxSubscriptions int

	// MaxMessage bounds a message in bytes; zero means
	// websocket.DefaultMaxMessage. A longer one closes the connection. For one
	// that is open it only rises.
	MaxMessage int

	// ActivityTimeout is the silence after which a client is pinged, and what
	// it is told to keep to; zero means DefaultActivityTimeout.
	ActivityTimeout time.Duration

	// PongTimeout is the silence after the ping that closes the connection;
	// zero means DefaultPongTimeout.
	PongTimeout time.Duration

	// AuthorizeWithin is how long a client may take until it has signed in, or
	// subscribed with a token; zero means for ever.
	AuthorizeWithin time.Duration
}

// withDefaults returns s with every zero replaced by what it means.
func (s Settings) withDefaults() Settings {
	if s.ClientEventRate == 0 {
		s.ClientEventRate = DefaultClientEventRate
	}
	if s.MaxSubscriptions == 0 {
		s.MaxSubscriptions = DefaultMaxSubscriptions
	}
	if s.MaxEventData == 0 {
		s.MaxEventData = DefaultMaxEventData
	}
	if s.MaxMessage == 0 {
		s.MaxMessage = websocket.DefaultMaxMessage
	}
	if s.ActivityTimeout == 0 {
		s.ActivityTimeout = DefaultActivityTimeout
	}
	if s.PongTimeout == 0 {
		s.PongTimeout = DefaultPongTimeout
	}
	return s
}

type state uint8

const (
	open state = iota
	closing
	closed
)

// Peer is the state of one connection.
type Peer struct {
	settings *Live
	socketID SocketID
	parser   websocket.Parser
	subs     subscriptions
	events   rate

	state  state
	pinged bool // and heard nothing since

	received int32 // messages since the last call of Received

	// since is when the wait began that Deadline ends: for anything, for a sign
	// of life after a ping, or for the client's close frame.
	since time.Duration

	user *User // who has signed in, or nil

	// authorizeBy is when the client must have shown a token; zero when it has,
	// or need not.
	authorizeBy time.Duration

	// pending is the user id of the subscription that Joined or Declined will
	// decide on.
	pending string
}

// New returns the Peer of a client that is welcome, and the bytes that tell it
// so. socketID is unique, and hard to guess
// since tokens are bound to it.
func New(l *Live, socketID string, now time.Duration) (Peer, []byte) {
	s := l.Get()
	p := Peer{settings: l, socketID: ParseSocketID(socketID), since: now}
	if s.AuthorizeWithin > 0 {
		p.authorizeBy = now + s.AuthorizeWithin
	}
	p.parser = websocket.Parser{Server: true, MaxMessage: s.MaxMessage}
	seconds := int((s.ActivityTimeout + time.Second - 1) / time.Second)
	return p, establishedFrame(socketID, seconds)
}

// NewRefused returns the Peer of a client that is not welcome, and the bytes
// that tell it why: an error event, which clients take the code from, and a
// close frame. What the client sends does not count.
func NewRefused(l *Live, why *Refusal, now time.Duration) (Peer, []byte) {
	p := Peer{settings: l, since: now, state: closing}
	p.parser = websocket.Parser{Server: true, MaxMessage: l.Get().MaxMessage}
	frame := errorFrame(why.Code, why.Message, "")
	return p, websocket.AppendClose(frame, why.Code, why.Message, nil)
}

// SocketID returns the id that the client was told; empty if it was refused.
func (p *Peer) SocketID() string { return p.socketID.String() }

// Is says whether the connection has this id, which is not none.
func (p *Peer) Is(id SocketID) bool { return p.socketID == id && id != SocketID{} }

// Received returns how many messages have come since it was called last.
func (p *Peer) Received() int {
	n := int(p.received)
	p.received = 0
	return n
}

// Subscriptions returns the channels that the client is on. The list is
// borrowed until the next call of another method.
func (p *Peer) Subscriptions() []Subscription { return p.subs.list }

// Drop forgets the subscriptions and the user; for the transport, when the socket is gone or
// after Closing and HangUp, once it has taken the client off its channels.
func (p *Peer) Drop() { p.subs, p.user = subscriptions{}, nil }

// Next looks at b, all bytes that have come and are not yet used, and returns
// how many of them are used and the next thing to do. Call it again with the
// rest until there is nothing to do. It changes b.
func (p *Peer) Next(b []byte, now time.Duration) (used int, a Action) {
	// It never falls: a message that was let in by its header may be on its way.
	p.parser.MaxMessage = max(p.parser.MaxMessage, p.settings.Get().MaxMessage)
	for {
		if p.state == closed {
			return len(b), Action{}
		}
		n, item, err := p.parser.Next(b[used:])
		used += n
		if err != nil {
			return len(b), p.breach(err)
		}
		if item.Kind == websocket.None {
			return used, Action{}
		}
		if a = p.item(item, now); a.Kind != None {
			return used, a
		}
	}
}

// breach answers what breaks RFC 6455. Nothing that follows can be told apart,
// not even the client's close frame, so there is no handshake to wait for
// (RFC 6455 7.1.7).
func (p *Peer) breach(err error) Action {
	if p.state == closing {
		return p.hangUp(nil)
	}
	code, reason := websocket.CodeProtocol, ""
	var breach *websocket.Error
	if errors.As(err, &breach) {
		code, reason = breach.Code, breach.Reason
	}
	a := p.hangUp(websocket.AppendClose(nil, code, reason, nil))
	a.Code, a.Text, a.Linger = code, reason, true
	if code == websocket.CodeTooBig {
		a.Limit = LimitMessage
	}
	return a
}

// item handles one frame or message.
func (p *Peer) item(item websocket.Item, now time.Duration) Action {
	if item.Opcode == websocket.Close {
		// RFC 6455 5.5.1: whoever did not start the close handshake echoes the
		// code; the server then closes first (7.1.1).
		if p.state == closing {
			return p.hangUp(nil)
		}
		a := p.hangUp(websocket.AppendClose(nil, item.Code, "", nil))
		a.Code, a.ByClient = item.Code, true
		return a
	}
	if p.state == closing {
		return Action{}
	}
	p.pinged, p.since = false, now
	switch item.Opcode {
	case websocket.Ping:
		return Action{Kind: Send, Frame: websocket.AppendFrame(nil, websocket.Pong, item.Payload, nil)}
	case websocket.Pong:
		return Action{}
	case websocket.Binary:
		return p.Close(refuseBinary, now)
	}
	p.received++
	return p.message(item.Payload, now)
}

// Deadline returns when Tick is due. It moves on with every message, so a
// transport may look again at the time it knew last instead of setting an
// alarm for each.
func (p *Peer) Deadline() time.Duration {
	due := p.since + p.settings.Get().ActivityTimeout
	switch {
	case p.state == closing:
		return p.since + closeTimeout
	case p.pinged:
		due = p.since + p.settings.Get().PongTimeout
	}
	if p.authorizeBy > 0 && p.authorizeBy < due {
		return p.authorizeBy
	}
	return due
}

// Tick does what is due.
func (p *Peer) Tick(now time.Duration) Action {
	switch {
	case p.state == closed || now < p.Deadline():
		return Action{}
	case p.state == closing:
		return p.hangUp(nil)
	case p.authorizeBy > 0 && p.authorizeBy <= now:
		return p.Close(refuseUnauthorized, now)
	case p.pinged:
		return p.Close(refusePong, now)
	}
	p.pinged, p.since = true, now
	return Action{Kind: Send, Frame: pingFrame}
}

// Close starts the close handshake, unless the end has begun already.
func (p *Peer) Close(why *Refusal, now time.Duration) Action {
	if p.state != open {
		return Action{}
	}
	p.state, p.since = closing, now
	return Action{Kind: Closing, Frame: websocket.AppendClose(nil, why.Code, why.Message, nil), Code: why.Code, Text: why.Message}
}

func (p *Peer) hangUp(frame []byte) Action {
	p.state = closed
	return Action{Kind: HangUp, Frame: frame}
}
