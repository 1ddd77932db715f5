package http1

// Limits on what a peer may make the reader hold. They are checked before
// memory is taken.
const (
	// MaxHead is the largest response head in bytes, with its empty line. Web
	// frameworks with cookies and a content security policy reach 4 KiB; 8 KiB
	// is also what common servers and proxies allow for a head.
	MaxHead = 8 << 10

	// MaxFields is the largest number of field lines in a head. Real responses
	// have 10 to 40. It bounds how often a head that drips in is read again.
	MaxFields = 100

	// MaxInterim is how many 1xx responses may precede the final one. A client
	// must accept several (RFC 9110 15.2), but not an endless stream.
	MaxInterim = 8

	// MaxSkipped is how many bytes of chunk extensions and trailer fields one
	// response may have in all. They are read and thrown away, and hardly any
	// server sends them (RFC 9112 7.1.1 asks for such a limit).
	MaxSkipped = 2 << 10

	// DefaultMaxBody is the largest body in bytes where Reader.MaxBody is zero.
	// A token of a presence channel, with 1 KiB of user data, has about 1.5 KiB.
	DefaultMaxBody = 64 << 10
)

// maxSizeDigits is the largest number of hexadecimal digits in a chunk size,
// leading zeros included: those of a 64-bit number (RFC 9112 7.1).
const maxSizeDigits = 16
