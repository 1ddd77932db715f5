package session

import "time"

// Times of the protocol. Those of the connection follow "Recommended connection
// behaviour" of the service's protocol documentation; where pusher-js has a
// value of its own, it is the same.
const (
	defaultActivity = 120 * time.Second // silence before a ping; the server may ask for less
	defaultPong     = 30 * time.Second  // silence after it before the connection counts as lost
	connectTimeout  = 15 * time.Second  // from dialling to the first message
	unavailable     = 10 * time.Second  // without success before the state says so
	linkTimeout     = 60 * time.Second  // before that, for a device to bring its network up
	confirmTimeout  = 30 * time.Second  // for the answer to a subscription

	// A lost connection is retried after a random part of a delay that doubles
	// from one second to a minute: the service asks for at least a second only
	// after 4100-4199, and randomness keeps a thousand devices from coming back
	// at the same moment.
	retryFirst = time.Second
	retryMost  = 60 * time.Second

	// stable is how long a connection must last for the delay to start again
	// at its first value. A server that accepts and drops at once is not well.
	stable = 60 * time.Second
)

// longest is what a timeout of the user's counts as at most: a sum of it and the
// time must not overflow.
const longest = 365 * 24 * time.Hour

// DefaultEventRate is how many client events the service takes in a second of
// one connection (protocol documentation, "Client events").
const DefaultEventRate = 10

// DefaultMaxMembers is how many members of a presence channel are kept. The
// service allows 100; the servers of others have settings, and a hostile one
// must not fill the memory.
const DefaultMaxMembers = 10_000

// memberSize is how many bytes a member's id and info may take on average, or a
// hostile server could fill the memory with few. The service allows 1 KB.
const memberSize = 4 << 10

// maxCount is the largest number of members that is believed; it fits into an
// int of 32 bits, with room for who comes.
const maxCount = 1 << 30

const (
	// probeTimeout is how long the answer to a probe may take: whoever asks
	// has a reason to doubt the connection.
	probeTimeout = 10 * time.Second

	// leastAdaptive is the least that pings are apart because of what died, as
	// in pusher-js.
	leastAdaptive = 10 * time.Second
)

// Sizes, in bytes.
const (
	// DefaultReadBuffer is the read buffer of an idle client. It grows for a
	// larger message and shrinks again behind it.
	DefaultReadBuffer = 4 << 10

	// minReadBuffer holds the answer to the upgrade of every server seen.
	minReadBuffer = 1 << 10

	// headroom is what MaxMessage must stay below the read buffer for that
	// never to grow: a frame has a header.
	headroom = 16

	// DefaultQueue bounds what waits to be written.
	DefaultQueue = 256 << 10

	// MaxEventData bounds the data of a client event: the service refuses more
	// than 10 KB in a published event and closes on much larger frames.
	MaxEventData = 10 << 10
)
