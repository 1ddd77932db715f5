package http1_test

import (
	"testing"

	"github.com/thimble-go/thimble/internal/http1"
)

func TestSplitURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, raw string
		want      http1.URL
	}{
		{"https", "https://example.com/pusher/auth", http1.URL{TLS: true, Host: "example.com", Address: "example.com:443", Target: "/pusher/auth"}},
		{"http", "http://example.com/a?b=c&d", http1.URL{Host: "example.com", Address: "example.com:80", Target: "/a?b=c&d"}},
		{"scheme in capitals", "HTTPS://Example.com/", http1.URL{TLS: true, Host: "Example.com", Address: "Example.com:443", Target: "/"}},
		{"no path", "http://h", http1.URL{Host: "h", Address: "h:80", Target: "/"}},
		{"query without path", "http://h?a=b", http1.URL{Host: "h", Address: "h:80", Target: "/?a=b"}},
		{"port", "http://127.0.0.1:8080/", http1.URL{Host: "127.0.0.1:8080", Address: "127.0.0.1:8080", Target: "/"}},
		{"default port", "https://h:443/", http1.URL{TLS: true, Host: "h", Address: "h:443", Target: "/"}},
		{"default port of the other scheme", "http://h:443/", http1.URL{Host: "h:443", Address: "h:443", Target: "/"}},
		{"IPv6", "http://[2001:db8::1]/", http1.URL{Host: "[2001:db8::1]", Address: "[2001:db8::1]:80", Target: "/"}},
		{"IPv6 with port", "https://[::ffff:1.2.3.4]:8443", http1.URL{TLS: true, Host: "[::ffff:1.2.3.4]:8443", Address: "[::ffff:1.2.3.4]:8443", Target: "/"}},
		{"escapes and at signs stay", "http://h/%41/@x:y?q=[1]&r=%2f@", http1.URL{Host: "h", Address: "h:80", Target: "/%41/@x:y?q=[1]&r=%2f@"}},
		{"underscore and final dot", "http://my_host.local./", http1.URL{Host: "my_host.local.", Address: "my_host.local.:80", Target: "/"}},
		{"highest port", "http://h:65535", http1.URL{Host: "h:65535", Address: "h:65535", Target: "/"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := http1.SplitURL(tt.raw); err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestSplitURLRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, raw string
		want      error
	}{
		{"empty", "", http1.ErrScheme},
		{"no scheme", "example.com/auth", http1.ErrScheme},
		{"other scheme", "wss://h/", http1.ErrScheme},
		{"one slash", "http:/h/", http1.ErrScheme},
		{"leading space", " http://h/", http1.ErrScheme},
		{"no host", "http://", http1.ErrHost},
		{"no host but a path", "http:///auth", http1.ErrHost},
		{"no host but a port", "http://:80/", http1.ErrHost},
		{"space in the host", "http://a b/", http1.ErrHost},
		{"line break in the host", "http://a\r\n/", http1.ErrHost},
		{"NUL in the host", "http://a\x00/", http1.ErrHost},
		{"host not ASCII", "http://m\u00fcller.example/", http1.ErrHost},
		{"escape in the host", "http://a%41/", http1.ErrHost},
		{"backslash", `http://a\@b/`, http1.ErrUserinfo},
		{"backslash alone", `http://a\b/`, http1.ErrHost},
		{"IPv6 without brackets", "http://::1/", http1.ErrHost},
		{"bracket not closed", "http://[::1/", http1.ErrHost},
		{"empty brackets", "http://[]/", http1.ErrHost},
		{"name in brackets", "http://[abc]/", http1.ErrHost},
		{"IPv6 zone", "http://[fe80::1%25eth0]/", http1.ErrHost},
		{"text after the bracket", "http://[::1]x/", http1.ErrHost},
		{"two brackets", "http://[::1]]/", http1.ErrHost},
		{"empty port", "http://h:/", http1.ErrPort},
		{"port 0", "http://h:0/", http1.ErrPort},
		{"port with leading zero", "http://h:080/", http1.ErrPort},
		{"port too high", "http://h:65536/", http1.ErrPort},
		{"port beyond all numbers", "http://h:99999999999999999999/", http1.ErrPort},
		{"port not a number", "http://h:http/", http1.ErrPort},
		{"port with sign", "http://h:+80/", http1.ErrPort},
		{"two ports", "http://h:80:80/", http1.ErrPort},
		{"user", "http://me@h/", http1.ErrUserinfo},
		{"user and password", "http://me:secret@h/", http1.ErrUserinfo},
		{"fragment", "http://h/a#b", http1.ErrFragment},
		{"fragment after the host", "http://h#b", http1.ErrFragment},
		{"space in the path", "http://h/a b", http1.ErrTarget},
		{"line break in the query", "http://h/?a\r\nX: y", http1.ErrTarget},
		{"DEL in the path", "http://h/\x7f", http1.ErrTarget},
		{"path not ASCII", "http://h/\u00e9", http1.ErrTarget},
		{"percent sign alone", "http://h/100%", http1.ErrTarget},
		{"quotation mark", `http://h/?{"a":1}`, http1.ErrTarget},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := http1.SplitURL(tt.raw); err != tt.want || got != (http1.URL{}) {
				t.Errorf("got %+v, %v, want %v", got, err, tt.want)
			}
		})
	}
}
