package peer

import "time"

// Defaults and limits of one connection.
const (
	// DefaultActivityTimeout is how long a client may be silent before it is
	// pinged (Pusher protocol, "Ping and pong messages").
	DefaultActivityTimeout = 120 * time.Second

	// DefaultPongTimeout is how long a pinged client may stay silent (same
	// section).
	DefaultPongTimeout = 30 * time.Second

	// DefaultMaxEventData is how many bytes the data of one event may have: the
	// service's 10 KB.
	DefaultMaxEventData = 10 << 10

	// closeTimeout is how long the other side of the close handshake is waited
	// for. It spares the client a reset that could swallow the close code, and
	// is short because a socket is held for it.
	closeTimeout = 5 * time.Second

	// DefaultMaxMembers is how many users a presence channel holds (Pusher docs,
	// "Presence channels").
	DefaultMaxMembers = 100

	// MaxWatchlist is how many users one may watch (Pusher docs, "Watchlist
	// events").
	MaxWatchlist = 100

	// maxUserInfo is how many bytes of JSON a presence member's user_info may
	// have (Pusher docs, "Presence channels").
	maxUserInfo = 1 << 10

	// DefaultMaxSubscriptions bounds the memory that one connection can take by
	// subscribing. The service names no limit; pages in use stay below a
	// hundred.
	DefaultMaxSubscriptions = 10_000

	// DefaultClientEventRate is how many client events a connection may send in a
	// second, on average and at once (Pusher docs, "Client events").
	DefaultClientEventRate = 10

	// maxEcho is how many bytes of what a client sent are shown to it in an
	// error message: enough for a channel's name or a signature.
	maxEcho = 200

	// maxSigned is the same for the text that a signature covers: a socket id,
	// a channel's name, and a presence member of 1 KB.
	maxSigned = 2 << 10

	// maxVersion is how long a library's version may be: far above any seen.
	maxVersion = 64
)
