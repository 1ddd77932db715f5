package thimble_test

import (
	"context"
	"net"
	"testing"
)

// TestSentToTLSPort has a server send the client to TLS with close code 4000:
// from the port of plaintext to that of TLS, while a port that was chosen stays.
func TestSentToTLSPort(t *testing.T) {
	t.Parallel()
	for host, want := range map[string][]string{
		"example.com":      {"example.com:80", "example.com:443"},
		"[::1]":            {"[::1]:80", "[::1]:443"},
		"example.com:8080": {"example.com:8080", "example.com:8080"},
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			cfg := f.eager()
			dialled := make(chan string, 10)
			to := cfg.Host
			cfg.Host = host
			cfg.Dial = func(_ context.Context, network, address string) (net.Conn, error) {
				dialled <- address
				return net.Dial(network, to)
			}
			cfg.TLS = func(_ context.Context, conn net.Conn, _ string) (net.Conn, error) { return conn, nil }
			run(t, newClient(t, cfg))
			f.accept("1.1").closeWith(4000, "TLS only")
			f.accept("2.2")
			for i, address := range want {
				if got := waitFor(t, "dialling", dialled); got != address {
					t.Errorf("attempt %d goes to %s, want %s", i+1, got, address)
				}
			}
		})
	}
}
