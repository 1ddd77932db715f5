package session

import (
	"strings"
	"time"
	"unsafe"

	"github.com/thimble-go/thimble/internal/wire"
)

// Channel is one channel, subscribed or not. There is one for each name, for
// as long as the session lives.
type Channel struct {
	Name string
	Kind wire.ChannelKind

	// What is small stands together: there may be many channels.
	wanted    bool // by the user
	stale     bool // it was unsubscribed: what comes before the next confirmation is old
	refreshed bool // a refusal has been answered with a fresh token once
	crowded   bool // there are more members than are kept
	untold    bool // the server has not said who is there
	own       bool // it is the session's own: the user knows nothing of it
	told      bool // a message has carried the gap to the user

	// Owner is the driver's own. An interface would have a board keep a
	// description of every type that can be reached from it: 10 KB of flash.
	Owner unsafe.Pointer

	// What the user wants.
	token  Token  // made ready by the user, or zero
	socket string // the connection that token is for

	// What the server has been told on this connection.
	state     channelState
	gone      bool          // it is to be forgotten
	ticket    uint32        // of the authorization under way
	order     uint32        // of the subscription sent
	count     int32         // of members, as the server counts; -1: unknown
	confirmBy time.Duration // for the answer to either; 0: as long as it takes
	retryAt   time.Duration

	attempts int // failed in a row
	err      error

	// Presence.
	members map[string]string // id to info; nil unless subscribed
	size    int               // bytes of both, all together
	me      string

	awaiting string // a token that waits for the sign-in

	secret *secret // of an encrypted channel; nil unless there is a key, or there should be

	// The gap since the connection before; see gap.go.
	heard        time.Duration     // when its messages last came; 0: no gap
	before       map[string]string // the members then, if asked for
	joined, left []Member

	waiting int // events in the backlog
}

// codeUnauthorized is what some servers put into the error event that refuses
// a subscription.
const codeUnauthorized = 4009

// codeClientEvent refuses a client event.
const codeClientEvent = 4301

// notMember is in the text of an error that has the same code and refuses a
// client event: the sender is not subscribed. Such a server names no channel
// in either.
const notMember = "not a member"

type channelState uint8

const (
	absent      channelState = iota
	authorizing              // a token was asked for
	pending                  // the subscription was sent
	subscribed
	retrying // waits for retryAt
	awaiting // there is a token; the sign-in comes first
	refused  // not before the next connection, or the user's next call
)

// Subscribed says whether the server has confirmed the subscription on the
// present connection.
func (ch *Channel) Subscribed() bool { return ch.state == subscribed && ch.wanted }

// Wanted says whether the user wants the subscription.
func (ch *Channel) Wanted() bool { return ch.wanted }

// Err returns why the channel is not subscribed, nil if nothing failed.
func (ch *Channel) Err() error { return ch.err }

// delivers says whether messages of the channel are the user's. Some servers
// let an event overtake the confirmation, so a pending subscription delivers
// too, unless what comes may belong to an earlier one.
func (ch *Channel) delivers() bool {
	return ch.wanted && (ch.state == subscribed || ch.state == pending && !ch.stale)
}

// Channel returns the channel of that name, made now if there was none.
func (s *Session) Channel(name string) *Channel {
	ch := s.byName[name]
	if ch == nil {
		ch = &Channel{Name: name, Kind: wire.KindOf(name), stale: s.strays}
		s.byName[name] = ch
		s.channels = append(s.channels, ch)
	}
	s.remember(ch)
	return ch
}

// channel finds the channel that a message names.
func (s *Session) channel(name []byte) *Channel {
	switch {
	case len(name) == 0:
		return nil
	case s.user.channel != nil && wire.View(name) == s.user.channel.Name:
		return s.user.channel
	case s.latest == nil || wire.View(name) != s.latest.Name: // often the same again
		s.latest = s.byName[wire.View(name)]
	}
	return s.latest
}

// Subscribe asks for the channel. It does nothing for one that is subscribed,
// or being subscribed; it makes a refused one try again at once.
func (s *Session) Subscribe(now time.Duration, ch *Channel) {
	if !wire.ValidChannel(ch.Name) {
		ch.wanted = true
		s.failed(now, ch, &SubscriptionError{Err: ErrChannelName}, never)
		ch.wanted = false // no connection will change that
		return
	}
	ch.wanted = true
	if ch.state == refused || ch.state == retrying {
		ch.state = absent
		ch.attempts, ch.refreshed = 0, false
	}
	s.reconcile(now, ch)
}

// Unsubscribe takes the wish back. From now on no message of the channel is
// delivered.
func (s *Session) Unsubscribe(now time.Duration, ch *Channel) {
	ch.wanted = false
	ch.err = nil
	s.events.drop(func(ev *Event) bool { return ev.Channel == ch })
	ch.endGap()
	ch.wipe()
	ch.wipeToken()
	if ch.waiting > 0 {
		s.parts.backlog.discard(s, ch)
	}
	s.reconcile(now, ch)
}

// reconcile compares what the user wants of a channel with what the server has
// been told, and closes the gap if the next step is ours.
func (s *Session) reconcile(now time.Duration, ch *Channel) {
	if s.phase != ready {
		return
	}
	switch {
	case !ch.wanted && ch.state == subscribed:
		s.sendUnsubscribe(ch.Name)
		ch.reset()
		ch.stale = true
	case !ch.wanted && ch.state != pending:
		// A subscription under way is ended when its answer comes: the service
		// refuses to end it before.
		ch.reset()
	case ch.wanted && ch.state == absent:
		s.start(now, ch)
	}
}

// start takes the first step to a subscription.
func (s *Session) start(now time.Duration, ch *Channel) {
	switch {
	case ch.Kind == wire.Public:
		s.subscribe(now, ch, Token{})
	case s.parts.tokens != nil:
		s.parts.tokens.start(s, now, ch)
	default:
		s.failed(now, ch, &SubscriptionError{Err: ErrNoAuthorizer}, never)
	}
}

func (s *Session) subscribe(now time.Duration, ch *Channel, token Token) {
	s.sent++
	ch.state, ch.order = pending, s.sent
	ch.confirmBy = s.channelDeadline(now + confirmTimeout)
	s.sendSubscribe(ch.Name, token)
}

// confirmed handles the server's yes.
func (s *Session) confirmed(now time.Duration, ch *Channel, m *wire.Message) {
	if ch == nil {
		// It comes after it was given up as unanswered, and forgotten since.
		if n := len(m.Channel); n > 0 && n <= wire.MaxChannelName && !s.full() {
			s.sendUnsubscribe(string(m.Channel))
		}
		return
	}
	if ch.state == subscribed {
		return
	}
	if ch.state != pending || !ch.wanted {
		// It is not wanted any more, or it comes after it was given up as
		// unanswered. The service refuses to end a subscription that it has not
		// confirmed, so this is the moment. A server that says yes unasked, all
		// the time and without reading, must not make memory grow.
		if ch.state == pending || !s.full() {
			s.sendUnsubscribe(ch.Name)
		}
		if ch.state == pending {
			ch.reset()
		}
		ch.stale = true
		s.sweep()
		return
	}
	ch.state, ch.stale = subscribed, false
	ch.attempts, ch.refreshed, ch.err = 0, false, nil
	if ch.Kind == wire.Presence {
		s.parts.tokens.presence(s, Subscribed, ch, m)
	}
	if ch.own {
		// The sign-in has told the gap up to itself; the user's next event tells
		// what has been missed until now. One that came before has done so.
		told := ch.told
		if gap := ch.caughtUp(now); !told {
			s.user.gap = gap
		}
		return
	}
	s.events.push(Subscribed, ch, nil).Gap = ch.caughtUp(now)
	if s.parts.backlog != nil {
		s.parts.backlog.flush(s, now)
	}
}

// refused handles the server's no.
func (s *Session) refused(now time.Duration, ch *Channel, status int, err error) {
	if ch == nil || ch.state != pending {
		s.fail(err)
		return
	}
	status, how := judged(status)
	if server, ok := err.(*ServerError); ok && strings.HasPrefix(server.Message, "Existing subscription") {
		s.sendUnsubscribe(ch.Name) // it has one that we know nothing of
		how = again
	}
	s.failed(now, ch, &SubscriptionError{Status: status, Err: err}, how)
	s.sweep()
}

// refusedBy finds the channel that an error without a channel is about: the
// service names it in the text.
func (s *Session) refusedBy(code int, message string) *Channel {
	if code != 0 && code != codeUnauthorized || contains(message, notMember) {
		return nil // about something else than a subscription
	}
	var named *Channel
	for _, ch := range s.channels {
		if ch.state == pending && names(message, ch.Name) && (named == nil || len(ch.Name) > len(named.Name)) {
			named = ch
		}
	}
	if named == nil && (code == codeUnauthorized || strings.HasPrefix(message, "Invalid key in subscription auth data")) {
		return s.oldest()
	}
	return named
}

// oldest returns the channel that a refusal is about where a server names none
// at all: its answers still come in the order of the requests, so it is the
// first of those that could be refused.
func (s *Session) oldest() *Channel {
	var oldest *Channel
	for _, ch := range s.channels {
		if ch.state == pending && ch.Kind.Authorized() && (oldest == nil || ch.order < oldest.order) {
			oldest = ch
		}
	}
	return oldest
}

// contains says whether a text has another in it.
func contains(text, part string) bool { return index(text, part) >= 0 }

// index returns where a text has another in it, -1 if nowhere. It is asked for
// short ones, seldom: those of package strings are fast, and large on a board.
func index(text, part string) int {
	for i := 0; i+len(part) <= len(text); i++ {
		if text[i:i+len(part)] == part {
			return i
		}
	}
	return -1
}

// names says whether a text has the channel's name in it as a word.
func names(text, channel string) bool {
	for i := 0; i+len(channel) <= len(text); i++ {
		if text[i:i+len(channel)] != channel || i > 0 && text[i-1] != ' ' && text[i-1] != ':' {
			continue
		}
		rest := text[i+len(channel):]
		if rest == "" || rest[0] == ' ' || rest[0] == ':' || rest[0] == ',' || rest[0] == '.' {
			return true
		}
	}
	return false
}

// persistence is how often a failed subscription is tried again on the same
// connection.
type persistence uint8

const (
	never persistence = iota
	once              // with a fresh token, since the old one may have expired
	again             // until it works, after growing delays
)

// persistence says how often to try again what has failed so. Whoever asked
// knows best; a status without more says what servers mean by it.
func (e *AuthError) persistence() persistence {
	switch {
	case e.Permanent:
		return never
	case e.Status == 401 || e.Status == 403:
		return once
	}
	return again
}

// judged returns the status that a server gives with a refusal, 0 for what is
// one of the protocol's codes, which the text names, and how often to try again:
// 5xx is the server's own trouble, which passes.
func judged(status int) (int, persistence) {
	switch {
	case status < 100 || status > 599:
		return 0, never
	case status >= 500:
		return status, again
	}
	return status, never
}

// retryAfter returns how long the authorization endpoint wants to be left
// alone. A random delay comes on top, as everybody else was told the same.
func retryAfter(err error) time.Duration {
	if auth, ok := err.(*AuthError); ok {
		return max(min(auth.RetryAfter, retryMost), 0)
	}
	return 0
}

// failed ends an attempt to subscribe.
func (s *Session) failed(now time.Duration, ch *Channel, err *SubscriptionError, how persistence) {
	attempts, refreshed := ch.attempts, ch.refreshed
	ch.reset()
	if !ch.wanted {
		return
	}
	ch.attempts, ch.refreshed = attempts, refreshed
	ch.state = refused
	if how == again || how == once && !refreshed {
		ch.refreshed = refreshed || how == once
		err.Retry = max(retryAfter(err.Err)+s.random.jitter(growing(attempts)), 1) // 0 would say never
		ch.attempts++
		ch.state = retrying
		ch.retryAt = s.channelDeadline(now + err.Retry)
	}
	err.Channel, ch.err = ch.Name, err
	if ch.own {
		s.fail(err)
		return
	}
	s.events.push(SubscriptionFailed, ch, err).Retry = err.Retry
	if ch.state == refused && ch.waiting > 0 {
		s.parts.backlog.discard(s, ch)
	}
}

// reset forgets what the server was told, but not that messages of an earlier
// subscription may be under way.
func (ch *Channel) reset() {
	ch.state, ch.ticket = absent, 0
	ch.members, ch.size, ch.count, ch.me, ch.awaiting = nil, 0, 0, "", ""
	ch.crowded, ch.untold = false, false
	ch.attempts, ch.refreshed = 0, false
	ch.wipe()
}

// growing is the most that a wait takes after so many failures before.
func growing(failures int) time.Duration {
	d := retryFirst
	for i := 0; i < failures && d < retryMost; i++ {
		d *= 2
	}
	return min(d, retryMost)
}

// forgetChannels is reset for all: the connection is gone.
func (s *Session) forgetChannels() {
	for _, ch := range s.channels {
		s.leave(ch)
		ch.reset()
		ch.stale = false
		ch.wipeToken()
	}
	if s.parts.user != nil {
		s.parts.user.forget(s)
	}
	s.channelsAt = 0
}

// resubscribe asks for all that is wanted, on a new connection.
func (s *Session) resubscribe(now time.Duration) {
	if s.parts.user != nil {
		s.parts.user.reconcile(s, now)
	}
	for _, ch := range s.channels {
		s.reconcile(now, ch)
	}
}

// channelDeadline notes that some channel has a deadline at t.
func (s *Session) channelDeadline(t time.Duration) time.Duration {
	if s.channelsAt == 0 || t < s.channelsAt {
		s.channelsAt = t
	}
	return t
}

// advanceChannels does what is due and finds the next deadline. It looks at
// every channel, but only when one may be due.
func (s *Session) advanceChannels(now time.Duration) {
	s.channelsAt = 0
	for _, ch := range s.channels {
		s.advanceChannel(now, ch)
	}
	if s.parts.user != nil {
		s.parts.user.advance(s, now)
	}
	s.sweep()
}

func (s *Session) advanceChannel(now time.Duration, ch *Channel) {
	switch {
	case ch.state == retrying && now >= ch.retryAt:
		ch.state = absent
		s.reconcile(now, ch)
	case ch.state == retrying:
		s.channelDeadline(ch.retryAt)
	case ch.state == pending && now >= ch.confirmBy:
		// Whatever became of it, the next attempt starts afresh.
		s.sendUnsubscribe(ch.Name)
		ch.stale = true
		s.failed(now, ch, &SubscriptionError{Err: ErrConfirm}, again)
	case ch.state == pending:
		s.channelDeadline(ch.confirmBy)
	case ch.state == authorizing:
		s.parts.tokens.advance(s, now, ch)
	}
	if ch.secret != nil {
		s.parts.encryption.advance(s, now, ch)
	}
}
