package peer

// Kind says what an Action asks for.
type Kind uint8

const (
	// None: nothing to do until more bytes or the deadline come.
	None Kind = iota
	// Send: queue Frame for the client.
	Send
	// Subscribe: let the client join Channel, then call Joined, or Declined
	// and queue what that returns. Frame is the confirmation, to be queued
	// before any event of the channel; on a presence channel it is nil, for it
	// takes the list of the members.
	Subscribe
	// Unsubscribe: the client has left Channel. Ref is what Joined was given.
	Unsubscribe
	// SignIn: the client is User, who was Was before on this connection if that
	// is not nil. Queue Frame, then let those who watch the user know.
	SignIn
	// Publish: queue Frame for everybody on Channel but this client. Ref is
	// what Joined was given.
	Publish
	// Closing: the client has no channels any more. Queue Frame behind all that
	// is queued, and go on reading: for the client's close frame.
	Closing
	// HangUp: the client has no channels any more. Close the socket: at once
	// without a Frame, else when Frame has been sent behind all that is queued.
	HangUp
)

// Action is one thing to do in the world outside. Nothing in it is borrowed
// from the buffer that Next was given.
type Action struct {
	Kind    Kind
	Frame   []byte
	Channel string
	Member  Member
	Ref     any
	User    *User
	Was     *User

	// Code and Text are what is wrong, for those who watch, if Frame tells the
	// client of an error; Channel is the one that it is about. If Frame ends the
	// connection, Code is that of the close frame, and ByClient says that it was
	// the client who closed, with this code.
	Code     int
	Text     string
	ByClient bool

	// Limit is which limit the client has reached, for those who count; empty
	// for none.
	Limit Limit

	// Linger says of a HangUp that the client may still be sending: give it
	// time to read Frame before the socket is closed.
	Linger bool
}

// Limit names a limit as the settings of the broker do, those that are fixed by
// the protocol as it does.
type Limit string

// Limits that a client can reach.
const (
	LimitClientEventRate Limit = "client_event_rate"
	LimitEventData       Limit = "max_event_data"
	LimitSubscriptions   Limit = "max_subscriptions"
	LimitMembers         Limit = "max_members"
	LimitMessage         Limit = "max_message"
	LimitWatchlist       Limit = "watchlist"
)

// Member is who joins a presence channel.
type Member struct {
	ID   string
	Info []byte // JSON, nil without one
}
