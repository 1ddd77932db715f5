package session

import (
	"time"

	"github.com/thimble-go/thimble/internal/wire"
)

// SubscribeAuthorized asks for the channel with a token made for the present
// connection.
func (s *Session) SubscribeAuthorized(now time.Duration, ch *Channel, token Token) {
	Tokens(s)
	ch.keepToken(token, s.socketID)
	if ch.Kind == wire.Encrypted && s.parts.encryption != nil && s.phase == ready && (ch.state == pending || ch.state == subscribed) {
		s.parts.encryption.rekeyed(s, ch, token, nil)
	}
	s.Subscribe(now, ch)
}

// WantsToken says whether a channel is wanted that will need a token on the
// next connection, so that the way to whoever makes it can be prepared.
func (s *Session) WantsToken() bool {
	for _, ch := range s.channels {
		if ch.wanted && ch.Kind.Authorized() {
			return true
		}
	}
	return false
}

// startAuthorized is start for a channel that takes a token.
func (s *Session) startAuthorized(now time.Duration, ch *Channel) {
	switch {
	case ch.token.Auth != "" && ch.socket == s.socketID:
		s.present(now, ch, ch.token)
	case s.cfg.Authorizer != nil:
		s.tickets++
		ch.state, ch.ticket, ch.confirmBy = authorizing, s.tickets, 0
		s.askToken(ch, ch.ticket)
	case ch.token.Auth != "":
		s.failed(now, ch, &SubscriptionError{Err: ErrTokenExpired}, never)
	default:
		s.failed(now, ch, &SubscriptionError{Err: ErrNoAuthorizer}, never)
	}
}

// askToken has the driver ask for a token.
func (s *Session) askToken(ch *Channel, ticket uint32) {
	ev := s.events.push(Authorize, ch, nil)
	ev.SocketID, ev.Ticket = s.socketID, ticket
}

// Asking says that the driver asks for the token of the Authorize event with
// that ticket now. From here on the time for the answer counts: before, it waits
// for others to be answered.
func (s *Session) Asking(now time.Duration, ch *Channel, ticket uint32) {
	switch {
	case s.cfg.AuthTimeout == 0:
	case ch.state == authorizing && ch.ticket == ticket:
		ch.confirmBy = s.channelDeadline(now + s.cfg.AuthTimeout)
	case ch.secret != nil && ch.secret.ticket == ticket:
		ch.secret.answerBy = s.channelDeadline(now + s.cfg.AuthTimeout)
	}
}

// Awaits says whether the answer to the Authorize event with that ticket would
// still be of use.
func (s *Session) Awaits(ch *Channel, ticket uint32) bool {
	return ch.state == authorizing && ch.ticket == ticket || ch.secret != nil && ch.secret.ticket == ticket
}

// advanceToken gives up an authorization that takes too long.
func (s *Session) advanceToken(now time.Duration, ch *Channel) {
	switch {
	case ch.confirmBy == 0:
	case now >= ch.confirmBy:
		s.failed(now, ch, &SubscriptionError{Err: &AuthError{Err: ErrAuthTimeout}}, again)
	default:
		s.channelDeadline(ch.confirmBy)
	}
}

// Authorized brings the answer to the Authorize event with that ticket. It
// does nothing when the answer comes too late: the connection it was made for
// is gone, or the channel is not wanted any more.
func (s *Session) Authorized(now time.Duration, ch *Channel, ticket uint32, token Token, err error) {
	if ch.secret != nil && ch.secret.ticket == ticket && ticket != 0 {
		ch.wipeToken()
		s.parts.encryption.rekeyed(s, ch, token, err)
		return
	}
	if ch.state != authorizing || ch.ticket != ticket {
		return
	}
	if err == nil {
		s.present(now, ch, token)
		return
	}
	failure := &SubscriptionError{Err: err}
	how := again
	if auth, ok := err.(*AuthError); ok {
		failure.Status = auth.Status
		how = auth.persistence()
	}
	s.failed(now, ch, failure, how)
}

// present shows the server a token.
func (s *Session) present(now time.Duration, ch *Channel, token Token) {
	switch ch.Kind {
	case wire.Encrypted:
		if s.parts.encryption == nil {
			s.failed(now, ch, &SubscriptionError{Err: ErrNoEncryption}, never)
			return
		}
		if !ch.takeKey(token.SharedSecret) {
			s.failed(now, ch, &SubscriptionError{Err: ErrNoSecret}, never)
			return
		}
	case wire.Presence:
		if token.ChannelData == "" && s.parts.user != nil && s.parts.user.present(s, now, ch, token) {
			return
		}
		data, err := wire.ParseValue([]byte(token.ChannelData))
		if err == nil {
			ch.me = userID(data)
		}
		if err != nil || ch.me == "" {
			s.failed(now, ch, &SubscriptionError{Err: ErrPresenceData}, never)
			return
		}
	}
	s.subscribe(now, ch, token)
}
