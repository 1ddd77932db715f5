package endtoend_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/server/broker"
)

func TestWrongKeyStopsTheClient(t *testing.T) {
	t.Parallel()
	v := open(t, "127.0.0.1:0")
	defer v.close(t)
	client, err := thimble.New(thimble.Config{Key: "wrong", Host: v.address, Plaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err = client.Run(ctx)
	var closed *thimble.CloseError
	if !errors.As(err, &closed) || closed.Code != 4001 {
		t.Fatalf("Run returned %v, want a CloseError with code 4001", err)
	}
	if !strings.Contains(err.Error(), "check Key") {
		t.Errorf("%q does not say what to check", err)
	}
	if client.State() != thimble.StateFailed {
		t.Errorf("state %v", client.State())
	}
}

// A wrong secret fails the channels that need it, each with the server's text;
// the others live on.
func TestWrongSecretFailsItsChannelsOnly(t *testing.T) {
	t.Parallel()
	v := open(t, "127.0.0.1:0")
	defer v.close(t)
	client, err := thimble.New(thimble.Config{Key: key, Host: v.address, Plaintext: true, Authorizer: signed("me", "wrong-secret")})
	if err != nil {
		t.Fatal(err)
	}
	seen := newTally()
	client.Subscribe("news").Bind("headline", func(thimble.Event) { seen.add("headline") })
	client.Bind(thimble.EventSubscribed, func(e thimble.Event) { seen.add("subscribed " + e.Channel) })
	client.Bind(thimble.EventSubscriptionError, func(e thimble.Event) {
		var failure *thimble.SubscriptionError
		if !errors.As(e.Err, &failure) || failure.Channel != e.Channel || !strings.Contains(e.Err.Error(), "Invalid signature") {
			t.Errorf("%s failed with %v", e.Channel, e.Err)
		}
		if strings.Contains(e.Err.Error(), "wrong-secret") || strings.Contains(e.Err.Error(), secret) {
			t.Errorf("a secret stands in %q", e.Err)
		}
		seen.add("failed " + e.Channel)
	})
	private, presence := client.Subscribe("private-room"), client.Subscribe("presence-room")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- client.Run(ctx) }()
	defer func() { cancel(); <-done }()

	seen.await(t, "failed private-room", 1)
	seen.await(t, "failed presence-room", 1)
	seen.await(t, "subscribed news", 1)
	if err := v.Publish(ctx, appID, broker.Event{Name: "headline", Channels: []string{"news"}, Data: "{}"}); err != nil {
		t.Fatal(err)
	}
	seen.await(t, "headline", 1)
	if private.Err() == nil || presence.Err() == nil || private.Subscribed() {
		t.Error("the refused channels do not say so")
	}
}
