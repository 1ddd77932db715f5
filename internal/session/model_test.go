package session_test

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// service is a small model of the service: what one connection has subscribed
// to, with the confirmations that take their time. It is as strict as the real
// one about what may be asked when.
type service struct {
	t        testing.TB
	random   *rand.Rand
	socketID string
	parser   websocket.Parser
	in       []byte          // from the client, not read yet
	out      []byte          // to the client, not delivered yet
	has      map[string]bool // false: in progress
	order    []string        // in progress, oldest first
	refusals bool
	refuses  map[string]bool // decided once for a channel: the token does not change
	signing  []bool          // sign-ins in progress, oldest first; false: to be refused
	user     bool            // somebody is signed in
	seal     func(channel, text string) string
}

// userRoom is the channel of the only user that there is.
const userRoom = "#server-to-user-u"

func newService(t testing.TB, random *rand.Rand, socketID string) *service {
	return &service{
		t: t, random: random, socketID: socketID,
		parser: websocket.Parser{Server: true},
		has:    make(map[string]bool), refuses: make(map[string]bool),
	}
}

func (sv *service) send(b []byte) {
	sv.out = websocket.AppendFrame(sv.out, websocket.Text, b, nil)
}

// read handles one message of the client; false when there is none.
func (sv *service) read() bool {
	used, item, err := sv.parser.Next(sv.in)
	sv.in = sv.in[used:]
	if err != nil {
		sv.t.Fatalf("the client sends what is no frame: %v", err)
	}
	if item.Kind == websocket.None {
		return used > 0
	}
	if item.Kind != websocket.Message || item.Opcode != websocket.Text {
		return true
	}
	var m struct {
		Event string
		Data  struct {
			Channel     string
			Auth        string
			ChannelData string `json:"channel_data"`
			UserData    string `json:"user_data"`
		}
	}
	if err := json.Unmarshal(item.Payload, &m); err != nil {
		sv.t.Fatalf("the client sends %q: %v", item.Payload, err)
	}
	name := m.Data.Channel
	switch m.Event {
	case "pusher:ping":
		sv.send([]byte(`{"event":"pusher:pong","data":{}}`))
	case "pusher:subscribe":
		sv.subscribe(name, m.Data.Auth, m.Data.ChannelData)
	case "pusher:signin":
		if want := "k:" + sv.socketID; m.Data.Auth != want || m.Data.UserData != `{"id":"u"}` {
			sv.t.Errorf("on connection %s the client signs in with the token %q for %s", sv.socketID, m.Data.Auth, m.Data.UserData)
		}
		sv.signing = append(sv.signing, !sv.refusals || sv.random.Intn(4) > 0)
	case "pusher:unsubscribe":
		if !sv.has[name] {
			sv.send(wire.AppendError(nil, 0, "No current subscription to channel "+name+", or subscription in progress", ""))
			break
		}
		delete(sv.has, name)
	}
	return true
}

func (sv *service) subscribe(name, auth, data string) {
	if name == userRoom && !sv.user {
		sv.t.Errorf("the client wants %s without a user", name)
	}
	if wire.KindOf(name) == wire.Presence && data == "" && !sv.user {
		sv.t.Errorf("the client wants %s as nobody", name)
	}
	if wire.KindOf(name).Authorized() {
		// Whatever happens, a token for another connection is never shown.
		if want := "k:" + sv.socketID; auth != want {
			sv.t.Errorf("on connection %s the client shows the token %q", sv.socketID, auth)
		}
		if _, ok := sv.refuses[name]; !ok {
			sv.refuses[name] = sv.refusals && sv.random.Intn(4) == 0
		}
		if sv.refuses[name] {
			sv.send(wire.AppendError(nil, 0, "Invalid signature: Expected HMAC SHA256 hex digest of "+sv.socketID+":"+name+", but got x", ""))
			return
		}
	}
	if _, ok := sv.has[name]; ok {
		sv.send(wire.AppendError(nil, 0, "Existing subscription to channel "+name, ""))
		return
	}
	sv.has[name] = false
	sv.order = append(sv.order, name)
}

// confirm finishes the oldest subscription in progress.
func (sv *service) confirm() bool {
	if len(sv.order) == 0 {
		return false
	}
	name := sv.order[0]
	sv.order = sv.order[1:]
	sv.has[name] = true
	data := "{}"
	if wire.KindOf(name) == wire.Presence {
		data = `{"presence":{"count":1,"ids":["me"],"hash":{"me":null}}}`
	}
	sv.send(wire.AppendStringEvent(nil, "pusher_internal:subscription_succeeded", name, "", data))
	return true
}

// signIn finishes the oldest sign-in in progress.
func (sv *service) signIn() bool {
	if len(sv.signing) == 0 {
		return false
	}
	if sv.signing[0] {
		sv.user = true
		sv.send([]byte(`{"event":"pusher:signin_success","data":{"user_data":"{\"id\":\"u\"}"}}`))
	} else {
		sv.send(wire.AppendError(nil, 0, "Invalid signature: Expected HMAC SHA256 hex digest of "+sv.socketID+"::user::{}, but got x", ""))
	}
	sv.signing = sv.signing[1:]
	return true
}

// publish sends event number n of a channel to whom it concerns.
func (sv *service) publish(name string, n int) {
	if !sv.has[name] {
		return
	}
	text := fmt.Sprint(n)
	if wire.KindOf(name) == wire.Encrypted {
		text = sv.seal(name, text)
	}
	sv.send(wire.AppendStringEvent(nil, "e", name, "", text))
}

// confirmed lists what the connection is subscribed to.
func (sv *service) confirmed() string {
	var all []string
	for _, name := range channelNames {
		if sv.has[name] {
			all = append(all, name)
		}
	}
	return strings.Join(all, " ")
}

var channelNames = []string{"a", "b", "private-a", "private-a.b", "presence-a", "cache-a", "private-encrypted-a", "private-encrypted-cache-a"}
