package thimble_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"regexp"
	"testing"

	"github.com/thimble-go/thimble"
)

// TestRequest checks what a client asks a server for: protocol 7, as the
// application and below the path that it has, and nothing that it could not
// handle.
func TestRequest(t *testing.T) {
	t.Parallel()
	passed := func(_ context.Context, conn net.Conn, _ string) (net.Conn, error) { return conn, nil }
	if !regexp.MustCompile(`^\d+\.\d+\.\d+(-[a-z0-9.]+)?$`).MatchString(thimble.Version) {
		t.Errorf("servers refuse a version that is none: %q", thimble.Version)
	}
	const query = "?protocol=7&client=thimble-go&version=" + thimble.Version
	for _, test := range []struct {
		name         string
		config       thimble.Config
		target, host string
	}{
		{"cluster", thimble.Config{Key: "key", Cluster: "eu", TLS: passed}, "/app/key" + query, "ws-eu.pusher.com"},
		{"path", thimble.Config{Key: "key", Host: "example.com", Path: "/a/b%20c", Plaintext: true}, "/a/b%20c/app/key" + query, "example.com"},
		{"port", thimble.Config{Key: "278d-4_2", Host: "example.com:6001", Plaintext: true}, "/app/278d-4_2" + query, "example.com:6001"},
		{"IPv6", thimble.Config{Key: "key", Host: "[::1]:6001", Plaintext: true}, "/app/key" + query, "[::1]:6001"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			requests := make(chan *http.Request, 1)
			test.config.Dial = func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					defer theirs.Close()
					if r, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
						select {
						case requests <- r:
						default:
						}
					}
				}()
				return ours, nil
			}
			run(t, newClient(t, test.config))
			r := waitFor(t, "the request", requests)
			if r.Method != "GET" || r.RequestURI != test.target || r.Host != test.host {
				t.Errorf("got %s %s of %s", r.Method, r.RequestURI, r.Host)
			}
			if v := r.Header.Get("Sec-WebSocket-Version"); v != "13" {
				t.Errorf("version %q of WebSocket", v)
			}
			for _, name := range []string{"Origin", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} {
				if v, ok := r.Header[name]; ok {
					t.Errorf("%s: %q", name, v)
				}
			}
		})
	}
}
