package websocket

const (
	// DefaultMaxMessage bounds a message in bytes. The service publishes at
	// most 10 KB, which escaping may double; the largest legitimate message is
	// the snapshot of a presence channel, 100 members of 1 KB, escaped.
	DefaultMaxMessage = 256 << 10

	// maxControl is the longest payload of a control frame, RFC 6455 5.5.
	maxControl = 125

	// maxHeader is the longest header: 2 bytes, 8 of length, 4 of mask.
	maxHeader = 14

	// MaxReason is how many bytes of a reason fit beside the close code.
	MaxReason = maxControl - 2

	// OversizeShown is how many bytes are shown of the beginning and of the end
	// of a message that passes by: enough to find the names in an event, which
	// stand around its data and have up to 200 characters each.
	OversizeShown = 512

	// maxSkip is the largest frame that is let pass by: more is no mistake of
	// sizing but an attack or a broken peer. A message's size is counted up to
	// it: twice as much still fits an int of 32 bits. It bounds MaxMessage too,
	// or the length that a peer claims would overflow what is computed with it.
	maxSkip = 1<<30 - 1
)
