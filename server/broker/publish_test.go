package broker_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/server/broker"
)

func TestPublishErrors(t *testing.T) {
	t.Parallel()
	apps := oneApp()
	apps[0].MaxEventData = 10
	b, err := broker.New(broker.Config{Apps: apps})
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	one := []string{"c"}
	tests := []struct {
		name  string
		ctx   context.Context
		appID string
		event broker.Event
		want  error
	}{
		{"good", t.Context(), appID, broker.Event{Name: "x", Channels: one, Data: "1234567890", SocketID: "1.2"}, nil},
		{"no data", t.Context(), appID, broker.Event{Name: "x", Channels: one}, nil},
		{"unknown app", t.Context(), "2", broker.Event{Name: "x", Channels: one}, broker.ErrUnknownApp},
		{"no name", t.Context(), appID, broker.Event{Channels: one}, broker.ErrEvent},
		{"no channels", t.Context(), appID, broker.Event{Name: "x"}, broker.ErrEvent},
		{"too many channels", t.Context(), appID, broker.Event{Name: "x", Channels: strings.Split(strings.Repeat("c,", 100)+"c", ",")}, broker.ErrEvent},
		{"bad channel", t.Context(), appID, broker.Event{Name: "x", Channels: []string{"c", "#"}}, broker.ErrEvent},
		{"too much data", t.Context(), appID, broker.Event{Name: "x", Channels: one, Data: "12345678901"}, broker.ErrTooLarge},
		{"data not UTF-8", t.Context(), appID, broker.Event{Name: "x", Channels: one, Data: "\xff"}, broker.ErrEvent},
		{"name not UTF-8", t.Context(), appID, broker.Event{Name: "\xff", Channels: one}, broker.ErrEvent},
		{"bad socket id", t.Context(), appID, broker.Event{Name: "x", Channels: one, SocketID: "1"}, broker.ErrEvent},
		{"context has ended", ended, appID, broker.Event{Name: "x", Channels: one}, context.Canceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := b.Publish(tt.ctx, tt.appID, tt.event); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
