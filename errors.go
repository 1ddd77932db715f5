package thimble

import (
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/session"
)

// Errors of what the user asks for. Compare with errors.Is.
var (
	ErrChannelName      = session.ErrChannelName
	ErrEventName        = session.ErrEventName
	ErrNotConnected     = session.ErrNotConnected
	ErrNotSubscribed    = session.ErrNotSubscribed
	ErrPublicChannel    = session.ErrPublicChannel
	ErrEncryptedChannel = session.ErrEncryptedChannel
	ErrNotJSON          = session.ErrNotJSON
	ErrTooLarge         = session.ErrTooLarge
	ErrQueueFull        = session.ErrQueueFull
	ErrRateLimited      = session.ErrRateLimited
	ErrNoAuthorizer     = session.ErrNoAuthorizer
	ErrNoUserAuthorizer = session.ErrNoUserAuthorizer
	ErrTokenExpired     = session.ErrTokenExpired
	ErrEntropy          = session.ErrEntropy
	ErrRunning          = errors.New("thimble: the client is running already; one goroutine at a time may call Run or Poll")
	ErrNoTLS            = errors.New("thimble: there is no TLS on this platform; set Config.TLS to a TLS layer, or Plaintext if nobody can listen or meddle")
)

// Errors of the connection. They reach handlers of state changes and errors.
var (
	ErrConnectTimeout = session.ErrConnectTimeout
	ErrPongTimeout    = session.ErrPongTimeout
	ErrHandshake      = session.ErrHandshake
	ErrConfirm        = session.ErrConfirm
	ErrNoSecret       = session.ErrNoSecret
	ErrPresenceData   = session.ErrPresenceData
	ErrUserData       = session.ErrUserData
	ErrSignInConfirm  = session.ErrSignInConfirm
)

type (
	// CloseError says that the server closed the connection, or refused it,
	// with a code of the protocol. Run returns one when reconnecting would be
	// in vain (4001 to 4099).
	CloseError = session.CloseError

	// ServerError is something that the server refused while the connection
	// lives on.
	ServerError = session.ServerError

	// SubscriptionError says why a channel is not subscribed, and whether that
	// is tried again by itself.
	SubscriptionError = session.SubscriptionError

	// SignInError says why the user is not signed in, and whether that is
	// tried again by itself.
	SignInError = session.SignInError

	// DecryptionError is an event of an encrypted channel that could not be
	// decrypted. It is lost; the subscription lives on.
	DecryptionError = session.DecryptionError

	// AuthError is how an attempt to authorize a channel failed. An Authorizer
	// may return one to say whether trying again makes sense; any other error
	// counts as temporary.
	AuthError = session.AuthError

	// MessageError is a message from the server that could not be read.
	MessageError = session.MessageError

	// MembersError says that a presence channel has more members than
	// Config.MaxMembers.
	MembersError = session.MembersError

	// AttemptsError says that the client gave up connecting: Config.Attempts.
	AttemptsError = session.AttemptsError

	// DiscardedError says that client events that waited in Config.Backlog will
	// not be sent, because their channel was unsubscribed.
	DiscardedError = session.DiscardedError

	// OversizeError is a message from the server that was skipped because it
	// is larger than Config.MaxMessage.
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
	text := strings.TrimPrefix(e.Err.Error(), "thimble: ")
	var op *net.OpError
	if errors.As(e.Err, &op) && op.Op == "dial" && op.Err != nil {
		text = strings.Replace(text, op.Error(), op.Err.Error(), 1) // without the address once more
	}
	return "thimble: no connection to " + e.Address + ": " + text
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
