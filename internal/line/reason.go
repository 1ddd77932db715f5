package line

// Reason is why a socket is gone, as an error. It is a byte in the format.
type Reason uint8

const (
	Closed      Reason = iota // in order
	NotAllowed                // the other end does not let anyone go there
	BadAddress                // it is not host:port
	NoSuchHost                // the name is unknown
	Refused                   // nobody listens there
	Unreachable               // no way to it, or no answer
	TooMany                   // the other end has no socket left
	NoTLS                     // the TLS that the other end was to add failed
	Reset                     // the connection broke
	Misused                   // more was sent than there was credit for
)

// Reasons that are never sent.
const (
	LineLost Reason = 64 + iota // the other end restarted, or is silent
	NoSocket                    // the number is not that of a socket
)

func (r Reason) Error() string {
	switch r {
	case Closed:
		return "the connection is closed"
	case NotAllowed:
		return "the bridge does not allow this destination: start it with --allow HOST:PORT"
	case BadAddress:
		return "the address is not host:port"
	case NoSuchHost:
		return "the bridge finds no host of this name"
	case Refused:
		return "connection refused: is a server running there?"
	case Unreachable:
		return "the bridge gets no answer from there"
	case TooMany:
		return "too many connections at once: close one first"
	case NoTLS:
		return "the bridge's TLS to there failed: its output says why"
	case Misused:
		return "the other end of the line sent more than it may"
	case LineLost:
		return "the serial line was interrupted, or the bridge restarted"
	case NoSocket:
		return "not an open socket"
	}
	return "the connection broke"
}
