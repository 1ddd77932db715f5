package websocket

import (
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"strconv"

	"github.com/thimble-go/thimble/internal/http1"
)

// acceptGUID is the constant of RFC 6455 1.3.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// NewKey makes the Sec-WebSocket-Key of a request from 16 random bytes.
func NewKey(random [16]byte) string {
	return base64.StdEncoding.EncodeToString(random[:])
}

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
	sum := sha1.Sum([]byte(key + acceptGUID))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// AppendRequest appends a client's opening request. host is the Host header,
// with the port unless it is the scheme's own.
func AppendRequest(dst []byte, host, target, key string) ([]byte, error) {
	return http1.AppendRequest(dst, &http1.Request{
		Method: "GET",
		Host:   host,
		Target: target,
		Fields: []http1.Field{
			{Name: "Upgrade", Value: "websocket"},
			{Name: "Connection", Value: "Upgrade"},
			{Name: "Sec-WebSocket-Version", Value: "13"},
			{Name: "Sec-WebSocket-Key", Value: key},
		},
	})
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
	ErrUpgrade   = errors.New("websocket: the server's answer is no upgrade to WebSocket")
	ErrAccept    = errors.New("websocket: the server's Sec-WebSocket-Accept does not match the key")
	ErrExtension = errors.New("websocket: the server chose an extension or subprotocol that was not offered")
)

// ParseResponse reads the answer to the request with that key. n is its
// length; 0 without an error means that b does not hold all of it yet. Bytes
// behind it are frames already.
func ParseResponse(b []byte, key string) (n int, err error) {
	head, n, err := http1.ParseHead(b)
	if err != nil || n == 0 {
		return 0, err
	}
	if head.Status != 101 {
		return 0, &StatusError{head.Status}
	}
	upgrade, _ := head.Get("Upgrade")
	if !equalFold(upgrade, "websocket") || !head.HasToken("Connection", "upgrade") {
		return 0, ErrUpgrade
	}
	accept, count := head.Get("Sec-WebSocket-Accept")
	if count != 1 || string(accept) != Accept(key) {
		return 0, ErrAccept
	}
	_, extensions := head.Get("Sec-WebSocket-Extensions")
	_, protocols := head.Get("Sec-WebSocket-Protocol")
	if extensions+protocols > 0 {
		return 0, ErrExtension
	}
	return n, nil
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
