//go:build !tinygo

package thimble_test

import (
	"net"
	"strings"
	"testing"

	"github.com/thimble-go/thimble"
)

// TestDialAdvice has the two mistakes that everybody makes: the error says what
// to look at.
func TestDialAdvice(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host string
		want string
	}{
		{"127.0.0.1:1", "thimble: no connection to 127.0.0.1:1: connect: connection refused (nothing listens there: check Host and its port, and that the server runs)"},
		{"no.such.host.invalid", "(check Cluster or Host, and this machine's network)"},
	} {
		cfg := thimble.Config{Key: "key", Host: tt.host, Plaintext: true}
		if strings.Contains(tt.host, "invalid") {
			cfg.Dial = (&net.Dialer{Resolver: nameless(t)}).DialContext
		}
		client := newClient(t, cfg)
		errs := failures(client)
		run(t, client)
		if err := waitFor(t, "the error", errs); !strings.HasSuffix(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

// advised says whether an error says what to do.
const addresses = 1

func advised(text, advice string) bool { return strings.Contains(text, advice) }
