package load

import "time"

const (
	// MaxClients is below the number of ports that one machine has for
	// connections to one address, about 28,000.
	MaxClients = 20_000

	// MaxChannels, MaxConnectRate, MaxRate, MaxSize and MaxMessages are beyond
	// what one machine brings to any server, and keep a slip of the finger from
	// doing harm.
	MaxChannels    = 1_000
	MaxConnectRate = 10_000 // in a second
	MaxRate        = 100_000
	MaxSize        = 1 << 20 // bytes
	MaxMessages    = 10_000_000

	// MaxDuration bounds the time of publishing.
	MaxDuration = time.Hour

	// MinSize holds what a message has to say: whose it is, its number and time.
	MinSize = 96

	// maxTracked bounds what is remembered of numbers: one for each client and
	// sender, 16 bytes.
	maxTracked = 1 << 24

	// perSender is how many client events a connection may send in a second on
	// the hosted service, and on most servers.
	perSender = 10

	// perWorker is how many requests in a second one worker of the HTTP API is
	// expected to do, with 50 ms for each, and maxWorkers how many there are at
	// most by default.
	perWorker  = 20
	maxWorkers = 64

	// connectTime is how long the last client may take.
	connectTime = 30 * time.Second

	// Settle is how long deliveries may take after the last message, and
	// settleInterrupted after Ctrl-C.
	Settle            = 5 * time.Second
	settleInterrupted = 200 * time.Millisecond

	// spareFiles is what a process opens beside its connections.
	spareFiles = 64

	// maxKinds bounds the kinds of errors that are told apart.
	maxKinds = 50
)
