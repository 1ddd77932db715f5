package session

import (
	"errors"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// progress is what came of reading.
type progress uint8

const (
	nothing   progress = iota // the read buffer holds nothing that can be used yet
	something                 // it was used; what follows from it is in the queue
	delivered                 // it is an event, which the caller has
)

// read uses the next thing in the read buffer.
func (s *Session) read(clock func() time.Duration, ev *Event) progress {
	switch s.phase {
	case opening:
		return s.readUpgrade(clock)
	case greeting, ready:
	default:
		return nothing
	}
	if used, text := s.parser.NextText(s.in.unused()); used > 0 {
		s.in.r += used
		return s.readMessage(clock, text, ev)
	}
	used, item, err := s.parser.Next(s.in.unused())
	s.in.r += used
	if err != nil {
		s.drop(clock(), err, backoff)
		return something
	}
	switch item.Kind {
	case websocket.Message:
		if item.Opcode == websocket.Binary {
			s.drop(clock(), ErrBinary, backoff)
			return something
		}
		return s.readMessage(clock, item.Payload, ev)
	case websocket.Control:
		s.readControl(clock(), &item)
	case websocket.Oversize:
		s.beginOversize(&item)
	case websocket.OversizeEnd:
		s.endOversize(clock(), &item)
	default:
		if used == 0 {
			return nothing
		}
	}
	return something
}

func (s *Session) readUpgrade(clock func() time.Duration) progress {
	n, err := websocket.ParseResponse(s.in.unused(), s.key)
	if err == nil && n == 0 {
		if !s.in.full() {
			return nothing
		}
		err = ErrUpgradeTooLong
	}
	if err != nil {
		s.drop(clock(), err, backoff)
		return something
	}
	s.in.r += n
	s.phase = greeting
	return something
}

func (s *Session) readControl(now time.Duration, item *websocket.Item) {
	switch item.Opcode {
	case websocket.Ping:
		s.answerPing(item.Payload)
	case websocket.Close:
		err := &CloseError{item.Code, string(item.Payload)}
		code := item.Code
		if code == websocket.CodeNoStatus {
			code = 0
		}
		s.hangup(code)
		s.lose(now, err, actionFor(item.Code))
	}
}

// rawShown is how much of an unreadable message an error carries.
const rawShown = 1 << 10

// readMessage delivers an ordinary message, and handles every other.
func (s *Session) readMessage(clock func() time.Duration, text []byte, ev *Event) progress {
	m := &s.message
	if err := wire.Parse(text, m); err != nil {
		if s.phase == greeting {
			s.drop(clock(), ErrHandshake, backoff)
			return something
		}
		s.fail(&MessageError{string(text[:min(len(text), rawShown)]), err})
		return something
	}
	if s.phase == greeting {
		s.readGreeting(clock(), m)
		return something
	}
	if len(m.Event) == 0 {
		s.fail(&MessageError{string(text[:min(len(text), rawShown)]), errNoEvent})
		return something
	}
	ch := s.channel(m.Channel)
	if isProtocol(m.Event) && s.readProtocol(clock(), ch, m) {
		return something
	}
	if len(m.Channel) > 0 && (ch == nil || !ch.delivers()) {
		return something
	}
	if ch == nil || ch.Kind != wire.Presence {
		m.UserID = nil // only there does the server vouch for it
	}
	if ch != nil && ch.own {
		if isProtocol(m.Event) {
			return something
		}
		*ev = Event{Kind: UserMessage, Channel: ch, Name: m.Event, Data: m.Data, Gap: s.user.gap}
		s.user.gap = 0
		if ch.heard != 0 {
			ev.Gap = ch.early(clock())
		}
		return delivered
	}
	if ch != nil && ch.Kind == wire.Encrypted && !isProtocol(m.Event) {
		var ok bool
		if m.Data, ok = s.parts.encryption.open(s, clock(), ch, m); !ok {
			return something
		}
	}
	if ev.Kind != Message {
		*ev = Event{Kind: Message} // a message leaves nothing behind that the next one does not set
	}
	ev.Channel, ev.Name, ev.Data, ev.UserID, ev.Gap = ch, m.Event, m.Data, m.UserID, 0
	if ch != nil && ch.heard != 0 {
		ev.Gap = ch.early(clock())
	}
	return delivered
}

// readGreeting reads the first message: only this one decides by the code of
// an error event, since some servers close without one behind it.
func (s *Session) readGreeting(now time.Duration, m *wire.Message) {
	data := m.Payload()
	switch wire.View(m.Event) {
	case nameEstablished:
		id := data.Get("socket_id").Text()
		if !wire.ValidSocketID(id) {
			break
		}
		s.socketID = id
		s.activity = s.cfg.ActivityTimeout
		if ms, ok := data.Get("activity_timeout").Thousandths(); ok && ms > 0 {
			s.activity = min(s.activity, max(time.Duration(ms)*time.Millisecond, time.Second))
		}
		if s.adaptive != 0 {
			s.activity = min(s.activity, s.adaptive)
		}
		s.phase, s.readyAt, s.unavailableAt, s.failures = ready, now, 0, 0
		s.setState(Connected, nil)
		s.resubscribe(now)
		return
	case nameError:
		code, message := errorData(data)
		if code == 0 {
			s.drop(now, &ServerError{code, message}, backoff)
			return
		}
		s.drop(now, &CloseError{code, message}, actionFor(code))
		return
	}
	s.drop(now, ErrHandshake, backoff)
}

// errorData reads the payload of a pusher:error; a code of null reads as 0. The
// message is short enough to be searched for every channel that waits.
func errorData(data wire.Value) (code int, message string) {
	if n, ok := data.Get("code").Int(); ok && n > 0 && n < 1<<16 {
		code = int(n)
	}
	return code, serverText(data.Get("message"))
}

// readProtocol handles an event of the protocol. It returns false for one that
// goes to the user as it is.
func (s *Session) readProtocol(now time.Duration, ch *Channel, m *wire.Message) bool {
	switch wire.View(m.Event) {
	case namePing:
		s.sendPong()
	case namePong:
	case nameError:
		s.readError(now, ch, m)
	case nameSubError, nameSubErrorInner:
		data := m.Payload()
		status, _ := data.Get("status").Int()
		text := serverText(data.Get("error"))
		if text == "" {
			text = "subscription refused"
		}
		if len(m.Channel) == 0 {
			ch = s.oldest()
		}
		s.refused(now, ch, int(status), &ServerError{0, text})
	case nameSucceeded:
		s.confirmed(now, ch, m)
	case nameMemberAdded:
		s.member(MemberAdded, ch, m)
	case nameMemberRemoved:
		s.member(MemberRemoved, ch, m)
	case nameSignedIn, nameSignInError, nameWatchlist:
		if s.parts.user != nil {
			s.parts.user.read(s, now, m)
		}
	case nameCount:
		m.Event = nameCountOutside
		return false
	case nameEstablished, ownSucceeded, ownMemberAdded, ownMemberRemoved, ownUndecrypted:
		// Handlers rely on what comes under these names, an Event.Err for one.
		s.fail(&MessageError{string(m.Event), errors.New("thimble: " + string(m.Event) + " is a name that the client itself gives")})
	default:
		return isInternal(m.Event)
	}
	return true
}

// member hands on who comes or goes on a presence channel.
func (s *Session) member(what Kind, ch *Channel, m *wire.Message) {
	if ch != nil && ch.state == subscribed && ch.Kind == wire.Presence {
		s.parts.tokens.presence(s, what, ch, m)
	}
}

// readError handles a pusher:error within a connection. It never ends the
// connection: only a close does.
func (s *Session) readError(now time.Duration, ch *Channel, m *wire.Message) {
	code, message := errorData(m.Payload())
	err := &ServerError{code, message}
	if len(m.Channel) == 0 {
		if s.parts.user != nil && s.parts.user.refused(s, now, code, message) {
			return
		}
		ch = s.refusedBy(code, message)
	}
	// What was done under an earlier subscription may be refused behind its end:
	// the end itself, or a client event.
	late := strings.HasPrefix(message, "No current subscription") ||
		ch != nil && ch.stale && (code == codeClientEvent || contains(message, notMember))
	if ch == nil || ch.state != pending || late {
		s.fail(err)
		return
	}
	s.refused(now, ch, code, err)
}
