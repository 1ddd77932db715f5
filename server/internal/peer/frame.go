package peer

import (
	"strconv"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// Frames that are the same for everybody are made once.
var (
	pongFrame = websocket.AppendFrame(nil, websocket.Text, wire.AppendPong(nil), nil)
	pingFrame = websocket.AppendFrame(nil, websocket.Ping, "", nil)
)

// Succeeded is the event that confirms a subscription.
const Succeeded = "pusher_internal:subscription_succeeded"

// EventFrame makes the one frame that all who are sent an event share. The data
// goes out as a string, the way the service hands on what was published and
// writes the payloads of its own events.
func EventFrame[T ~string | ~[]byte](event, channel string, data T) []byte {
	const envelope = 64 // the header, names and quotes
	b := make([]byte, 0, envelope+len(event)+len(channel)+len(data)+len(data)/8)
	b = wire.AppendStringEvent(websocket.Begin(b), event, channel, "", data)
	return websocket.Finish(b, 0, websocket.Text, nil)
}

// clientEventFrame keeps the kind of the data: a string stays one, any other
// value stays what it is, and what is missing becomes null.
func clientEventFrame(m *wire.Message, channel, userID string) []byte {
	const envelope = 96
	b := websocket.Begin(make([]byte, 0, envelope+len(m.Event)+len(channel)+len(m.Data)+len(m.Data)/8))
	event := string(m.Event)
	switch m.DataKind {
	case wire.String:
		b = wire.AppendStringEvent(b, event, channel, userID, m.Data)
	case wire.Absent:
		b = wire.AppendEvent(b, event, channel, userID, "null")
	default:
		b = wire.AppendEvent(b, event, channel, userID, m.Data)
	}
	return websocket.Finish(b, 0, websocket.Text, nil)
}

// ClientEventFrame makes the frame of a client event that no client has sent.
// Data that is JSON goes out as such, other data as a string.
func ClientEventFrame(event, channel, data string) []byte {
	m := wire.Message{Event: []byte(event), Data: []byte(data), DataKind: wire.String}
	if value, err := wire.ParseValue([]byte(data)); err == nil && value.Kind() != wire.String {
		m.DataKind = value.Kind()
	}
	return clientEventFrame(&m, channel, "")
}

func establishedFrame(socketID string, seconds int) []byte {
	return websocket.Finish(wire.AppendEstablished(websocket.Begin(nil), socketID, seconds), 0, websocket.Text, nil)
}

func errorFrame(code int, message, channel string) []byte {
	return websocket.Finish(wire.AppendError(websocket.Begin(nil), code, message, channel), 0, websocket.Text, nil)
}

// declinedFrame makes the error of a subscription. It names the channel, so
// that it reaches the handlers of that channel in the client.
func declinedFrame(channel string, d *Decline) []byte {
	data := append([]byte(nil), `{"type":`...)
	data = wire.AppendString(data, d.Type)
	data = append(data, `,"error":`...)
	data = wire.AppendString(data, d.Message)
	data = append(data, `,"status":`...)
	data = strconv.AppendInt(data, int64(d.Status), 10)
	data = append(data, '}')
	b := wire.AppendEvent(websocket.Begin(nil), "pusher:subscription_error", channel, "", data)
	return websocket.Finish(b, 0, websocket.Text, nil)
}

// signedInFrame confirms a sign-in with the text that was signed.
func signedInFrame(userData string) []byte {
	data := append([]byte(nil), `{"user_data":`...)
	data = wire.AppendString(data, userData)
	return EventFrame("pusher:signin_success", "", append(data, '}'))
}

// WatchlistFrame tells a client who has come ("online") or gone ("offline").
func WatchlistFrame(name string, ids ...string) []byte {
	data := append([]byte(nil), `{"events":[{"name":`...)
	data = wire.AppendString(data, name)
	data = append(data, `,"user_ids":[`...)
	for i, id := range ids {
		if i > 0 {
			data = append(data, ',')
		}
		data = wire.AppendString(data, id)
	}
	return EventFrame("pusher_internal:watchlist_events", "", append(data, "]}]}"...))
}

// CacheMissFrame tells a client that a cache channel has no last event.
func CacheMissFrame(channel string) []byte {
	b := wire.AppendEvent(websocket.Begin(nil), "pusher:cache_miss", channel, "", "{}")
	return websocket.Finish(b, 0, websocket.Text, nil)
}
