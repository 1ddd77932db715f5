package line

import "time"

const (
	// Version is that of the format. Ends of different versions do not talk.
	Version = 1

	// maxBody is the largest body of a frame. Up to 254 bytes COBS adds one
	// byte, wherever the zeros are.
	maxBody = 254

	// MaxFrame is the largest frame on the line: a zero at each end, and COBS.
	MaxFrame = maxBody + 3

	// overhead is what a frame takes on the line besides its message: zeros,
	// COBS, kind, session, two numbers and the checksum.
	overhead = 3 + headerSize + checksumSize

	headerSize   = 7
	checksumSize = 4
	maxMessage   = maxBody - headerSize - checksumSize
	maxData      = maxMessage - 2
	maxAddress   = maxMessage - 4

	// MinWindow lets a frame with 20 bytes of a socket through.
	MinWindow = 36

	// minSend holds any one message and its length.
	minSend = maxMessage + 1

	// maxCredit is what fits in the field.
	maxCredit = 1<<16 - 1

	// maxInFlight keeps the numbers of frames, which have eight bits, apart.
	maxInFlight = 64

	// maxSockets leaves most of the 256 numbers of sockets unused, so that one
	// that was closed comes back only long after.
	maxSockets = 64
)

const (
	// DefaultWindow is what the receive buffer of a UART or of USB CDC holds
	// under TinyGo.
	DefaultWindow = 128

	// DefaultSend is what a board keeps until it is acknowledged.
	DefaultSend = 1024

	// DefaultReceive is the receive buffer of a socket.
	DefaultReceive = 1024

	// DefaultSockets is enough for a connection and an authorization beside it.
	DefaultSockets = 2

	// DefaultGiveUp is as long as a client waits for the answer to a ping.
	DefaultGiveUp = 30 * time.Second
)

const (
	helloEvery = 500 * time.Millisecond

	// The time until a frame that is not acknowledged is sent again: at first,
	// while nothing is known about the line, and its bounds.
	firstResend = 500 * time.Millisecond
	minResend   = 100 * time.Millisecond
	maxResend   = 2 * time.Second

	// quiet ends a piece of text that no zero follows.
	quiet = 200 * time.Millisecond
)
