package broker

import (
	"time"

	"github.com/thimble-go/thimble/server/internal/peer"
	"github.com/thimble-go/thimble/server/internal/webhook"
)

// Defaults and limits; those of one connection are in internal/peer.
const (
	// DefaultQueueBytes is how much may wait to be sent to one connection. It
	// holds the largest presence snapshot, and about a second of a busy channel.
	DefaultQueueBytes = 256 << 10

	// burstFactor and slowAfter tell a burst from a slow reader, see
	// outbox.tooSlow. The factor leaves room for 10 KB of data on each of a
	// hundred channels, escaped, and for the snapshots of several full presence
	// channels at once.
	burstFactor = 32
	slowAfter   = time.Second

	// DefaultMaxMessage bounds what a client sends in one message: the data of
	// an event, of which JSON may write each byte in six, and its envelope.
	DefaultMaxMessage = 64 << 10

	// envelope is what a client event has around its data: a channel's name and
	// its own, escaped.
	envelope = 4 << 10

	// leastBytes is the least that MaxMessage and QueueBytes may be: a
	// subscription to a presence channel, with its token and what is told of the
	// member, takes up to 3 KB. mostBytes is the most that they and MaxEventData
	// may be, which nobody means, and of which nothing overflows that is computed
	// with it.
	leastBytes = 4 << 10
	mostBytes  = 1 << 30

	// DefaultMaxEventData is how many bytes the data of an event may have, by
	// the HTTP API as from a client.
	DefaultMaxEventData = peer.DefaultMaxEventData

	// Defaults of an App, as in internal/peer.
	DefaultMaxMembers       = peer.DefaultMaxMembers
	DefaultMaxSubscriptions = peer.DefaultMaxSubscriptions
	DefaultClientEventRate  = peer.DefaultClientEventRate

	// DefaultHandshakeTimeout is how long a client may take to send the head of
	// a request. Longer is an attack or a dead line.
	DefaultHandshakeTimeout = 5 * time.Second

	// DefaultWriteTimeout is how long a client that has stopped reading may hold
	// up what is written to it. A phone in a tunnel is longer away, and connects
	// anew.
	DefaultWriteTimeout = 10 * time.Second

	// lingerTimeout is how long a client may take to close its side after the
	// last frame, before the socket is closed in any case.
	lingerTimeout = 5 * time.Second

	// requestTimeout bounds reading an HTTP API request and writing its answer.
	requestTimeout = 15 * time.Second

	// idleTimeout is how long a keep-alive connection of the HTTP API is held:
	// official libraries keep a pool of them.
	idleTimeout = 75 * time.Second

	// drainBody and drainTime are how much of a body that is too large is taken
	// off the connection, and for how long.
	drainBody = 1 << 20
	drainTime = 2 * time.Second

	// maxHeaderBytes bounds the head of a request; a browser's has about 1 KB
	// and its cookies.
	maxHeaderBytes = 16 << 10

	// logEvery keeps what comes again and again from filling the log: a shortage
	// of file descriptors, and requests that are refused, of which refusedLogged of
	// an application are logged one by one, since most are a mistake that somebody
	// is looking for.
	logEvery      = 10 * time.Second
	refusedLogged = 10

	// readBuffer is what an idle connection holds for reading: a subscription
	// with its token has about 250 bytes.
	readBuffer = 512

	// keepBuffer is the largest buffer kept after the message that needed it.
	keepBuffer = 4 << 10

	// writeBuffer is how much is joined into one write. Larger brings no more:
	// it is far above what one system call costs.
	writeBuffer = 32 << 10

	// unsentBytes is how much the kernel takes for a connection beyond what the
	// other end has room for; some writes ahead.
	unsentBytes = 128 << 10

	// maxPlainHead is how long the head of a request for a WebSocket connection
	// may be before it is left to net/http.
	maxPlainHead = 4 << 10

	// loopBuffer is what each loop reads into and joins frames in: connections
	// that are idle have no buffer.
	loopBuffer = 64 << 10

	// loopEvents is how many ready sockets a loop takes from the kernel at once.
	loopEvents = 256

	// wheelTick is how late an alarm may ring, and wheelSlots ticks hold the
	// longest wait that there is by default, that of an idle connection.
	wheelTick  = 100 * time.Millisecond
	wheelSlots = 2048

	// acceptCheck is how often is looked whether somebody has closed a listener
	// that was given to Serve.
	acceptCheck = time.Second

	// acceptPause is how long no connection is taken after one could not be,
	// the first time and at most.
	acceptPause    = 5 * time.Millisecond
	maxAcceptPause = time.Second

	// refusedConnections is how many connections, beyond MaxConnections and an
	// eighth of it, are told so in the protocol before HTTP 503 has to do.
	refusedConnections = 16

	// manyFiles is what counts as the limit of open files where there is none.
	manyFiles = 1 << 30

	// leastSpareFiles and mostSpareFiles bound what is kept of the limit of open
	// files, a sixteenth by default, for requests of the HTTP API, for those who
	// are told that there is no place, and for the files of the process.
	leastSpareFiles = 32
	mostSpareFiles  = 4096

	// DefaultDrainCode has clients wait a second before they come back: the same
	// server is expected to be there again by then.
	DefaultDrainCode = peer.CodeOverCapacity

	// drainStep is how often connections are closed while Shutdown spreads that.
	drainStep = 10 * time.Millisecond

	// shardCount is a power of two, well above the number of cores that look
	// for channels at once.
	shardCount = 64

	// DefaultCacheTTL is how long the last event of a cache channel is kept
	// (Pusher docs, "Cache channels").
	DefaultCacheTTL = 30 * time.Minute

	// DefaultCacheBytes bounds what an application keeps for its cache channels:
	// some thousand channels with the largest events that are allowed by
	// default, or more than a hundred thousand with small ones.
	DefaultCacheBytes = 64 << 20

	// DefaultWebhookQueueBytes is how much may wait for one Webhook, and
	// DefaultWebhookTimeout how long one request may take.
	DefaultWebhookQueueBytes = webhook.DefaultLimit
	DefaultWebhookTimeout    = webhook.DefaultTimeout

	// maxReplays and keepReplays are how many idempotency keys of an application
	// are remembered, and for how long: libraries try again for a minute.
	maxReplays   = 10_000
	keepReplays  = 5 * time.Minute
	maxReplayKey = 128

	// countEachUpTo and countEvery: Pusher docs, "Subscription count event".
	countEachUpTo = 100
	countEvery    = 5 * time.Second

	// namedChannels is how many channels of a connection its console names.
	namedChannels = 50

	// maxPublishChannels, maxBatch: Pusher HTTP API, "POST event" and "POST
	// batch events".
	maxPublishChannels = 100
	maxBatch           = 10
)
