package main

import (
	"fmt"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// The application, and the channel that everybody is on.
const (
	appID     = "bench"
	appKey    = "bench-key"
	appSecret = "bench-secret"
	room      = "room"
	eventName = "event"
)

// dialect is what a client says to a server, and what it looks for in what that
// says. The answers are: to the upgrade, to the greeting, to the subscription.
type dialect struct {
	request   []byte
	connect   []byte // what is sent behind the upgrade, nil for nothing
	subscribe []byte
	expect    [2]string // part of the greeting, and of the confirmation

	ping, pong string // messages that keep the connection

	greetings, answers, goal int
}

var mask = &[4]byte{1, 2, 3, 4}

func message(text string) []byte { return websocket.AppendFrame(nil, websocket.Text, text, mask) }

func upgrade(target string) []byte {
	b, err := websocket.AppendRequest(nil, "127.0.0.1", target, "dGhlIHNhbXBsZSBub25jZQ==")
	if err != nil {
		panic(err) // the targets are below
	}
	return b
}

// pusherDialect is that of the Pusher protocol.
func pusherDialect() dialect {
	return dialect{
		request:   upgrade("/app/" + appKey + "?protocol=7&client=bench&version=1"),
		subscribe: message(string(wire.AppendSubscribe(nil, room, "", ""))),
		expect:    [2]string{"pusher:connection_established", "subscription_succeeded"},
		greetings: 2, answers: 3,
	}
}

// centrifugoDialect is that of Centrifugo, in JSON.
func centrifugoDialect() dialect {
	return dialect{
		request:   upgrade("/connection/websocket"),
		connect:   message(`{"id":1,"connect":{}}`),
		subscribe: message(fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q}}`, room)),
		expect:    [2]string{`"connect":`, `"subscribe":`},
		ping:      "{}", pong: "{}",
		greetings: 2, answers: 3,
	}
}
