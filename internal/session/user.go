package session

import (
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// signIn is the user whom the connection stands for. Like a channel it keeps
// what is wanted apart from what the server has been told, and goes through
// the same states: subscribed stands for signed in.
type signIn struct {
	wanted    bool
	refreshed bool // a refusal has been answered with a fresh token once
	state     channelState
	ticket    uint32 // of the authorization under way
	confirmBy time.Duration
	retryAt   time.Duration
	attempts  int // failed in a row
	err       error

	id      string
	data    string        // JSON text
	channel *Channel      // of events for the user; nil before the first sign-in
	gap     time.Duration // that the next of these events tells; 0: none
}

// userPrefix is what the channel of a user's events is called, before the id.
const userPrefix = "#server-to-user-"

// SignIn asks for the user to be signed in, on this connection and those to
// come. It makes a refused sign-in try again at once.
func (s *Session) SignIn(now time.Duration) error {
	if !s.cfg.UserAuthorizer {
		return ErrNoUserAuthorizer
	}
	s.parts.user = &userParts
	u := &s.user
	u.wanted = true
	if u.state == refused || u.state == retrying {
		u.reset()
	}
	s.reconcileUser(now)
	return nil
}

// SignOut takes the wish back. From now on nothing that is for the user is
// delivered. The protocol has no word for it: for the server the connection
// stays the user's until it ends.
func (s *Session) SignOut(now time.Duration) {
	u := &s.user
	u.wanted, u.err = false, nil
	s.events.drop(func(ev *Event) bool {
		switch ev.Kind {
		case AuthorizeUser, SignedIn, SignInFailed, UserMessage, Watchlist:
			return true
		}
		return false
	})
	u.gap = 0
	if u.channel != nil {
		s.Unsubscribe(now, u.channel)
	}
	if u.state != pending { // else its answer is waited for
		u.reset()
	}
	s.awaitedUser(now)
}

// User returns the id and the data, as JSON text, of the user who is signed in;
// empty if none is.
func (s *Session) User() (id, data string) {
	if u := &s.user; u.wanted && u.state == subscribed {
		return u.id, u.data
	}
	return "", ""
}

// UserErr returns why the user is not signed in, nil if nothing failed.
func (s *Session) UserErr() error { return s.user.err }

// reset forgets what the server was told.
func (u *signIn) reset() {
	u.state, u.ticket = absent, 0
	u.attempts, u.refreshed = 0, false
	u.id, u.data = "", ""
}

// forgetUser is reset when the connection is gone.
func (s *Session) forgetUser() {
	s.user.reset()
	if ch := s.user.channel; ch != nil {
		s.leave(ch) // what comes for the user is missed, too
		ch.reset()
		ch.stale = false
	}
}

// reconcileUser takes the next step to what is wanted, if it is ours.
func (s *Session) reconcileUser(now time.Duration) {
	u := &s.user
	if s.phase != ready || !u.wanted || u.state != absent {
		return
	}
	s.tickets++
	u.state, u.ticket, u.confirmBy = authorizing, s.tickets, 0
	if s.cfg.AuthTimeout != 0 {
		u.confirmBy = s.channelDeadline(now + s.cfg.AuthTimeout)
	}
	ev := s.events.push(AuthorizeUser, nil, nil)
	ev.SocketID, ev.Ticket = s.socketID, u.ticket
}

// AuthorizedUser brings the answer to the AuthorizeUser event with that ticket.
// It does nothing when the answer comes too late.
func (s *Session) AuthorizedUser(now time.Duration, ticket uint32, token UserToken, err error) {
	u := &s.user
	if u.state != authorizing || u.ticket != ticket {
		return
	}
	if err != nil {
		failure := &SignInError{Err: err}
		how := again
		if auth, ok := err.(*AuthError); ok {
			failure.Status, how = auth.Status, auth.persistence()
		}
		s.signInFailed(now, failure, how)
		return
	}
	if data, err := wire.ParseValue([]byte(token.UserData)); err != nil || idOf(data) == "" {
		s.signInFailed(now, &SignInError{Err: ErrUserData}, never)
		return
	}
	u.state = pending
	u.confirmBy = s.channelDeadline(now + confirmTimeout)
	start := len(s.out)
	s.finish(wire.AppendSignIn(websocket.Begin(s.out), token.Auth, token.UserData), start)
}

// idOf reads the id in a user's data: a string, or with some servers a number.
func idOf(data wire.Value) string { return textOf(data.Get("id")) }

// signedIn handles the server's yes. One that comes after it was given up as
// unanswered, or taken for refused, counts too.
func (s *Session) signedIn(now time.Duration, m *wire.Message) {
	u := &s.user
	switch {
	case !u.wanted:
		u.reset()
		return
	case u.state != pending && u.state != refused && u.state != retrying:
		return
	}
	user := m.Payload().Get("user_data")
	if user.Kind() == wire.String { // as nearly always: JSON in JSON
		user, _ = wire.ParseValue([]byte(user.Text()))
	}
	id := idOf(user)
	if id == "" {
		s.signInFailed(now, &SignInError{Err: ErrUserData}, never)
		return
	}
	u.reset()
	u.state, u.err = subscribed, nil
	u.id, u.data = id, string(user)
	if u.channel == nil || u.channel.Name != userPrefix+id {
		u.channel, u.gap = &Channel{Name: userPrefix + id, own: true}, 0
	}
	u.channel.wanted = true
	ev := s.events.push(SignedIn, nil, nil)
	ev.Data, ev.Gap = []byte(u.data), u.channel.gap(now)
	s.reconcile(now, u.channel)
	s.awaitedUser(now)
}

// signInFailed ends an attempt to sign in.
func (s *Session) signInFailed(now time.Duration, err *SignInError, how persistence) {
	u := &s.user
	attempts, refreshed := u.attempts, u.refreshed
	u.reset()
	if !u.wanted {
		return
	}
	u.state = refused
	if how == again || how == once && !refreshed {
		u.refreshed = refreshed || how == once
		err.Retry = max(retryAfter(err.Err)+s.random.jitter(growing(attempts)), 1) // 0 would say never
		u.attempts = attempts + 1
		u.state = retrying
		u.retryAt = s.channelDeadline(now + err.Retry)
	}
	u.err = err
	s.events.push(SignInFailed, nil, err).Retry = err.Retry
	s.awaitedUser(now)
}

// advanceUser does what is due.
func (s *Session) advanceUser(now time.Duration) {
	u := &s.user
	switch {
	case u.state == retrying && now >= u.retryAt:
		u.state = absent
		s.reconcileUser(now)
	case u.state == retrying:
		s.channelDeadline(u.retryAt)
	case u.state == pending && now >= u.confirmBy:
		s.signInFailed(now, &SignInError{Err: ErrSignInConfirm}, again)
	case u.state == authorizing && u.confirmBy != 0 && now >= u.confirmBy:
		s.signInFailed(now, &SignInError{Err: &AuthError{Err: ErrAuthTimeout}}, again)
	case (u.state == pending || u.state == authorizing) && u.confirmBy != 0:
		s.channelDeadline(u.confirmBy)
	}
	if u.channel != nil {
		s.advanceChannel(now, u.channel)
	}
}

// signInRefused handles an error that may be the server's no, and says whether
// it is. The service names nothing in it, so the text has to tell.
func (s *Session) signInRefused(now time.Duration, code int, message string) bool {
	if s.user.state != pending || code != 0 && code != codeUnauthorized {
		return false
	}
	about := contains(message, s.socketID+"::user::") // what was to be signed
	if !about && !contains(message, s.socketID+":") && s.refusedBy(code, message) == nil {
		// It names no channel, and none is left that it could be about.
		about = code == codeUnauthorized && !contains(message, notMember) || mentionsSignIn(message)
	}
	if about {
		s.signInFailed(now, &SignInError{Err: &ServerError{code, message}}, never)
	}
	return about
}

// mentionsSignIn says whether an error's text is about a sign-in.
func mentionsSignIn(text string) bool {
	text = strings.ToLower(text)
	for _, word := range [...]string{"signin", "sign in", "sign-in", "signing in", "user_data", "user data", "user auth", "invalid key", "invalid signature"} {
		if contains(text, word) {
			return true
		}
	}
	return false
}

// readUser handles the protocol's events about users.
func (s *Session) readUser(now time.Duration, m *wire.Message) {
	switch wire.View(m.Event) {
	case nameSignedIn:
		s.signedIn(now, m)
	case nameSignInError: // of servers that have a name for it
		if s.user.state != pending {
			return
		}
		data := m.Payload()
		text := serverText(data.Get("error"))
		if text == "" {
			text = "sign-in refused"
		}
		status, _ := data.Get("status").Int()
		own, how := judged(int(status))
		s.signInFailed(now, &SignInError{Status: own, Err: &ServerError{0, text}}, how)
	case nameWatchlist:
		if s.user.wanted {
			s.watchlist(m.Payload())
		}
	}
}

// watchlist tells who of those whom the user watches has come or gone.
func (s *Session) watchlist(data wire.Value) {
	events := wire.Elements(data.Get("events"))
	for events.Next() {
		name := events.Value.Get("name")
		if name.Kind() != wire.String {
			continue
		}
		ev := &WatchlistEvent{Name: name.Text()}
		ids := wire.Elements(events.Value.Get("user_ids"))
		for ids.Next() {
			if id := textOf(ids.Value); id != "" {
				ev.UserIDs = append(ev.UserIDs, id)
			}
		}
		s.events.push(Watchlist, nil, nil).Watchlist = ev
	}
}
