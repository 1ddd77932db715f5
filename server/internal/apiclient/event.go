package apiclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Event is what to publish.
type Event struct {
	// Name is the event's name. Required.
	Name string

	// Channels are the channels to publish to: 1 to 100 for Trigger, exactly
	// one for TriggerBatch.
	Channels []string

	// Data goes to the subscribers as it is; JSON by convention. 10 KB on most
	// servers.
	Data string

	// SocketID is a connection that does not get the event. Empty: all get it.
	SocketID string

	// Info names attributes of the channels to return: "user_count" (presence
	// channels), "subscription_count" (others, if the server counts).
	Info []string
}

// eventBody is an event on the wire (Pusher HTTP API, "POST event").
type eventBody struct {
	Name     string   `json:"name"`
	Channels []string `json:"channels,omitempty"`
	Channel  string   `json:"channel,omitempty"`
	Data     string   `json:"data"`
	SocketID string   `json:"socket_id,omitempty"`
	Info     string   `json:"info,omitempty"`
}

// Trigger publishes an event. The result holds the attributes that Event.Info
// asks for, by channel.
func (c *Client) Trigger(ctx context.Context, event Event) (map[string]ChannelInfo, error) {
	body, err := event.body()
	if err != nil {
		return nil, err
	}
	var answer channelsBody
	if err := c.call(ctx, http.MethodPost, []string{"events"}, nil, body, &answer); err != nil {
		return nil, err
	}
	return answer.Channels, nil
}

// TriggerBatch publishes several events in one request, each on one channel;
// servers take up to 10. The result holds the attributes that Event.Info asks
// for, by the event's place, and is nil if no event asks.
func (c *Client) TriggerBatch(ctx context.Context, events []Event) ([]ChannelInfo, error) {
	if len(events) == 0 {
		return nil, errors.New("apiclient: the batch is empty; give it an event")
	}
	batch := make([]eventBody, len(events))
	for i, event := range events {
		body, err := event.body()
		if err == nil && len(event.Channels) != 1 {
			err = fmt.Errorf("apiclient: it has %d channels; an event of a batch goes to one, so give it once per channel", len(event.Channels))
		}
		if err != nil {
			return nil, fmt.Errorf("apiclient: event %d of the batch: %s", i, strings.TrimPrefix(err.Error(), "apiclient: "))
		}
		body.Channel, body.Channels = body.Channels[0], nil
		batch[i] = body
	}
	var answer batchBody
	if err := c.call(ctx, http.MethodPost, []string{"batch_events"}, nil, map[string]any{"batch": batch}, &answer); err != nil {
		return nil, err
	}
	return answer.Batch, nil
}

// body checks only what no server can mean otherwise, and what encoding as
// JSON would change silently.
func (e Event) body() (eventBody, error) {
	if e.Name == "" {
		return eventBody{}, errors.New("apiclient: the event has no name")
	}
	if len(e.Channels) == 0 {
		return eventBody{}, errors.New("apiclient: the event has no channel to go to")
	}
	if !utf8.ValidString(e.Name) {
		return eventBody{}, errors.New("apiclient: the event's name is not UTF-8")
	}
	if !utf8.ValidString(e.Data) {
		return eventBody{}, errors.New("apiclient: the event's data is not UTF-8; encode binary data, as in base64")
	}
	return eventBody{
		Name:     e.Name,
		Channels: e.Channels,
		Data:     e.Data,
		SocketID: e.SocketID,
		Info:     strings.Join(e.Info, ","),
	}, nil
}
