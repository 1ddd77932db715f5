package thimble

import (
	"time"

	"github.com/thimble-go/thimble/internal/session"
	"github.com/thimble-go/thimble/internal/wire"
)

// Names of the events that the client itself makes, in the words of the
// official clients. Under these names nothing else reaches a handler: a server
// that sends them itself is told of by a MessageError.
const (
	// EventSubscribed tells a channel that its subscription is confirmed, on
	// each connection anew.
	EventSubscribed = "pusher:subscription_succeeded"
	// EventSubscriptionError tells a channel that its subscription failed.
	// Event.Err is a *SubscriptionError.
	EventSubscriptionError = "pusher:subscription_error"
	// EventDecryptionError tells an encrypted channel that an event could not
	// be decrypted and is lost. Event.Err is a *DecryptionError.
	EventDecryptionError = "pusher:decryption_error"
	// EventSignedIn tells the user that he is signed in, on each connection
	// anew. Event.Data is User.Data.
	EventSignedIn = "pusher:signin_success"
	// EventSignInError tells the user that signing in failed. Event.Err is a
	// *SignInError.
	EventSignInError = "pusher:signin_error"
	// EventMemberAdded and EventMemberRemoved tell a presence channel who came
	// and went: Event.Member.
	EventMemberAdded   = "pusher:member_added"
	EventMemberRemoved = "pusher:member_removed"
)

// Event is what a handler gets.
type Event struct {
	// Name of the event.
	Name string

	// Channel is the channel's name, empty for an event without a channel.
	Channel string

	// Data is what was published: the content when it was sent as a string,
	// as nearly always, else the JSON text. It is borrowed: valid until the
	// handler returns. Text makes a copy.
	Data []byte

	// UserID is the sender of a client event on a presence channel, as the
	// server vouches for it. It is empty for all other events: whoever
	// published those, it was not a member speaking. Never take a sender's
	// identity from Data.
	UserID string

	// Member is set for EventMemberAdded and EventMemberRemoved.
	Member Member

	// Gap is set for the first event of a channel behind a gap, which mostly is
	// EventSubscribed: how long the channel's events have not come, counted
	// from the last that was heard of the server. What was published meanwhile
	// is lost, since the service keeps nothing: fetch it from where it came
	// from. For events of the user it is set for EventSignedIn, and once more
	// for the first of them behind that, since a few may have been missed until
	// the server sends them again. Zero: nothing can have been missed.
	Gap time.Duration

	// Err is set for EventSubscriptionError, EventDecryptionError and
	// EventSignInError.
	Err error
}

// Text returns a copy of the data.
func (e Event) Text() string { return string(e.Data) }

// Field reads a value out of data that is JSON, without reflection. The path
// has names, and positions in arrays, separated by dots: "led.color.0". The
// empty path is all of the data. A name with a dot in it cannot be reached.
func (e Event) Field(path string) Value {
	v, err := wire.ParseValue(e.Data)
	if err != nil {
		return Value{}
	}
	return Value{v.Path(path)}
}

// Value is a JSON value inside an event's data, borrowed like that. The zero
// Value stands for one that is not there.
type Value struct{ v wire.Value }

// Exists says whether there is a value, null included.
func (v Value) Exists() bool { return v.v.Kind() != wire.Absent }

// String returns the content of a string, and the JSON text of every other
// value; it is empty for one that is not there.
func (v Value) String() string { return v.v.Text() }

// Bool returns a truth value; ok is false for any other kind.
func (v Value) Bool() (value, ok bool) { return v.v.Bool() }

// Int returns a number without fraction or exponent that fits; ok is false for
// any other value.
func (v Value) Int() (value int64, ok bool) { return v.v.Int() }

// Float returns a number; ok is false for any other kind.
func (v Value) Float() (value float64, ok bool) { return v.v.Float() }

// Member is a member of a presence channel.
type Member struct {
	ID   string
	Info string // JSON text; empty when there is none
}

// Field reads a value out of Info, as Event.Field does.
func (m Member) Field(path string) Value { return Event{Data: []byte(m.Info)}.Field(path) }

// State is the state of a client's connection. Its String is the word that
// pusher-js has for it.
type State = session.State

// The states.
const (
	StateInitialized  = session.Initialized  // Run or Poll has not been called yet
	StateConnecting   = session.Connecting   // dialling, or waiting to dial again
	StateConnected    = session.Connected    // there is a socket id
	StateUnavailable  = session.Unavailable  // still trying, but without success for 10 s
	StateDisconnected = session.Disconnected // ended by Disconnect or Run's context
	StateFailed       = session.Failed       // the server would refuse again
)

// StateChange is a change of state.
type StateChange struct {
	Previous, Current State
	// Err says what led to the change, nil if there was no reason but the
	// ordinary course of things.
	Err error
	// Retry is how long it is until the next attempt to connect, when a
	// connection was lost.
	Retry time.Duration
}

// Handler is called for events. It runs on the goroutine that runs Run or
// Poll, and may call any method. Binding nil binds nothing, as does giving nil to
// OnStateChange, OnError and OnWatchlist.
type Handler func(Event)
