package broker

import (
	"bufio"
	"bytes"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

const plainHead = "GET /app/app-key?protocol=7&client=js&version=8.6.0&flash=false HTTP/1.1\r\n" +
	"Host: 127.0.0.1:6001\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://a.example\r\n\r\n"

var home = netip.MustParseAddr("127.0.0.1")

// agrees checks that net/http takes the head, too, and sees the same in it.
func agrees(t *testing.T, b []byte) reading {
	t.Helper()
	o, n, how := parseOpening(b, home)
	if how != plain {
		return how
	}
	in := bufio.NewReader(bytes.NewReader(b))
	r, err := http.ReadRequest(in)
	if err != nil {
		t.Fatalf("net/http refuses %q: %v", b[:n], err)
	}
	if rest := len(b) - n; in.Buffered() != rest && rest < in.Size()-n {
		t.Fatalf("%q: %d bytes are left, and %d after net/http", b, rest, in.Buffered())
	}
	r.RemoteAddr = "127.0.0.1:1"
	if want := openingOf(r); o != *want {
		t.Fatalf("%q\nmeans %+v\nand   %+v to net/http", b[:n], o, *want)
	}
	if !asksForUpgrade(r) || r.Method != http.MethodGet || r.Proto != "HTTP/1.1" || r.Header.Get("Sec-WebSocket-Version") != "13" || r.ContentLength != 0 {
		t.Fatalf("%q is no upgrade to net/http", b[:n])
	}
	return how
}

func TestOpening(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		head string
		want reading
	}{
		{"plain", plainHead, plain},
		{"with frames behind", plainHead + "\x81\x80abcd", plain},
		{"nothing", "", unfinished},
		{"the beginning", "GET", unfinished},
		{"without its end", plainHead[:len(plainHead)-1], unfinished},
		{"too long", "GET /" + strings.Repeat("x", maxPlainHead), other},
		{"another method", "POST /apps/1/events HTTP/1.1\r\n", other},
		{"no HTTP", "\x16\x03\x01", other},
		{"no upgrade", strings.Replace(plainHead, "Upgrade: websocket\r\n", "", 1), other},
		{"no host", strings.Replace(plainHead, "Host: 127.0.0.1:6001\r\n", "", 1), other},
		{"two hosts", strings.Replace(plainHead, "Upgrade:", "Host: x\r\nUpgrade:", 1), other},
		{"two keys", strings.Replace(plainHead, "Origin:", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin:", 1), other},
		{"a body", strings.Replace(plainHead, "Origin:", "Content-Length: 5\r\nOrigin:", 1), other},
		{"a bad key", strings.Replace(plainHead, "dGhl", "dGh", 1), other},
		{"an old version", strings.Replace(plainHead, ": 13", ": 8", 1), other},
		{"HTTP 1.0", strings.Replace(plainHead, "HTTP/1.1", "HTTP/1.0", 1), other},
		{"an escape in the path", strings.Replace(plainHead, "app-key", "app%2Dkey", 1), other},
		{"an escape in the query", strings.Replace(plainHead, "8.6.0", "8%2e6.0", 1), plain},
		{"a broken escape in the query", strings.Replace(plainHead, "8.6.0", "8%2", 1), plain},
		{"a folded field", strings.Replace(plainHead, "Origin: ", "Origin:\r\n ", 1), other},
		{"a space before the colon", strings.Replace(plainHead, "Origin:", "Origin :", 1), other},
		{"lines that end with LF", strings.ReplaceAll(plainHead, "\r\n", "\n"), unfinished},
		{"a tab", strings.Replace(plainHead, "Origin: ", "Origin:\t", 1), other},
		{"a path that is not clean", strings.Replace(plainHead, "/app/", "//app/", 1), plain},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := agrees(t, []byte(tt.head)); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// FuzzOpening looks for a head that the loops take and net/http would not, or
// would understand in another way.
func FuzzOpening(f *testing.F) {
	f.Add([]byte(plainHead))
	f.Add([]byte(strings.Replace(plainHead, "/app/", "//a?b/../", 1)))
	f.Add([]byte("&=0"))
	f.Add([]byte(strings.Replace(plainHead, "Origin", "X-Forwarded-For", 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = agrees(t, b)
		// Its own query parser against the one of net/url.
		query := string(b[:min(len(b), 200)])
		values, _ := url.ParseQuery(query)
		for name := range values {
			if got, want := parameter(query, name), values.Get(name); got != want {
				t.Fatalf("%q of %q is %q and not %q", name, query, got, want)
			}
		}
	})
}
