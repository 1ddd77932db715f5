package thimble

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/session"
)

// Errors of what the user asks for. Compare with errors.Is.
var (
	ErrChannelName      = session.ErrChannelName      // no channel can have this name
	ErrEventName        = session.ErrEventName        // Trigger: the name of no client event
	ErrNotConnected     = session.ErrNotConnected     // Trigger: there is no connection
	ErrNotSubscribed    = session.ErrNotSubscribed    // Trigger: the subscription is not confirmed
	ErrPublicChannel    = session.ErrPublicChannel    // Trigger: no client events on public channels
	ErrEncryptedChannel = session.ErrEncryptedChannel // Trigger: nor on encrypted ones
	ErrNotJSON          = session.ErrNotJSON          // Trigger: the data is no JSON text
	ErrTooLarge         = session.ErrTooLarge         // Trigger: more than 10 KB of data
	ErrQueueFull        = session.ErrQueueFull        // Trigger: Config.Queue or Config.Backlog is full
	ErrRateLimited      = session.ErrRateLimited      // Trigger: beyond Config.EventRate
	ErrNoAuthorizer     = session.ErrNoAuthorizer     // the channel takes a token, and nobody gets one
	ErrNoUserAuthorizer = session.ErrNoUserAuthorizer // SignIn: Config.UserAuthorizer is missing
	ErrTokenExpired     = session.ErrTokenExpired     // that of SubscribeAuthorized, by a new connection
	ErrEntropy          = session.ErrEntropy          // no source of randomness
	ErrRunning          = errors.New("thimble: the client is running already; one goroutine at a time may call Run or Poll")
	ErrNoTLS            = errors.New("thimble: there is no TLS on this platform; set Config.TLS to a TLS layer, or Plaintext if nobody can listen or meddle")
)

// Errors of the connection. They reach handlers of state changes and errors.
var (
	ErrConnectTimeout = session.ErrConnectTimeout // connecting took more than 15 s
	ErrPongTimeout    = session.ErrPongTimeout    // a ping was not answered within Config.PongTimeout
	ErrHandshake      = session.ErrHandshake      // the first message is not that of a Pusher server
	ErrAuthTimeout    = session.ErrAuthTimeout    // no token within Config.AuthTimeout
	ErrConfirm        = session.ErrConfirm        // a subscription was not answered within 30 s
	ErrNoEncryption   = session.ErrNoEncryption   // an encrypted channel on a board, without Config.Encryption
	ErrNoSecret       = session.ErrNoSecret       // an encrypted channel's token came without its key
	ErrPresenceData   = session.ErrPresenceData   // a presence channel's token came without a user_id
	ErrUserData       = session.ErrUserData       // a sign-in's token came without an id
	ErrSignInConfirm  = session.ErrSignInConfirm  // a sign-in was not answered within 30 s
)

// The types of errors are compared with errors.As, as pointers.
type (
	// CloseError says that the server closed the connection, or refused it,
	// with a code of the protocol. Run returns one when reconnecting would be
	// in vain (4001 to 4099). Its fields are
	//
	//	Code   int
	//	Reason string // as the server words it
	CloseError = session.CloseError

	// ServerError is something that the server refused while the connection
	// lives on. Its fields are
	//
	//	Code    int    // 0: the server sent none
	//	Message string // as the server words it, cut at 1 KiB and before a token
	//	               // that is refused
	ServerError = session.ServerError

	// SubscriptionError says why a channel is not subscribed, and whether that
	// is tried again by itself. Its fields are
	//
	//	Channel string
	//	Status  int           // HTTP status of the endpoint, or as the server says; 0: none
	//	Retry   time.Duration // until it is tried again by itself; 0: not before the
	//	                      // next connection or call of Subscribe
	//	Err     error
	SubscriptionError = session.SubscriptionError

	// SignInError says why the user is not signed in, and whether that is
	// tried again by itself. Its fields are
	//
	//	Status int           // as in SubscriptionError
	//	Retry  time.Duration // until it is tried again by itself; 0: not before the
	//	                     // next connection or call of SignIn
	//	Err    error
	SignInError = session.SignInError

	// DecryptionError is an event of an encrypted channel that could not be
	// decrypted. It is lost; the subscription lives on. Its fields are
	//
	//	Channel string
	//	Event   string // its name
	//	Err     error
	DecryptionError = session.DecryptionError

	// AuthError is how an attempt to authorize a channel failed. An Authorizer
	// may return one to say whether trying again makes sense; any other error
	// counts as temporary. Its fields are
	//
	//	Status     int           // HTTP status; 0: none. 401 and 403 are tried once more
	//	Permanent  bool          // not to be tried again on this connection
	//	RetryAfter time.Duration // at least until then, up to 60 s; 0: growing, random delays
	//	Err        error
	AuthError = session.AuthError

	// MessageError is a message from the server that could not be read. Its
	// fields are
	//
	//	Raw string // the message, cut at 1 KiB
	//	Err error
	MessageError = session.MessageError

	// MembersError says that a presence channel has more members than
	// Config.MaxMembers. Its fields are
	//
	//	Channel string
	//	Limit   int // Config.MaxMembers
	MembersError = session.MembersError

	// AttemptsError says that the client gave up connecting: Config.Attempts.
	// Its fields are
	//
	//	Attempts int
	//	Err      error // of the last one
	AttemptsError = session.AttemptsError

	// DiscardedError says that client events that waited in Config.Backlog will
	// not be sent, because their channel was unsubscribed, or refused for good.
	// Its fields are
	//
	//	Channel string
	//	Count   int
	DiscardedError = session.DiscardedError

	// OversizeError is a message from the server that was skipped because it
	// is larger than Config.MaxMessage. Its fields are
	//
	//	Size, Limit    int    // in bytes
	//	Count          int    // of messages skipped so far, this one included
	//	Event, Channel string // empty where its beginning does not name them
	OversizeError = session.OversizeError
)

// ConnectError is an attempt to connect that has failed, however far it had
// come: dialling, TLS, the upgrade, the server's first message. The next
// attempt starts by itself. It reaches handlers of errors.
type ConnectError struct {
	Address string        // host:port that was dialled
	Retry   time.Duration // until the next attempt
	Err     error
}

func (e *ConnectError) Error() string {
	return "thimble: no connection to " + e.Address + ": " + strings.TrimPrefix(dialText(e.Err), "thimble: ")
}

func (e *ConnectError) Unwrap() error { return e.Err }

// explained is an error of the network in words that say more than its own.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }

func (e *explained) Unwrap() error { return e.err }

// explainEnd says what the end of a stream means, of a connection that the
// server has confirmed or of one that it has not.
func explainEnd(err error, connected bool) error {
	switch {
	case err != io.EOF && err != io.ErrUnexpectedEOF:
		return err
	case connected:
		return &explained{"thimble: the connection has ended without a close frame", err}
	}
	return &explained{"thimble: the server has ended the connection without a word; check port and TLS setting", err}
}

// PanicError is a handler's panic. The client lives on.
type PanicError struct {
	Event string // name of the event that the handler got, or what else was called
	Value any    // of the panic
	Stack string // of the goroutine, as runtime/debug writes it; empty on boards
}

func (e *PanicError) Error() string {
	s := "thimble: a handler of " + e.Event + " panicked"
	switch v := e.Value.(type) {
	case error:
		s += ": " + v.Error()
	case string:
		s += ": " + v
	}
	return s
}
