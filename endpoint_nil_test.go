//go:build !tinygo

package thimble_test

import (
	"strings"
	"testing"

	"github.com/thimble-go/thimble"
)

// TestNilEndpoint forgets the endpoint behind a pointer.
func TestNilEndpoint(t *testing.T) {
	t.Parallel()
	var forgotten *thimble.Endpoint
	for _, cfg := range []thimble.Config{
		{Key: "key", Host: "example.com", Plaintext: true, Authorizer: forgotten},
		{Key: "key", Host: "example.com", Plaintext: true, UserAuthorizer: forgotten},
	} {
		if client, err := thimble.New(cfg); client != nil || err == nil || !strings.Contains(err.Error(), "nil *Endpoint") {
			t.Errorf("got %v", err)
		}
	}
}
