package thimble

import (
	"errors"

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
	ErrEncrypted        = session.ErrEncrypted
	ErrNoAuthorizer     = session.ErrNoAuthorizer
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
	ErrPresenceData   = session.ErrPresenceData
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

	// AuthError is how an attempt to authorize a channel failed. An Authorizer
	// may return one to say whether trying again makes sense; any other error
	// counts as temporary.
	AuthError = session.AuthError

	// MessageError is a message from the server that could not be read.
	MessageError = session.MessageError

	// AttemptsError says that the client gave up connecting: Config.Attempts.
	AttemptsError = session.AttemptsError

	// DiscardedError says that client events that waited in Config.Backlog will
	// not be sent, because their channel was unsubscribed.
	DiscardedError = session.DiscardedError

	// OversizeError is a message from the server that was skipped because it
	// is larger than Config.MaxMessage.
	OversizeError = session.OversizeError
)

// PanicError is a handler's panic. The client lives on.
type PanicError struct {
	Event string // name of the event that the handler got
	Value any    // of the panic
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
