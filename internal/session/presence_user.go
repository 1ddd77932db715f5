package session

import "time"

// A presence channel whose token has no channel_data is subscribed as the user
// who is signed in, whose id the server knows then.

// presentUser subscribes as the user, or waits for the sign-in; false when
// there is none to wait for.
func (s *Session) presentUser(now time.Duration, ch *Channel, token Token) bool {
	u := &s.user
	switch {
	case !u.wanted || u.state == refused:
		return false
	case u.state == subscribed:
		ch.me = u.id
		s.subscribe(now, ch, token)
	default:
		ch.state, ch.awaiting = awaiting, token.Auth
	}
	return true
}

// awaitedUser goes on with the channels that wait for the sign-in, when it has
// come to an end, and with those that it has come too late for.
func (s *Session) awaitedUser(now time.Duration) {
	if s.phase != ready {
		return
	}
	signedIn := s.user.wanted && s.user.state == subscribed
	for _, ch := range s.channels {
		failure, _ := ch.err.(*SubscriptionError)
		switch {
		case ch.state == awaiting:
			s.present(now, ch, Token{Auth: ch.awaiting})
		case signedIn && ch.state == refused && failure != nil && failure.Err == ErrPresenceData:
			ch.state = absent
			s.reconcile(now, ch)
		}
	}
}
