package session

import (
	"time"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// newMask returns a fresh mask, nil when there is no randomness: then Next
// ends the connection.
func (s *Session) newMask() *[4]byte {
	s.random.take(s.mask[:])
	if s.random.err != nil {
		return nil
	}
	return &s.mask
}

// finish completes the text frame whose payload stands behind start, or takes
// it back, and says false, when it cannot be masked.
func (s *Session) finish(out []byte, start int) bool {
	mask := s.newMask()
	if mask == nil {
		s.out = out[:start]
		return false
	}
	s.out = websocket.Finish(out, start, websocket.Text, mask)
	return true
}

func (s *Session) sendPing() {
	start := len(s.out)
	s.finish(wire.AppendPing(websocket.Begin(s.out)), start)
}

// full says that more waits to be written than should. Answers to pings are
// left out then: a server that pings without reading must not make memory
// grow, and what it has not read shows that we live.
func (s *Session) full() bool { return len(s.out) > s.cfg.Queue }

func (s *Session) sendPong() {
	if s.full() {
		return
	}
	start := len(s.out)
	s.finish(wire.AppendPong(websocket.Begin(s.out)), start)
}

func (s *Session) sendSubscribe(channel string, token Token) {
	start := len(s.out)
	s.finish(wire.AppendSubscribe(websocket.Begin(s.out), channel, token.Auth, token.ChannelData), start)
}

func (s *Session) sendUnsubscribe(channel string) {
	start := len(s.out)
	s.finish(wire.AppendUnsubscribe(websocket.Begin(s.out), channel), start)
}

// answerPing answers a WebSocket Ping.
func (s *Session) answerPing(payload []byte) {
	if s.full() {
		return
	}
	if mask := s.newMask(); mask != nil {
		s.out = websocket.AppendFrame(s.out, websocket.Pong, payload, mask)
	}
}

// Trigger sends a client event, or puts it into the backlog. data is a JSON
// text; empty means {}.
func Trigger[T ~string | ~[]byte](s *Session, now time.Duration, ch *Channel, event string, data T) error {
	switch {
	case !wire.IsClientEvent(event) || utf8.RuneCountInString(event) > wire.MaxEventName:
		return ErrEventName
	case ch.Kind == wire.Encrypted:
		return ErrEncryptedChannel
	case !ch.Kind.ClientEvents():
		return ErrPublicChannel
	case len(data) > MaxEventData:
		return ErrTooLarge
	}
	err := error(nil)
	s.dueBacklog(now)
	if ch.waiting > 0 {
		err = ErrRateLimited // it must not overtake the others
	} else {
		err = send(s, now, ch, event, data)
	}
	switch err {
	case ErrNotConnected, ErrNotSubscribed, ErrRateLimited, ErrQueueFull:
		if s.cfg.Backlog == 0 || !ch.wanted || ch.state == refused {
			return err // for ever, as far as anybody knows
		}
		if err := s.wait(ch, event, []byte(data)); err != nil {
			return err
		}
		if s.backlog.retryAt == 0 && ch.state == subscribed {
			s.flushBacklog(now) // for the time of the next try
		}
		return nil
	}
	return err
}

// send writes a client event, if it may be sent now.
func send[T ~string | ~[]byte](s *Session, now time.Duration, ch *Channel, event string, data T) error {
	switch {
	case s.phase != ready:
		return ErrNotConnected
	case ch.state != subscribed:
		return ErrNotSubscribed
	case len(s.out)+len(event)+len(ch.Name)+len(data) > s.cfg.Queue:
		return ErrQueueFull
	case now < s.limit.at():
		return ErrRateLimited
	}
	start := len(s.out)
	out := websocket.Begin(s.out)
	if len(data) == 0 {
		out = wire.AppendEvent(out, event, ch.Name, "", "{}")
	} else {
		// Checked where it is going to stand: it needs no copy for that.
		out = wire.AppendEvent(out, event, ch.Name, "", data)
		text := out[len(out)-1-len(data) : len(out)-1]
		if !wire.Valid(text) {
			s.out = out[:start]
			return ErrNotJSON
		}
	}
	if !s.finish(out, start) {
		return ErrEntropy
	}
	s.limit.note(now)
	return nil
}
