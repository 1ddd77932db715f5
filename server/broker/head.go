package broker

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/thimble-go/thimble/internal/websocket"
)

// reading is how far parseOpening has come.
type reading uint8

const (
	unfinished reading = iota // more bytes are needed
	plain                     // a request for a WebSocket connection, with nothing odd about it
	other                     // anything else, which net/http is to read and to answer
)

// parseOpening reads the head of a request for a WebSocket connection, of n
// bytes. It takes only what net/http would take, and in the same sense: all
// that is unusual, and all that is wrong, is for net/http, so that there is one
// place that refuses.
func parseOpening(b []byte, from netip.Addr) (o opening, n int, r reading) {
	const start = "GET /"
	if len(b) < len(start) {
		if strings.HasPrefix(start, string(b)) {
			return o, 0, unfinished
		}
		return o, 0, other
	}
	if string(b[:len(start)]) != start {
		return o, 0, other
	}
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) > maxPlainHead {
			return o, 0, other
		}
		return o, 0, unfinished
	}
	line, fields, _ := bytes.Cut(b[:end+2], []byte("\r\n"))
	target, ok := bytes.CutSuffix(line[len("GET "):], []byte(" HTTP/1.1"))
	if !ok || !plainTarget(target) {
		return o, 0, other
	}
	path, query, _ := strings.Cut(string(target), "?")
	o = opening{path: path, query: query, from: from}
	if !o.readFields(fields) {
		return o, 0, other
	}
	return o, end + 4, plain
}

// plainTarget says whether a target has only characters that stand for
// themselves wherever they are, and, in the query, escapes.
func plainTarget(target []byte) bool {
	query := false
	for _, c := range target {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '/', c == '-', c == '_', c == '.', c == '~', c == '=', c == '@', c == ',':
		case c == '?':
			query = true
		case query && (c == '%' || c == '&' || c == '+'):
		default:
			return false
		}
	}
	return true
}

// readFields reads the fields of the head, each with its line's end. It is
// false if they are not those of a plain upgrade.
func (o *opening) readFields(fields []byte) bool {
	var host, upgrade, connection, version string
	known := [...]struct {
		name string
		to   *string
	}{
		{"Host", &host},
		{"Upgrade", &upgrade},
		{"Connection", &connection},
		{"Sec-WebSocket-Version", &version},
		{"Sec-WebSocket-Key", &o.key},
		{"Sec-WebSocket-Protocol", &o.protocols},
		{"Origin", &o.origin},
		{"X-Forwarded-For", &o.forwardedFor},
		{"X-Forwarded-Proto", &o.forwardedProto},
	}
	seen := 0
	for len(fields) > 0 {
		line, rest, _ := bytes.Cut(fields, []byte("\r\n"))
		fields = rest
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !token(name) || !printable(value) {
			return false
		}
		value = bytes.Trim(value, " ")
		if framing(name) {
			return false
		}
		for i := range known {
			if len(known[i].name) == len(name) && strings.EqualFold(known[i].name, string(name)) {
				if seen&(1<<i) != 0 {
					return false
				}
				seen |= 1 << i
				*known[i].to = string(value)
			}
		}
	}
	return plainHost(host) && listed(upgrade, "websocket") && listed(connection, "upgrade") &&
		version == "13" && websocket.ValidKey(o.key)
}

// framing says whether a field is about a body, or asks for something that only
// net/http does.
func framing(name []byte) bool {
	for _, other := range [...]string{"Content-Length", "Transfer-Encoding", "Trailer", "Expect"} {
		if len(name) == len(other) && strings.EqualFold(string(name), other) {
			return true
		}
	}
	return false
}

// token says whether b is a field's name, of the characters that are in use.
func token(b []byte) bool {
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return len(b) > 0
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// plainHost says whether s is a host, with or without a port.
func plainHost(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return s != ""
}
