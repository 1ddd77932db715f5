package broker

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// Largest bodies. JSON may write a byte of data in six, and the names of a
// hundred channels take less than 32 KiB.
func (a *app) maxEventBody() bodyLimit {
	return bodyLimit{6*int64(a.conf().MaxEventData) + 32<<10, peer.LimitEventData}
}

func (a *app) maxBatchBody() bodyLimit {
	one := a.maxEventBody()
	return bodyLimit{maxBatch * one.bytes, one.setting}
}

// eventBody is an event as a request has it.
type eventBody struct {
	Name     string   `json:"name"`
	Channel  string   `json:"channel"`
	Channels []string `json:"channels"`
	Data     *string  `json:"data"`
	SocketID string   `json:"socket_id"`
	Info     string   `json:"info"`
}

// fill takes from the query what the body does not say. Channels are joined by
// commas there, as they are signed.
func (e *eventBody) fill(query url.Values) {
	if e.Channel == "" && len(e.Channels) == 0 {
		e.Channel = query.Get("channel")
		if list := query.Get("channels"); list != "" {
			e.Channels = strings.Split(list, ",")
		}
	}
	e.Name = cmp.Or(e.Name, query.Get("name"))
	e.SocketID = cmp.Or(e.SocketID, query.Get("socket_id"))
	e.Info = cmp.Or(e.Info, query.Get("info"))
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
	body.fill(c.query)
	event, err := body.event(a)
	if err != nil {
		return nil, err
	}
	a.publish(&event)
	if body.Info == "" {
		return struct{}{}, nil
	}
	channels, asked := make(map[string]attributes, len(event.Channels)), attributesIn(body.Info)
	for _, name := range event.Channels {
		channels[name] = a.attributes(name, asked)
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

// batchError is what is wrong with one event of a batch.
type batchError struct {
	index int
	err   error
}

func (e *batchError) Error() string {
	return fmt.Sprintf("event %d of the batch: %s", e.index, outward(e.err))
}

func (e *batchError) Unwrap() error { return e.err }

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
			return nil, &batchError{i, err}
		}
	}
	informed := false
	infos := make([]attributes, len(events))
	for i := range events {
		a.publish(&events[i])
		infos[i] = attributes{}
		if info := body.Batch[i].Info; info != "" {
			informed = true
			infos[i] = a.attributes(body.Batch[i].Channel, attributesIn(info))
		}
	}
	if !informed {
		return struct{}{}, nil
	}
	return map[string]any{"batch": infos}, nil
}

// attributes are the counts of a channel that were asked for.
type attributes map[string]int

// attributesIn are the attributes in info, a list with commas.
func attributesIn(info string) []string {
	return strings.FieldsFunc(info, func(r rune) bool { return r == ',' || r == ' ' })
}

// checkInfo refuses attributes that a query cannot have, so that a misspelt one
// is not taken for a channel without it.
func checkInfo(asked []string, known ...string) error {
	for _, one := range asked {
		if !slices.Contains(known, one) {
			return badRequest("Invalid info %.100q: there is %s", one, strings.Join(known, ", "))
		}
	}
	return nil
}

// attributes returns those of the ones that are asked for that a channel of this
// kind has.
func (a *app) attributes(name string, asked []string) attributes {
	connections, users := 0, 0
	if ch := a.hub.find(name); ch != nil {
		connections, users = ch.count()
	}
	list := attributes{}
	presence := wire.KindOf(name) == wire.Presence
	for _, attribute := range asked {
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
