package websocket

import (
	"encoding/base64"
	"errors"
	"strconv"
)

// acceptGUID is the constant of RFC 6455 1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// NewKey makes the Sec-WebSocket-Key of a request from 16 random bytes.
func NewKey(random [16]byte) string { return encode64(random[:]) }

// ValidKey says whether a request's key is 16 bytes in base64.
func ValidKey(key string) bool {
	if len(key) != 24 { // the decoder would pass over line breaks
		return false
	}
	b, err := base64.StdEncoding.DecodeString(key)
	return err == nil && len(b) == 16
}

// Accept returns the Sec-WebSocket-Accept that answers a key.
func Accept(key string) string {
	sum := sum1(append([]byte(key), acceptGUID...))
	return encode64(sum[:])
}

// AppendRequest appends a client's opening request. host is the Host header,
// with the port unless it is the scheme's own; target is path and query,
// percent-encoded. What could be read as more than that is refused.
func AppendRequest(dst []byte, host, target, key string) ([]byte, error) {
	if host == "" || target == "" || target[0] != '/' || !visible(host) || !visible(target) {
		return dst, ErrRequest
	}
	return put(dst, "GET ", target, " HTTP/1.1\r\nHost: ", host,
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ", key, "\r\n\r\n"), nil
}

// put appends all of the parts: one call takes less flash than many.
func put(dst []byte, parts ...string) []byte {
	for _, part := range parts {
		dst = append(dst, part...)
	}
	return dst
}

// visible says whether s has nothing but visible ASCII.
func visible[T ~string | ~[]byte](s T) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7F {
			return false
		}
	}
	return true
}

// printable says whether line has no control characters but tabs: a carriage
// return without its line feed is a line end to some (RFC 9112 2.2).
func printable(line []byte) bool {
	for _, c := range line {
		if c < ' ' && c != '\t' || c == 0x7F {
			return false
		}
	}
	return true
}

// StatusError is an answer to the opening request other than 101.
type StatusError struct{ Status int }

func (e *StatusError) Error() string {
	s := "websocket: the server answered the upgrade with HTTP status " + strconv.Itoa(e.Status)
	switch {
	case e.Status >= 300 && e.Status <= 399:
		s += "; redirections are not followed: check host, path and TLS setting"
	case e.Status == 400:
		s += "; check port and TLS setting"
	case e.Status <= 299, e.Status == 401, e.Status == 403, e.Status == 404:
		s += "; check host and path"
	case e.Status >= 500:
		s += "; the server, or a proxy in front of it, is not ready"
	}
	return s
}

var (
	ErrRequest    = errors.New("websocket: the host is empty, or host, path or query have characters that must be percent-encoded")
	ErrStatusLine = errors.New("websocket: the answer does not begin with an HTTP/1 status line; check the address, port and TLS setting")
	ErrFieldLine  = errors.New("websocket: malformed header in the server's answer")
	ErrUpgrade    = errors.New("websocket: the server's answer is no upgrade to WebSocket")
	ErrAccept     = errors.New("websocket: the server's Sec-WebSocket-Accept does not match the key")
	ErrExtension  = errors.New("websocket: the server chose an extension or subprotocol that was not offered")
)

// ParseResponse reads the answer to the request with that key. n is its
// length; 0 without an error means that b does not hold all of it yet. Bytes
// behind it are frames already. It is a reader of its own, and not that of
// package http1, for the flash of programs that need no other.
func ParseResponse(b []byte, key string) (n int, err error) {
	const version, code, reason = "HTTP/1.", len("HTTP/1.1 "), len("HTTP/1.1 101")
	start := b[:min(len(b), len(version))]
	if string(start) != version[:len(start)] {
		return 0, ErrStatusLine
	}
	status, upgrades, accepts := 0, 0, 0
	upgrade, connection, accepted := false, false, false
	for {
		end := n
		for end < len(b) && b[end] != '\n' {
			end++
		}
		if end == len(b) {
			return 0, nil
		}
		if end == n || b[end-1] != '\r' {
			return 0, ErrFieldLine
		}
		line := b[n : end-1]
		n = end + 1
		plain := printable(line)
		if status == 0 {
			if len(line) < reason || line[code-2]-'0' > 9 || line[code-1] != ' ' || len(line) > reason && line[reason] != ' ' || !plain {
				return 0, ErrStatusLine
			}
			for _, c := range line[code:reason] {
				if c -= '0'; c > 9 {
					return 0, ErrStatusLine
				}
				status = status*10 + int(c)
			}
			switch {
			case status < 100:
				return 0, ErrStatusLine
			case status != 101:
				return 0, &StatusError{status}
			}
			continue
		}
		if len(line) == 0 {
			break
		}
		colon := 0
		for colon < len(line) && line[colon] != ':' {
			colon++
		}
		if colon == 0 || colon == len(line) || !visible(line[:colon]) || !plain {
			return 0, ErrFieldLine
		}
		value := line[colon+1:]
		switch name := line[:colon]; {
		case equalFold(name, "upgrade"):
			upgrades++ // two are a list, which does not match (RFC 6455 4.1)
			upgrade = upgrades == 1 && equalFold(trim(value), "websocket")
		case equalFold(name, "connection"):
			connection = connection || hasToken(value, "upgrade")
		case equalFold(name, "sec-websocket-accept"):
			accepts++
			accepted = accepts == 1 && string(trim(value)) == Accept(key)
		case equalFold(name, "sec-websocket-extensions"), equalFold(name, "sec-websocket-protocol"):
			return 0, ErrExtension
		}
	}
	switch {
	case !upgrade || !connection:
		return 0, ErrUpgrade
	case !accepted:
		return 0, ErrAccept
	}
	return n, nil
}

// hasToken says whether a list of tokens, separated by commas, has the one that
// is lower in lower case.
func hasToken(list []byte, lower string) bool {
	for {
		end := 0
		for end < len(list) && list[end] != ',' {
			end++
		}
		if equalFold(trim(list[:end]), lower) {
			return true
		}
		if end == len(list) {
			return false
		}
		list = list[end+1:]
	}
}

// trim removes blanks on both sides.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// equalFold compares b with the lower-case ASCII text lower.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
