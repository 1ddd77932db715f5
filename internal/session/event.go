package session

import (
	"time"

	"github.com/thimble-go/thimble/internal/wire"
)

// State is the state of the connection, in the words of pusher-js.
type State uint8

const (
	Initialized  State = iota // nothing has been asked for yet
	Connecting                // dialling, or waiting to dial again
	Connected                 // the server has said so and given a socket id
	Unavailable               // still trying, but without success for a while
	Disconnected              // ended on request
	Failed                    // ended by the server, which would refuse again
)

var stateNames = [...]string{"initialized", "connecting", "connected", "unavailable", "disconnected", "failed"}

func (s State) String() string { return stateNames[s] }

// Kind is the kind of an Event.
type Kind uint8

const (
	// What the driver must do.
	Dial      Kind = iota + 1 // open a transport; with TLS if Event.TLS
	Hangup                    // write what Output holds and close the transport
	Authorize                 // get a token for Channel and SocketID, then call Authorized

	// What the user wants to know.
	StateChanged       // from Previous to State; Err says why, if there is a reason
	Message            // an event: Name, Data, UserID, and Channel unless it has none
	Subscribed         // Channel's subscription is confirmed
	SubscriptionFailed // Channel's subscription failed: Err
	MemberAdded        // Member has joined Channel
	MemberRemoved      // Member has left Channel
	Failure            // Err: something that changes no state
	AuthorizeUser      // for the driver: get a token for a sign-in with SocketID, then call AuthorizedUser
	SignedIn           // the user is signed in; Data is what the server knows of him
	SignInFailed       // signing in failed: Err
	UserMessage        // an event for the user: Name and Data
	Watchlist          // Watchlist: who has come or gone
	DecryptionFailed   // an event of Channel could not be decrypted, and is lost: Err
)

// Event is one thing that happened. Name, Data and UserID are borrowed until
// the next call of Session.Next.
type Event struct {
	Kind    Kind
	Channel *Channel
	Name    []byte
	Data    []byte
	UserID  []byte
	Member  Member
	// Watchlist is set for a Watchlist.
	Watchlist *WatchlistEvent
	State     State
	Previous  State
	Err       error
	SocketID  string        // of an Authorize
	Ticket    uint32        // of an Authorize, to be handed back
	TLS       bool          // of a Dial
	Retry     time.Duration // until the next attempt, of StateChanged and SubscriptionFailed
	Ended     bool          // of StateChanged and Failure: a connection, or an attempt, has ended
	Gap       time.Duration // of the first event behind a gap: how long the gap was
}

// Member is a member of a presence channel.
type Member struct {
	ID   string
	Info string // JSON text; empty when the member has none
}

// WatchlistEvent says that users whom the signed-in user watches are online, or
// offline: Name. Servers may have other names.
type WatchlistEvent struct {
	Name    string
	UserIDs []string
}

// Token is what authorizes a subscription.
type Token struct {
	Auth        string
	ChannelData string
	// SharedSecret is the key of an encrypted channel.
	SharedSecret []byte
}

// UserToken is what authorizes a sign-in.
type UserToken struct {
	Auth     string
	UserData string
}

// Names of the protocol's events.
const (
	nameEstablished   = "pusher:connection_established"
	nameError         = "pusher:error"
	namePing          = "pusher:ping"
	namePong          = "pusher:pong"
	nameSubError      = "pusher:subscription_error"
	nameSubErrorInner = "pusher_internal:subscription_error"
	nameSucceeded     = "pusher_internal:subscription_succeeded"
	nameMemberAdded   = "pusher_internal:member_added"
	nameMemberRemoved = "pusher_internal:member_removed"
	nameSignedIn      = "pusher:signin_success"
	nameSignInError   = "pusher:signin_error"
	nameWatchlist     = "pusher_internal:watchlist_events"
	nameCount         = "pusher_internal:subscription_count"

	// Given by the client alone, to what it has understood itself; with
	// nameSubError, nameSignedIn and nameSignInError these are all of them.
	ownSucceeded     = "pusher:subscription_succeeded"
	ownMemberAdded   = "pusher:member_added"
	ownMemberRemoved = "pusher:member_removed"
	ownUndecrypted   = "pusher:decryption_error"
)

// nameCountOutside is the name under which users see a subscription count.
var nameCountOutside = []byte("pusher:subscription_count")

// isProtocol says whether an event's name belongs to the protocol.
func isProtocol(name []byte) bool {
	return hasPrefix(name, "pusher:") || isInternal(name)
}

// isInternal says whether an event never reaches the user under its own name.
func isInternal(name []byte) bool { return hasPrefix(name, "pusher_internal:") }

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && wire.View(b[:len(prefix)]) == prefix
}
