package peer

import "github.com/thimble-go/thimble/internal/websocket"

// Refusal is why a connection cannot be had, or cannot go on.
type Refusal struct {
	Code    int
	Message string
}

// Refusals at the door.
var (
	RefusePath     = &Refusal{CodePath, "Path not found: connect to /app/{key}"}
	RefuseTLS      = &Refusal{CodeTLS, "This app takes connections over TLS only: use wss"}
	RefuseDisabled = &Refusal{CodeDisabled, "This app is disabled"}
	RefuseQuota    = &Refusal{CodeQuota, "This app has as many connections as it may have"}
	RefuseAddress  = &Refusal{CodeOverCapacity, "Too many connections from this address"}
	RefuseOrigin   = &Refusal{CodeUnauthorized, "This app takes no connections from pages of this origin"}
	RefuseCapacity = &Refusal{CodeOverCapacity, "Over capacity: connect again later"}

	refuseNoProtocol = &Refusal{CodeNoProtocol, "No protocol version supplied: add protocol=7 to the query"}
	refuseProtocol   = &Refusal{CodeUnsupportedProtocol, "Unsupported protocol version: 5, 6 and 7 are spoken here"}
	refuseVersion    = &Refusal{CodeVersion, "Invalid version string: the version of a library looks like 1.2.3"}
)

// Refusals of a connection that was open.
var (
	RefuseSlow       = &Refusal{CodeOverCapacity, "Too slow: more was sent than read"}
	RefuseMoving     = &Refusal{CodeReconnect, "Server is shutting down: connect again"}
	RefuseRestarting = &Refusal{CodeOverCapacity, "Server is shutting down: connect again in a second"}

	RefuseTerminated = &Refusal{CodeUnauthorized, "The connections of this user are terminated"}
	RefuseByOperator = &Refusal{CodeUnauthorized, "Closed by an operator of the server"}
	RefuseForNow     = &Refusal{CodeReconnect, "Closed by an operator of the server: connect again"}
	RefuseUnknown    = &Refusal{CodeUnknownApp, "The app, or its key, is not known to this server any more"}

	refuseUnauthorized = &Refusal{CodeUnauthorized, "Connection not authorized in time: sign in, or subscribe to a private or presence channel"}

	refusePong   = &Refusal{CodePongMissing, "Pong reply not received in time"}
	refuseBinary = &Refusal{websocket.CodeUnsupported, "Binary messages are not supported: send JSON as text"}
)

// RefuseKey is for an application that does not exist.
func RefuseKey(key string) *Refusal {
	return &Refusal{CodeUnknownApp, "App key " + echo(key) + " is not known to this server"}
}

// Admit looks at the query of a connection's address: the version of the
// protocol, and that of the library, which may be missing. nil means welcome.
func Admit(protocol, version string) *Refusal {
	switch protocol {
	case "5", "6", "7":
	case "":
		return refuseNoProtocol
	default:
		return refuseProtocol
	}
	if version != "" && !validVersion(version) {
		return refuseVersion
	}
	return nil
}

// validVersion is generous: a digit first, then what versions are made of. It
// is there to catch a template that was not filled in.
func validVersion(s string) bool {
	if len(s) > maxVersion || s[0] < '0' || s[0] > '9' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case c == '.', c == '-', c == '+', c == '_':
		default:
			return false
		}
	}
	return true
}

// echo shortens what a client sent before it is shown to it.
func echo(s string) string { return shorten(s, maxEcho) }

func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	cut := limit
	for cut > 0 && s[cut]&0xC0 == 0x80 { // not inside a character
		cut--
	}
	return s[:cut] + "..."
}
