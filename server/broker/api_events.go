package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/wire"
)

// Largest bodies. JSON may write a byte of data in six, and the names of a
// hundred channels take less than 32 KiB.
func (a *app) maxEventBody() int64 { return 6*int64(a.conf().MaxEventData) + 32<<10 }
func (a *app) maxBatchBody() int64 { return maxBatch * a.maxEventBody() }

// eventBody is an event as a request has it.
type eventBody struct {
	Name     string   `json:"name"`
	Channel  string   `json:"channel"`
	Channels []string `json:"channels"`
	Data     *string  `json:"data"`
	SocketID string   `json:"socket_id"`
	Info     string   `json:"info"`
}

// event checks what came and makes an Event of it.
func (e *eventBody) event(a *app) (Event, error) {
	if e.Data == nil {
		return Event{}, badRequest("Invalid event: it has no data; data is a string, of JSON mostly")
	}
	if e.Channel != "" && len(e.Channels) == 0 {
		e.Channels = []string{e.Channel}
	}
	event := Event{Name: e.Name, Channels: e.Channels, Data: *e.Data, SocketID: e.SocketID}
	return event, a.check(&event)
}

// postEvent is POST /apps/{app}/events.
func (a *app) postEvent(c *call) (any, error) {
	var body eventBody
	if err := decode(c.body, &body); err != nil {
		return nil, err
	}
	event, err := body.event(a)
	if err != nil {
		return nil, err
	}
	a.publish(&event)
	if body.Info == "" {
		return struct{}{}, nil
	}
	channels := make(map[string]attributes, len(event.Channels))
	for _, name := range event.Channels {
		channels[name] = a.attributes(name, body.Info)
	}
	return map[string]any{"channels": channels}, nil
}

// postChannelEvent is POST /apps/{app}/channels/{channel}/events, which the
// service has for old libraries: the body is the data.
func (a *app) postChannelEvent(c *call) (any, error) {
	if !utf8.Valid(c.body) {
		return nil, badRequest("Invalid body: it is not UTF-8")
	}
	event := Event{Name: c.query.Get("name"), Channels: []string{c.channel}, Data: string(c.body), SocketID: c.query.Get("socket_id")}
	if err := a.check(&event); err != nil {
		return nil, err
	}
	a.publish(&event)
	return struct{}{}, nil
}

// postBatch is POST /apps/{app}/batch_events. All are checked before the first
// is published.
func (a *app) postBatch(c *call) (any, error) {
	var body struct {
		Batch []eventBody `json:"batch"`
	}
	if err := decode(c.body, &body); err != nil {
		return nil, err
	}
	if body.Batch == nil {
		return nil, badRequest("Invalid batch: it has no list of events named batch")
	}
	if len(body.Batch) > maxBatch {
		return nil, badRequest("Invalid batch: it has %d events, %d are allowed", len(body.Batch), maxBatch)
	}
	events := make([]Event, len(body.Batch))
	for i := range body.Batch {
		one := &body.Batch[i]
		if len(one.Channels) > 0 {
			return nil, badRequest("Invalid batch: event %d has channels; an event of a batch has one channel", i)
		}
		var err error
		if events[i], err = one.event(a); err != nil {
			return nil, fmt.Errorf("event %d of the batch: %w", i, err)
		}
	}
	informed := false
	infos := make([]attributes, len(events))
	for i := range events {
		a.publish(&events[i])
		infos[i] = attributes{}
		if info := body.Batch[i].Info; info != "" {
			informed = true
			infos[i] = a.attributes(body.Batch[i].Channel, info)
		}
	}
	if !informed {
		return struct{}{}, nil
	}
	return map[string]any{"batch": infos}, nil
}

// attributes are the counts of a channel that were asked for.
type attributes map[string]int

// attributes returns those in info that a channel of this kind has.
func (a *app) attributes(name, info string) attributes {
	connections, users := 0, 0
	if ch := a.hub.find(name); ch != nil {
		connections, users = ch.count()
	}
	list := attributes{}
	presence := wire.KindOf(name) == wire.Presence
	for attribute := range strings.SplitSeq(info, ",") {
		switch {
		case attribute == "user_count" && presence:
			list[attribute] = users
		case attribute == "subscription_count" && !presence:
			list[attribute] = connections
		}
	}
	return list
}

// decode reads JSON. Its reader would let octets pass that are not UTF-8, and
// one of them would close every browser on the channel.
func decode(body []byte, v any) error {
	if !utf8.Valid(body) {
		return badRequest("Invalid body: it is not UTF-8")
	}
	err := json.Unmarshal(body, v)
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped) && mistyped.Field != "":
		wanted := "a string"
		if mistyped.Type.Kind() == reflect.Slice {
			wanted = "a list"
		}
		return badRequest("Invalid body: %s must be %s, and is a JSON %s", mistyped.Field, wanted, mistyped.Value)
	case err != nil:
		return badRequest("Invalid body: it is not a JSON object with the fields of this endpoint")
	}
	return nil
}
