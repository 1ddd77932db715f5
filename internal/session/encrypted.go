package session

import (
	"crypto/subtle"
	"time"

	"github.com/thimble-go/thimble/internal/wire"
)

// secret is what an encrypted channel has besides: its key, and the events that
// wait for another one.
type secret struct {
	key   [keySize]byte
	known bool // there is a key

	ticket    uint32        // of the authorization under way for a fresh key; 0: none
	answerBy  time.Duration // for its answer; 0: as long as it takes
	refreshAt time.Duration // no fresh key is asked for before
	vain      int           // fresh keys in a row that did not help, or did not come
	why       error         // what came in place of the last one

	held     []sealed // in order; the first of them did not open
	heldSize int      // bytes
	judging  bool     // the first one shows whether the key that has come helps
}

// sealed is an event whose data is still encrypted.
type sealed struct {
	name  string
	nonce [nonceSize]byte
	box   []byte
}

// heldOverhead is what a held event costs besides its name and data, in bytes.
const heldOverhead = 96

// takeKey copies the key of a channel from its token; false: it has none.
func (ch *Channel) takeKey(key []byte) bool {
	if len(key) != keySize {
		return false
	}
	if ch.secret == nil {
		ch.secret = new(secret)
	}
	copy(ch.secret.key[:], key)
	ch.secret.known = true
	return true
}

// keepToken keeps a token that the user has made, for a connection.
func (ch *Channel) keepToken(token Token, socketID string) {
	clear(ch.token.SharedSecret)
	token.SharedSecret = append([]byte(nil), token.SharedSecret...)
	ch.token, ch.socket = token, socketID
}

// wipe overwrites the channel's key and forgets what waits for another.
func (ch *Channel) wipe() {
	if ch.secret != nil {
		clear(ch.secret.key[:])
		ch.secret = nil
	}
}

// wipeToken overwrites the key of a token that the user has made. The token is
// of no use any more then.
func (ch *Channel) wipeToken() {
	if ch.token.SharedSecret != nil {
		clear(ch.token.SharedSecret)
		ch.token.SharedSecret, ch.socket = nil, ""
	}
}

// readSealed returns what an event of an encrypted channel holds; false if it
// is to wait, or is lost.
func (s *Session) readSealed(now time.Duration, ch *Channel, m *wire.Message) ([]byte, bool) {
	name := m.Event
	box, err := s.unpack(m)
	if err != nil {
		s.undecrypted(ch, name, err)
		return nil, false
	}
	if ch.secret == nil {
		// The subscription was taken back, and asked for again before the
		// server knew: the key is gone, and a fresh one is needed.
		ch.secret = new(secret)
	}
	sec := ch.secret
	if len(sec.held) > 0 {
		s.hold(ch, name, box)
		return nil, false
	}
	data, err := s.open(sec, &s.box.nonce, box)
	switch {
	case err == nil:
		return data, true
	case err != errKey:
		s.undecrypted(ch, name, err)
	case !s.refreshable(now, sec):
		s.undecrypted(ch, name, errKey)
	case s.hold(ch, name, box):
		s.refresh(now, ch)
	}
	return nil, false
}

// opened delivers an event, or says what is wrong with it.
func (s *Session) opened(now time.Duration, ch *Channel, name, data []byte, err error) {
	if err != nil {
		s.undecrypted(ch, name, err)
		return
	}
	ev := s.events.push(Message, ch, nil)
	ev.Name, ev.Data = name, data
	if ch.heard != 0 {
		ev.Gap = ch.early(now)
	}
}

// undecrypted reports an event that is dropped.
func (s *Session) undecrypted(ch *Channel, name []byte, err error) {
	name = name[:min(len(name), rawShown)]
	s.events.push(DecryptionFailed, ch, &DecryptionError{Channel: ch.Name, Event: string(name), Err: err})
}

// hold keeps an event until there is a key, behind those that wait already.
// What all channels together hold is bounded like a message.
func (s *Session) hold(ch *Channel, name, box []byte) bool {
	size := len(name) + len(box) + heldOverhead
	all := size
	for _, other := range s.channels {
		if other.secret != nil {
			all += other.secret.heldSize
		}
	}
	if all > s.cfg.MaxMessage {
		s.undecrypted(ch, name, errHeld)
		return false
	}
	sec := ch.secret
	sec.held = append(sec.held, sealed{string(name), s.box.nonce, append([]byte(nil), box...)})
	sec.heldSize += size
	return true
}

// drop takes the first of the held events away.
func (sec *secret) drop() {
	sec.heldSize -= len(sec.held[0].name) + len(sec.held[0].box) + heldOverhead
	sec.held[0] = sealed{}
	if sec.held = sec.held[1:]; len(sec.held) == 0 {
		sec.held = nil
	}
}

// refreshable says whether an event that does not open may wait for a fresh
// key. It may not while the last one was in vain a short time ago: whoever
// publishes garbage must cause neither a storm of authorizations nor delays.
func (s *Session) refreshable(now time.Duration, sec *secret) bool {
	return s.cfg.Authorizer != nil && (sec.vain == 0 || now >= sec.refreshAt)
}

// refresh asks for a fresh key, now or as soon as it may. One request serves
// all events that wait.
func (s *Session) refresh(now time.Duration, ch *Channel) {
	sec := ch.secret
	if sec.ticket != 0 {
		return
	}
	if now < sec.refreshAt {
		s.channelDeadline(sec.refreshAt)
		return
	}
	s.tickets++
	sec.ticket, sec.answerBy, sec.refreshAt = s.tickets, 0, now+retryFirst
	s.askToken(ch, sec.ticket)
}

// advanceSecret asks for a key that may be asked for now, and gives up one that
// does not come.
func (s *Session) advanceSecret(now time.Duration, ch *Channel) {
	sec := ch.secret
	if sec.ticket != 0 && sec.answerBy != 0 {
		if now < sec.answerBy {
			s.channelDeadline(sec.answerBy)
			return
		}
		s.rekeyed(ch, Token{}, &AuthError{Err: ErrAuthTimeout})
	}
	if len(sec.held) > 0 && sec.ticket == 0 && !sec.judging && !s.releases(ch) {
		s.refresh(now, ch)
	}
}

// rekeyed takes the key, and nothing else, from the answer to refresh.
func (s *Session) rekeyed(ch *Channel, token Token, err error) {
	if ch.secret == nil {
		ch.secret = new(secret)
	}
	sec := ch.secret
	sec.ticket, sec.why = 0, errKey
	switch {
	case err != nil:
		sec.why = err
	case len(token.SharedSecret) != keySize:
		sec.why = ErrNoSecret
	case !sec.known || subtle.ConstantTimeCompare(sec.key[:], token.SharedSecret) == 0:
		ch.takeKey(token.SharedSecret)
	}
	if len(sec.held) == 0 {
		return
	}
	sec.judging = true
	if !s.releases(ch) {
		s.releasing = append(s.releasing, ch)
	}
}

func (s *Session) releases(ch *Channel) bool {
	for _, other := range s.releasing {
		if ch == other {
			return true
		}
	}
	return false
}

// release handles one of the events that have waited for a key. Next calls it
// before it reads on, so that they come before all that is newer.
func (s *Session) release(now time.Duration) {
	ch := s.releasing[0]
	sec := ch.secret
	done := func() {
		s.releasing[0] = nil
		if s.releasing = s.releasing[1:]; len(s.releasing) == 0 {
			s.releasing = nil
		}
	}
	if sec == nil || len(sec.held) == 0 {
		done()
		return
	}
	first := sec.held[0]
	data, err := s.open(sec, &first.nonce, first.box)
	judging := sec.judging
	sec.judging = false
	switch {
	case err != errKey:
		if judging {
			sec.vain = 0
		}
	case judging:
		err = sec.why
		sec.vain++
		sec.refreshAt = max(sec.refreshAt, now+growing(sec.vain-1))
	case s.refreshable(now, sec):
		done()
		s.refresh(now, ch)
		return
	}
	sec.drop()
	s.opened(now, ch, []byte(first.name), data, err)
}
