package thimble_test

import (
	"strings"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// dialect is how one kind of server says what all of them have to say. In the
// texts ID stands for the socket id, CHANNEL for a channel, and KEY for the
// application's key.
type dialect struct {
	name     string
	greeting string
	// confirmed answers a subscription, members that of a presence channel
	// with me and bob on it.
	confirmed, members string
	// refused answers a subscription with a wrong signature.
	refused string
	// again answers the subscription of a channel that is subscribed already.
	again string
	// miss follows the confirmation of a cache channel; empty: nothing does.
	miss string
	// ping and pong are its own, and its answer. With an empty ping it sends
	// those of WebSocket.
	ping, pong string
	// unknown answers a key that it does not know: these messages, and then a
	// close frame with the code; 0 stands for none at all.
	unknown     []string
	unknownCode int
	// reproach is for a client event that it does not take, and nonsense for
	// a message that it cannot read. Neither ends anything.
	reproach, nonsense string
}

// dialects are those of the servers that people run.
var dialects = []*dialect{
	{
		name:        "Pusher",
		greeting:    `{"event":"pusher:connection_established","data":"{\"socket_id\":\"ID\",\"activity_timeout\":120}"}`,
		confirmed:   `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":"{}"}`,
		members:     `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":"{\"presence\":{\"count\":2,\"ids\":[\"me\",\"bob\"],\"hash\":{\"me\":{\"name\":\"Me\"},\"bob\":null}}}"}`,
		refused:     `{"event":"pusher:error","data":{"code":null,"message":"Invalid signature: Expected HMAC SHA256 hex digest of ID:CHANNEL, but got bad"}}`,
		again:       `{"event":"pusher:error","data":{"code":null,"message":"Existing subscription to channel CHANNEL"}}`,
		miss:        `{"event":"pusher:cache_miss","channel":"CHANNEL"}`,
		ping:        `{"event":"pusher:ping","data":{}}`,
		pong:        `{"event":"pusher:pong","data":{}}`,
		unknownCode: 4001,
		reproach:    `{"event":"pusher:error","data":{"code":4301,"message":"The client event was rejected because the rate limit was exceeded"}}`,
		nonsense:    `{"event":"pusher:error","data":{"code":null,"message":"Malformed JSON"}}`,
	},
	{
		name:        "soketi",
		greeting:    `{"event":"pusher:connection_established","data":"{\"socket_id\":\"ID\",\"activity_timeout\":30}"}`,
		confirmed:   `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL"}`,
		members:     `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":"{\"presence\":{\"ids\":[\"me\",\"bob\"],\"hash\":{\"me\":{\"name\":\"Me\"},\"bob\":{}},\"count\":2}}"}`,
		refused:     `{"event":"pusher:subscription_error","channel":"CHANNEL","data":{"type":"AuthError","error":"The connection is unauthorized.","status":401}}`,
		again:       `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL"}`,
		miss:        `{"event":"pusher:cache_miss","channel":"CHANNEL"}`,
		pong:        `{"event":"pusher:pong","data":{}}`,
		unknown:     []string{`{"event":"pusher:error","data":{"code":4001,"message":"App key KEY does not exist."}}`},
		unknownCode: 4001,
		reproach:    `{"event":"pusher:error","channel":"CHANNEL","data":{"code":4301,"message":"The app does not have client messaging enabled."}}`,
		nonsense:    `{"event":"pusher:error","data":{"code":4301,"message":"Event name is too long."}}`,
	},
	{
		name:      "Reverb",
		greeting:  `{"event":"pusher:connection_established","data":"{\"socket_id\":\"ID\",\"activity_timeout\":30}"}`,
		confirmed: `{"event":"pusher_internal:subscription_succeeded","data":"{}","channel":"CHANNEL"}`,
		members:   `{"event":"pusher_internal:subscription_succeeded","data":"{\"presence\":{\"count\":2,\"ids\":[\"me\",\"bob\"],\"hash\":{\"me\":{\"name\":\"Me\"},\"bob\":[]}}}","channel":"CHANNEL"}`,
		refused:   `{"event":"pusher:error","data":"{\"code\":4009,\"message\":\"Connection is unauthorized\"}"}`,
		again:     `{"event":"pusher_internal:subscription_succeeded","data":"{}","channel":"CHANNEL"}`,
		miss:      `{"event":"pusher:cache_miss","channel":"CHANNEL"}`,
		ping:      `{"event":"pusher:ping"}`,
		pong:      `{"event":"pusher:pong"}`,
		unknown:   []string{`{"event":"pusher:error","data":"{\"code\":4001,\"message\":\"Application does not exist\"}"}`},
		reproach:  `{"event":"pusher:error","data":"{\"code\":4009,\"message\":\"The client is not a member of the specified channel.\"}"}`,
		nonsense:  `{"event":"pusher:error","data":"{\"code\":4200,\"message\":\"Invalid message format\"}"}`,
	},
	{
		name:        "Sockudo",
		greeting:    `{"event":"pusher:connection_established","data":"{\"socket_id\":\"ID\",\"activity_timeout\":120}"}`,
		confirmed:   `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":"{}"}`,
		members:     `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":"{\"presence\":{\"count\":2,\"ids\":[\"me\",\"bob\"],\"hash\":{\"me\":{\"name\":\"Me\"},\"bob\":null}}}"}`,
		refused:     `{"event":"pusher:error","channel":"CHANNEL","data":{"code":4009,"message":"Invalid authentication signature"}}`,
		again:       `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":"{}"}`,
		miss:        `{"event":"pusher:cache_miss","channel":"CHANNEL","data":"{}"}`,
		ping:        `{"event":"pusher:ping"}`,
		pong:        `{"event":"pusher:pong"}`,
		unknown:     []string{`{"event":"pusher:error","data":{"code":4001,"message":"App key does not exist"}}`},
		unknownCode: 4001,
		reproach:    `{"event":"pusher:error","channel":"CHANNEL","data":{"code":4301,"message":"Client events are not enabled for this app"}}`,
		nonsense:    `{"event":"pusher:error","data":{"code":4300,"message":"Invalid message format"}}`,
	},
	{
		name:      "pusher-fake",
		greeting:  `{"event":"pusher:connection_established","data":"{\"socket_id\":\"ID\",\"activity_timeout\":120}"}`,
		confirmed: `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":"{}"}`,
		members:   `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":"{\"presence\":{\"hash\":{\"me\":{\"name\":\"Me\"},\"bob\":null},\"count\":2}}"}`,
		refused:   `{"event":"pusher_internal:subscription_error","channel":"CHANNEL","data":"{}"}`,
		again:     `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":"{}"}`,
		miss:      `{"event":"pusher:cache_miss","channel":"CHANNEL","data":"null"}`,
		pong:      `{"event":"pusher:pong","data":"{}"}`,
	},
	{
		name:        "Poxa",
		greeting:    `{"event":"pusher:connection_established","data":{"socket_id":"ID","activity_timeout":120}}`,
		confirmed:   `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":{}}`,
		members:     `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":{"presence":{"ids":["me","bob"],"hash":{"me":{"name":"Me"},"bob":null},"count":2}}}`,
		refused:     `{"event":"pusher:error","data":{"message":"Invalid signature: Expected HMAC SHA256 hex digest of ID:CHANNEL, but got bad","code":null}}`,
		again:       `{"event":"pusher_internal:subscription_succeeded","channel":"CHANNEL","data":{}}`,
		pong:        `{"event":"pusher:pong","data":{}}`,
		unknownCode: 4001,
	},
}

// about fills a text in.
func about(text, id, channel string) string {
	return strings.NewReplacer("ID", id, "CHANNEL", channel, "KEY", "key").Replace(text)
}

// pings sends the server's own ping.
func (d *dialect) pings(l *line) {
	if d.ping == "" {
		l.raw(websocket.AppendFrame(nil, websocket.Ping, "are you there", nil))
		return
	}
	l.say(d.ping)
}

// cached says whether the server tells of a channel's cache.
func (d *dialect) cached(name string) bool {
	if d.name == "Reverb" && wire.KindOf(name) == wire.Encrypted {
		return false // a private channel like any other to it
	}
	for _, prefix := range []string{"private-encrypted-", "private-", "presence-"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return d.miss != "" && strings.HasPrefix(name, "cache-")
}

// answer answers a subscription. A channel whose name ends with "refused" has
// a wrong signature.
func (d *dialect) answer(l *line, name string) {
	kind := wire.KindOf(name)
	switch {
	case strings.HasSuffix(name, "refused"):
		l.say(about(d.refused, l.id, name))
	case l.has(name):
		l.say(about(d.again, l.id, name))
	default:
		l.note(name, true)
		if kind == wire.Presence {
			l.say(about(d.members, l.id, name))
		} else {
			l.say(about(d.confirmed, l.id, name))
		}
		if d.cached(name) {
			l.say(about(d.miss, l.id, name))
		}
	}
}
