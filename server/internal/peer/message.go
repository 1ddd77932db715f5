package peer

import (
	"time"

	"github.com/thimble-go/thimble/internal/wire"
)

// message handles one text message. Nothing that a message says closes the
// connection: a client library may be newer than this broker, and its user
// would only see it reconnect for ever.
func (p *Peer) message(text []byte, now time.Duration) Action {
	var m wire.Message
	if err := wire.Parse(text, &m); err != nil {
		return p.complain(codeNone, "Invalid message: it is not a JSON object", "")
	}
	switch string(m.Event) {
	case "pusher:ping":
		return Action{Kind: Send, Frame: pongFrame}
	case "pusher:pong":
		return Action{}
	case "pusher:subscribe":
		return p.subscribe(&m)
	case "pusher:unsubscribe":
		return p.unsubscribe(&m)
	case "pusher:signin":
		return p.signIn(&m)
	case "":
		return p.complain(codeNone, "Invalid message: it has no event", "")
	}
	if wire.IsClientEvent(m.Event) {
		return p.clientEvent(&m, now)
	}
	return p.complain(codeNone, "Unknown event "+echo(string(m.Event))+": names of client events begin with client-", "")
}

// complain answers with an error event; the connection goes on.
func (p *Peer) complain(code int, message, channel string) Action {
	return Action{Kind: Send, Frame: errorFrame(code, message, channel), Channel: channel, Code: code, Text: message}
}
