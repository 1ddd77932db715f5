//go:build tinygo

package thimble_test

import (
	"context"
	"errors"
	"testing"

	"github.com/thimble-go/thimble"
)

// TestNoTLS checks that nothing goes in the clear by mistake where there is no
// TLS.
func TestNoTLS(t *testing.T) {
	t.Parallel()
	if _, err := thimble.New(thimble.Config{Key: "k", Cluster: "eu"}); err != thimble.ErrNoTLS {
		t.Errorf("New: %v", err)
	}
	_, err := thimble.Endpoint{URL: "https://example.com/auth"}.Authorize(context.Background(), request)
	var auth *thimble.AuthError
	if !errors.Is(err, thimble.ErrNoTLS) || !errors.As(err, &auth) || !auth.Permanent {
		t.Errorf("Endpoint: %v", err)
	}
}

// TestNoEncryption checks that an encrypted channel says what a board needs for
// it, and that the others do not mind.
func TestNoEncryption(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.Authorizer = &keyring{asked: make(chan string, 1)}
	client, err := thimble.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	client.Channel("private-encrypted-a").Bind(thimble.EventSubscriptionError, func(e thimble.Event) { failed <- e.Err })
	client.Subscribe("private-encrypted-a")
	client.Subscribe("news")
	run(t, client)
	f.accept("1.1").subscribed("news")
	if err := waitFor(t, "the refusal", failed); !errors.Is(err, thimble.ErrNoEncryption) {
		t.Errorf("got %v", err)
	}
}

// TestSentToTLS is a server that wants TLS from a client that has none.
func TestSentToTLS(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	errs := failures(client)
	run(t, client)
	f.accept("1.1").closeWith(4000, "TLS only")
	if err := waitFor(t, "the failure", errs); !errors.Is(err, thimble.ErrNoTLS) {
		t.Errorf("got %v", err)
	}
}

// advised says whether an error says what to do: on boards it does not.
const addresses = 2

func advised(string, string) bool { return true }
