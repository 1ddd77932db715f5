package session

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/wire"
)

// Errors of intents. Their texts reach the user as they are.
var (
	ErrChannelName      = errors.New("thimble: a channel's name has 1 to 164 of the characters A-Z a-z 0-9 _ - = @ , . ;")
	ErrEventName        = errors.New(`thimble: a client event's name starts with "client-" and has at most 200 characters`)
	ErrNotConnected     = errors.New("thimble: not connected; a client connects while Run or Poll is called, and with Config.Backlog events wait for it")
	ErrNotSubscribed    = errors.New("thimble: not subscribed to the channel; wait for EventSubscribed, see Channel.Err for why it does not come, or set Config.Backlog to have events wait for it")
	ErrPublicChannel    = errors.New("thimble: clients may not send events on a public channel; use a private or presence channel")
	ErrEncryptedChannel = errors.New("thimble: clients may not send events on an encrypted channel; use a private or presence channel")
	ErrNotJSON          = errors.New(`thimble: the data of a client event is a JSON text, such as {"on":true}`)
	ErrTooLarge         = errors.New("thimble: the data of a client event is larger than 10 KB; send less, or where it can be fetched")
	ErrQueueFull        = errors.New("thimble: Config.Backlog is full of events that wait, or without one Config.Queue of what the connection has not taken; send less, or make it larger")
	ErrRateLimited      = errors.New("thimble: more client events in a second than Config.EventRate; send fewer, or set Config.Backlog to have them wait")
	ErrNoAuthorizer     = errors.New("thimble: this channel needs authorization; set Config.Authorizer or use SubscribeAuthorized")
	ErrNoUserAuthorizer = errors.New("thimble: signing in needs authorization; set Config.UserAuthorizer")
	ErrTokenExpired     = errors.New("thimble: the token was made for an earlier connection; call SubscribeAuthorized with one for the new socket id, or set Config.Authorizer")
	ErrEntropy          = errors.New("thimble: no source of randomness; set Config.Entropy")
)

// Errors of the connection.
var (
	ErrConnectTimeout = errors.New("thimble: no connection within 15 s; check host and port, and the network")
	ErrPongTimeout    = errors.New("thimble: the server stopped answering; check the network on the way, or set Config.PongTimeout to more where answers take long")
	ErrHandshake      = errors.New("thimble: the server's first message is not pusher:connection_established; check host and path")
	ErrUpgradeTooLong = errors.New("thimble: the answer to the WebSocket upgrade is larger than the read buffer; make Config.ReadBuffer larger")
	ErrBinary         = errors.New("thimble: the server sent a binary message, which no Pusher server does; check host and path")
	ErrAuthTimeout    = errors.New("thimble: no answer within Config.AuthTimeout; check that the authorization endpoint is up")
	ErrConfirm        = errors.New("thimble: no answer to the subscription within 30 s; it is tried again, so check the server's log if that does not help")
	ErrNoSecret       = errors.New("thimble: no shared_secret of 32 bytes in the authorization endpoint's answer, which an encrypted channel needs; check that the endpoint has the master key")
	ErrNoEncryption   = errors.New("thimble: encrypted channels take flash, so on boards they are there on request: set Config.Encryption to Secretbox{}")
	ErrPresenceData   = errors.New("thimble: the authorization endpoint's answer has no channel_data with a user_id, which a presence channel needs unless a user is signed in; check what the endpoint answers, or call SignIn")
	ErrUserData       = errors.New("thimble: the user_data of a sign-in is not a JSON object with an id; check what the authorization endpoint answers")
	ErrSignInConfirm  = errors.New("thimble: no answer to the sign-in within 30 s; it is tried again, so check that the server knows sign-in")
)

// CloseError says that the server closed the connection, or refused it.
type CloseError struct {
	Code   int
	Reason string // as the server words it
}

func (e *CloseError) Error() string {
	s := "thimble: the server closed the connection with code " + strconv.Itoa(e.Code)
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	if advice := closeAdvice(e.Code); advice != "" {
		s += " (" + advice + ")"
	}
	return s
}

// closeAdvice says what to do about a code that reconnecting will not mend.
func closeAdvice(code int) string {
	switch code {
	case 4000:
		return "the application takes TLS connections only; unset Plaintext"
	case 4001:
		return "check Key, and that it belongs to this Cluster or Host"
	case 4003:
		return "the application is disabled; check it in the dashboard"
	case 4004:
		return "the application is over its connection quota; close connections that nobody needs, or raise the quota"
	case 4005:
		return "check Host and Path"
	case 4006, 4007, 4008:
		return "the server does not speak version 7 of the protocol; check Host, and for a newer server"
	case 4009:
		return "the connection was not authorized; check the application's settings, and call SignIn if it is for signed-in users"
	}
	return ""
}

// ServerError is a pusher:error event: something that the server refused while
// the connection lives on. Code is 0 when the server sent none.
type ServerError struct {
	Code    int
	Message string // cut at 1 KiB, and before a token that is refused
}

// refusedToken stands before the signature in the service's text that refuses a
// token.
const refusedToken = ", but got "

// serverText is what the server says in words of its own, as errors carry it:
// of bounded length, and without the token that it refuses, which may be good
// elsewhere and has no business in a log.
func serverText(v wire.Value) string {
	text := v.Text()
	end := min(len(text), rawShown)
	if i := index(text, refusedToken); i >= 0 {
		end = min(end, i)
	}
	if end < len(text) {
		return string([]byte(text[:end])) // no part of what is large
	}
	return text
}

func (e *ServerError) Error() string {
	s := "thimble: the server says: " + e.Message
	if e.Code != 0 {
		s += " (code " + strconv.Itoa(e.Code) + ")"
	}
	switch {
	case strings.HasPrefix(e.Message, "Invalid signature"):
		s += "; check that whoever signs the token has this application's secret"
	case strings.HasPrefix(e.Message, "Invalid key in subscription auth data"):
		s += "; check that whoever signs the token has this application's key"
	}
	return s
}

// DiscardedError says that client events that waited in the backlog will not be
// sent, because their channel was unsubscribed, or refused for good.
type DiscardedError struct {
	Channel string
	Count   int
}

func (e *DiscardedError) Error() string {
	return "thimble: " + strconv.Itoa(e.Count) + " client events that waited for a subscription to " + e.Channel + " are discarded: it was taken back, or refused"
}

// AttemptsError says that connecting was given up after so many attempts in a
// row.
type AttemptsError struct {
	Attempts int
	Err      error // of the last one
}

func (e *AttemptsError) Error() string {
	return "thimble: gave up after " + strconv.Itoa(e.Attempts) + " attempts to connect: " + trimPrefix(e.Err.Error())
}

func (e *AttemptsError) Unwrap() error { return e.Err }

// errNoEvent is what is wrong with a message of which nobody can say what it is.
var errNoEvent = errors.New("thimble: it names no event")

// errSnapshot is what is wrong with a confirmation that leaves the members of a
// presence channel unknown.
var errSnapshot = errors.New("thimble: the confirmation of a presence channel has no list of members that can be read")

// MembersError says that a presence channel has more members than are kept, or
// more than 4 KiB for each of those.
type MembersError struct {
	Channel string
	Limit   int
}

func (e *MembersError) Error() string {
	return "thimble: " + e.Channel + " has more members than the " + strconv.Itoa(e.Limit) + " that are kept, or larger ones; who comes and goes is still told (Config.MaxMembers)"
}

// MessageError is a message that could not be read. The connection lives on.
type MessageError struct {
	Raw string // the message as it came, cut at 1 KiB
	Err error
}

func (e *MessageError) Error() string {
	return "thimble: message from the server ignored: " + trimPrefix(e.Err.Error())
}

func (e *MessageError) Unwrap() error { return e.Err }

// OversizeError is a message that was too large and has been skipped.
// Event and Channel are empty where its beginning does not name them.
type OversizeError struct {
	Size, Limit    int // bytes
	Count          int // of messages skipped so far, this one included
	Event, Channel string
}

func (e *OversizeError) Error() string {
	s := "thimble: skipped a message of " + strconv.Itoa(e.Size) + " bytes"
	if e.Event != "" {
		s += ", " + e.Event
	}
	if e.Channel != "" {
		s += " on " + e.Channel
	}
	s += "; MaxMessage is " + strconv.Itoa(e.Limit)
	if e.Event == ownSucceeded {
		s += "; the channel is subscribed, but its members stay unknown until they come or go"
	}
	return s
}

// SubscriptionError says why a channel is not subscribed.
type SubscriptionError struct {
	Channel string
	// Status is the HTTP status of the authorization endpoint, or the status
	// that the server names; 0 when there is none.
	Status int
	// Retry is when the subscription is tried again by itself; 0 means not
	// before the next connection or call of Subscribe.
	Retry time.Duration
	Err   error
}

func (e *SubscriptionError) Error() string {
	return "thimble: subscription to " + e.Channel + " failed: " + trimPrefix(e.Err.Error())
}

func (e *SubscriptionError) Unwrap() error { return e.Err }

// trimPrefix takes the package's name off an error that is wrapped.
func trimPrefix(s string) string {
	const prefix = "thimble: "
	if len(s) > len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):]
	}
	return s
}

// SignInError says why the user is not signed in.
type SignInError struct {
	// Status is the HTTP status of the authorization endpoint, or the status
	// that the server names; 0 when there is none.
	Status int
	// Retry is when signing in is tried again by itself; 0 means not before
	// the next connection or call of SignIn.
	Retry time.Duration
	Err   error
}

func (e *SignInError) Error() string {
	return "thimble: signing in failed: " + trimPrefix(e.Err.Error())
}

func (e *SignInError) Unwrap() error { return e.Err }

// DecryptionError is an event of an encrypted channel that could not be
// decrypted. It is lost; the subscription lives on.
type DecryptionError struct {
	Channel string
	Event   string // its name, cut at 1 KiB
	Err     error
}

func (e *DecryptionError) Error() string {
	return "thimble: an event on " + e.Channel + " could not be decrypted: " + trimPrefix(e.Err.Error())
}

func (e *DecryptionError) Unwrap() error { return e.Err }

// AuthError is how an attempt to get a token failed.
type AuthError struct {
	// Status of the endpoint's answer, 0 when none came. After 401 and 403 a
	// fresh token is asked for once, since whatever vouches for the asker may
	// have expired; after all others again and again, unless Permanent.
	Status int
	// Permanent failures are not retried on the same connection.
	Permanent bool
	// RetryAfter is how long to wait at least before the next try, up to 60 s.
	// Zero: the client's own growing, random delays alone.
	RetryAfter time.Duration
	Err        error
}

func (e *AuthError) Error() string {
	switch {
	case e.Err != nil:
		return "thimble: authorization: " + trimPrefix(e.Err.Error())
	case e.Status != 0:
		return "thimble: authorization refused with status " + strconv.Itoa(e.Status)
	}
	return "thimble: authorization failed"
}

func (e *AuthError) Unwrap() error { return e.Err }
