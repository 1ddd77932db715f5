package peer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/internal/peer"
)

func TestAdmit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, protocol, version string
		code                    int
	}{
		{"today's library", "7", "8.6.0", 0},
		{"oldest protocol that is spoken", "5", "1.0", 0},
		{"between", "6", "2.2", 0},
		{"no version", "7", "", 0},
		{"pre-release", "7", "4.2.2-beta.1+build_7", 0},
		{"one number", "7", "1", 0},
		{"no protocol", "", "8.6.0", peer.CodeNoProtocol},
		{"protocol that is too old", "4", "8.6.0", peer.CodeUnsupportedProtocol},
		{"protocol that is too new", "8", "8.6.0", peer.CodeUnsupportedProtocol},
		{"protocol in words", "seven", "8.6.0", peer.CodeUnsupportedProtocol},
		{"protocol written otherwise", "07", "8.6.0", peer.CodeUnsupportedProtocol},
		{"template that was not filled in", "7", "<VERSION>", peer.CodeVersion},
		{"version in words", "7", "latest", peer.CodeVersion},
		{"version with a space", "7", "1.0 beta", peer.CodeVersion},
		{"version without an end", "7", strings.Repeat("1", 65), peer.CodeVersion},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := 0
			if refusal := peer.Admit(tt.protocol, tt.version); refusal != nil {
				got = refusal.Code
			}
			if got != tt.code {
				t.Errorf("got %d, want %d", got, tt.code)
			}
		})
	}
}

// A refusal fits into a close frame and is valid text, whatever the key was.
func TestRefuseKeyIsBounded(t *testing.T) {
	t.Parallel()
	s := docSettings()
	for n := range 300 {
		_, frames := peer.NewRefused(peer.NewLive(s), peer.RefuseKey(strings.Repeat("é", n)), 0)
		stage := &stage{t: t}
		stage.frames(frames)
		if len(stage.said) != 2 || !strings.Contains(stage.said[0], `"code":4001`) || !strings.HasPrefix(stage.said[1], "closes 4001 ") {
			t.Fatalf("%d: %q", n, stage.said)
		}
	}
}

// Sizes at their limits, which would be unreadable in a transcript.
func TestLimits(t *testing.T) {
	t.Parallel()
	member := func(id, info string) string {
		return `{"user_id":"` + id + `","user_info":"` + info + `"}`
	}
	subscribe := func(channel, data string) string {
		b, err := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": map[string]string{
			"channel": channel, "auth": token(channel, data), "channel_data": data,
		}})
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	clientEvent := func(n int) string {
		return `{"event":"client-` + strings.Repeat("x", n-len("client-")) + `","channel":"private-a","data":{}}`
	}
	tests := []struct {
		name, text, says string
	}{
		{"longest user id", subscribe("presence-a", member(strings.Repeat("é", 128), "")), "joins presence-a"},
		{"user id too long", subscribe("presence-a", member(strings.Repeat("é", 129), "")), "more than 128 characters"},
		{"largest user info", subscribe("presence-a", member("1", strings.Repeat("x", 1022))), "joins presence-a"},
		{"user info too large", subscribe("presence-a", member("1", strings.Repeat("x", 1023))), "more than 1024 bytes"},
		{"user info as deep as it may be", subscribe("presence-a", `{"user_id":"1","user_info":`+strings.Repeat("[", 124)+strings.Repeat("]", 124)+`}`), "joins presence-a"},
		{"user info too deep", subscribe("presence-a", `{"user_id":"1","user_info":`+strings.Repeat("[", 125)+strings.Repeat("]", 125)+`}`), "nested too deeply"},
		{"longest event name", clientEvent(200), "publishes private-a"},
		{"event name too long", clientEvent(201), "more than 200 characters"},
		{"echo is bounded", `{"event":"pusher:unsubscribe","data":{"channel":"` + strings.Repeat("x", 5000) + `"}}`, "xxx..., or subscription in progress"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &stage{t: t, settings: docSettings()}
			s.peer, _ = peer.New(peer.NewLive(s.settings), docSocket, 0)
			s.client(websocket.Text, []byte(subscribe("private-a", "")))
			s.said = nil
			s.client(websocket.Text, []byte(tt.text))
			if len(s.said) != 1 || !strings.Contains(s.said[0], tt.says) || len(s.said[0]) > 1000 {
				t.Errorf("got %q, want one that has %q", s.said, tt.says)
			}
		})
	}
}

func TestSubscriptionsAreBounded(t *testing.T) {
	t.Parallel()
	s := &stage{t: t, settings: docSettings()}
	s.peer, _ = peer.New(peer.NewLive(s.settings), docSocket, 0)
	for i := range 10_001 {
		s.said = nil
		s.client(websocket.Text, fmt.Appendf(nil, `{"event":"pusher:subscribe","data":{"channel":"c%d"}}`, i))
	}
	if len(s.said) != 1 || !strings.Contains(s.said[0], `"type":"LimitReached"`) {
		t.Errorf("got %q", s.said)
	}
	if n := len(s.peer.Subscriptions()); n != 10_000 {
		t.Errorf("%d subscriptions", n)
	}
}

// The list of subscriptions is a set, below and above the length at which it
// gets an index.
func TestSubscriptionsAreASet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := &stage{t: t, settings: docSettings()}
		s.peer, _ = peer.New(peer.NewLive(s.settings), docSocket, 0)
		on := make(map[string]bool)
		for range rapid.IntRange(0, 200).Draw(r, "steps") {
			channel := fmt.Sprintf("c%d", rapid.IntRange(0, 40).Draw(r, "channel"))
			verb, want := "subscribe", "joins "+channel
			if rapid.IntRange(0, 2).Draw(r, "leave") == 0 {
				verb, want = "unsubscribe", "leaves "+channel
			}
			if on[channel] == (verb == "subscribe") {
				want = `server> {"event":"pusher:error"`
			} else {
				on[channel] = verb == "subscribe"
			}
			s.said = nil
			s.client(websocket.Text, []byte(`{"event":"pusher:`+verb+`","data":{"channel":"`+channel+`"}}`))
			if len(s.said) == 0 || !strings.HasPrefix(s.said[0], want) {
				r.Fatalf("%s: got %q", verb, s.said)
			}
		}
		var got, want []string
		for _, sub := range s.peer.Subscriptions() {
			got = append(got, sub.Channel)
		}
		for channel, is := range on {
			if is {
				want = append(want, channel)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			r.Fatalf("got %v, want %v", got, want)
		}
	})
}

// Whatever the pace, no second sees more than twice the rate, and a steady ten
// per second all pass.
func TestClientEventRate(t *testing.T) {
	t.Parallel()
	s := &stage{t: t, settings: docSettings()}
	s.peer, _ = peer.New(peer.NewLive(s.settings), docSocket, 0)
	s.client(websocket.Text, []byte(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"`+token("private-a", "")+`"}}`))
	for i := range 100 {
		s.now += 100 * time.Millisecond
		s.said = nil
		s.client(websocket.Text, []byte(`{"event":"client-x","channel":"private-a","data":{}}`))
		if len(s.said) != 1 || !strings.HasPrefix(s.said[0], "publishes") {
			t.Fatalf("%d: %q", i, s.said)
		}
	}
	passed := 0
	for range 100 {
		s.now += 10 * time.Millisecond
		s.said = nil
		s.client(websocket.Text, []byte(`{"event":"client-x","channel":"private-a","data":{}}`))
		if strings.HasPrefix(s.said[0], "publishes") {
			passed++
		}
	}
	if passed < 10 || passed > 20 {
		t.Errorf("%d passed in a second", passed)
	}
}

func TestReceivedCountsMessages(t *testing.T) {
	t.Parallel()
	s := &stage{t: t, settings: docSettings()}
	s.peer, _ = peer.New(peer.NewLive(s.settings), docSocket, 0)
	s.client(websocket.Text, []byte(`{"event":"pusher:pong"}`))
	s.client(websocket.Text, []byte(`garbage`))
	s.client(websocket.Ping, nil)
	if n := s.peer.Received(); n != 2 {
		t.Errorf("got %d", n)
	}
	if n := s.peer.Received(); n != 0 {
		t.Errorf("then %d", n)
	}
}
