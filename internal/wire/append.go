package wire

import (
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Octets that are not UTF-8 become
// U+FFFD, as in encoding/json, so that what is sent is always valid.
func AppendString[T ~string | ~[]byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			size := runeSize(s, i)
			if size > 0 {
				i += size
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\uFFFD"...)
			i++
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// runeSize returns how many bytes the character at i has, 0 if it is none.
func runeSize[T ~string | ~[]byte](s T, i int) int {
	var char [utf8.UTFMax]byte
	n := copy(char[:], s[i:])
	r, size := utf8.DecodeRune(char[:n])
	if r == utf8.RuneError && size <= 1 {
		return 0
	}
	return size
}

// What a client sends.

// AppendSubscribe appends a subscription. auth and channelData are left out
// when empty; a shared secret is never part of it.
func AppendSubscribe(dst []byte, channel, auth, channelData string) []byte {
	dst = append(dst, `{"event":"pusher:subscribe","data":{"channel":`...)
	dst = AppendString(dst, channel)
	if auth != "" {
		dst = append(dst, `,"auth":`...)
		dst = AppendString(dst, auth)
	}
	if channelData != "" {
		dst = append(dst, `,"channel_data":`...)
		dst = AppendString(dst, channelData)
	}
	return append(dst, '}', '}')
}

// AppendUnsubscribe appends the end of a subscription.
func AppendUnsubscribe(dst []byte, channel string) []byte {
	dst = append(dst, `{"event":"pusher:unsubscribe","data":{"channel":`...)
	dst = AppendString(dst, channel)
	return append(dst, '}', '}')
}

// AppendPing and AppendPong append the protocol's own keep-alive events.
func AppendPing(dst []byte) []byte { return append(dst, `{"event":"pusher:ping","data":{}}`...) }

// AppendPong appends the answer to a ping.
func AppendPong(dst []byte) []byte { return append(dst, `{"event":"pusher:pong","data":{}}`...) }

// AppendEvent appends an event whose data is the JSON text data, which must
// have been checked with Valid. userID is left out when empty.
func AppendEvent[T ~string | ~[]byte](dst []byte, event, channel, userID string, data T) []byte {
	dst = appendHead(dst, event, channel)
	dst = append(dst, `,"data":`...)
	dst = append(dst, data...)
	return appendUser(dst, userID)
}

// What a server sends.

// AppendStringEvent appends an event whose data is sent as a string: the way
// servers hand on what was published, and the payloads of protocol events.
// channel is left out when empty.
func AppendStringEvent[T ~string | ~[]byte](dst []byte, event, channel, userID string, data T) []byte {
	dst = appendHead(dst, event, channel)
	dst = append(dst, `,"data":`...)
	dst = AppendString(dst, data)
	return appendUser(dst, userID)
}

// AppendEstablished appends the first message of a connection. activityTimeout
// is in seconds.
func AppendEstablished(dst []byte, socketID string, activityTimeout int) []byte {
	dst = append(dst, `{"event":"pusher:connection_established","data":"{\"socket_id\":\"`...)
	dst = append(dst, socketID...)
	dst = append(dst, `\",\"activity_timeout\":`...)
	dst = strconv.AppendInt(dst, int64(activityTimeout), 10)
	return append(dst, `}"}`...)
}

// AppendError appends an error event. A code of 0 is sent as null, and an
// empty channel is left out: the service itself never names one, but a client
// can only tell what was refused if it stands there.
func AppendError(dst []byte, code int, message, channel string) []byte {
	dst = append(dst, `{"event":"pusher:error"`...)
	if channel != "" {
		dst = append(dst, `,"channel":`...)
		dst = AppendString(dst, channel)
	}
	dst = append(dst, `,"data":{"code":`...)
	if code == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendInt(dst, int64(code), 10)
	}
	dst = append(dst, `,"message":`...)
	dst = AppendString(dst, message)
	return append(dst, '}', '}')
}

func appendHead(dst []byte, event, channel string) []byte {
	dst = append(dst, `{"event":`...)
	dst = AppendString(dst, event)
	if channel != "" {
		dst = append(dst, `,"channel":`...)
		dst = AppendString(dst, channel)
	}
	return dst
}

func appendUser(dst []byte, userID string) []byte {
	if userID != "" {
		dst = append(dst, `,"user_id":`...)
		dst = AppendString(dst, userID)
	}
	return append(dst, '}')
}
