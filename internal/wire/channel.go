package wire

// Limits of the service, from its documentation of channels and of the events
// API. Servers of others allow more; what keeps to these works everywhere.
const (
	MaxChannelName = 164 // characters of a channel's name
	MaxEventName   = 200 // characters of an event's name
	MaxUserID      = 128 // characters of a presence member's or signed-in user's id
)

// Prefixes of channel names, and the one of an event that a client sends.
const (
	prefixPrivate   = "private-"
	prefixEncrypted = "private-encrypted-"
	prefixPresence  = "presence-"
	clientPrefix    = "client-"
)

// ChannelKind is what the prefix of a channel's name makes of it.
type ChannelKind uint8

const (
	Public ChannelKind = iota
	Private
	Presence
	Encrypted
)

// KindOf tells the kind of a channel, longest prefix first.
func KindOf(name string) ChannelKind {
	switch {
	case hasPrefix(name, prefixEncrypted):
		return Encrypted
	case hasPrefix(name, prefixPrivate):
		return Private
	case hasPrefix(name, prefixPresence):
		return Presence
	}
	return Public
}

// Authorized says whether a subscription needs a token.
func (k ChannelKind) Authorized() bool { return k != Public }

// ClientEvents says whether clients may send events on such a channel.
func (k ChannelKind) ClientEvents() bool { return k == Private || k == Presence }

// ValidChannel says whether name is one that a user may subscribe to:
// A-Z a-z 0-9 _ - = @ , . ; and at most 164 of them.
func ValidChannel(name string) bool {
	if len(name) == 0 || len(name) > MaxChannelName {
		return false
	}
	return Outside(name) < 0
}

// ValidUserID says whether id can be that of a user who signs in, which is a
// part of a channel's name.
func ValidUserID(id string) bool {
	return len(id) > 0 && len(id) <= MaxUserID && Outside(id) < 0
}

// Outside returns where the first byte stands that is not of the alphabet of
// channel names, -1 if there is none.
func Outside(name string) int {
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '_', c == '-', c == '=', c == '@', c == ',', c == '.', c == ';':
		default:
			return i
		}
	}
	return -1
}

// IsClientEvent says whether an event's name is one that clients may send.
func IsClientEvent[T ~string | ~[]byte](name T) bool {
	return len(name) > len(clientPrefix) && string(name[:len(clientPrefix)]) == clientPrefix
}

// ValidSocketID says whether s is two numbers joined by a dot.
func ValidSocketID[T ~string | ~[]byte](s T) bool {
	dot := -1
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.' && dot < 0 && i > 0:
			dot = i
		case c < '0' || c > '9':
			return false
		}
	}
	return dot > 0 && dot < len(s)-1 && len(s) <= maxSocketID
}

// maxSocketID is twice two 64-bit numbers and a dot: far above any seen.
const maxSocketID = 82

func hasPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && s[:len(prefix)] == prefix
}
