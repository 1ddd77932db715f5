package session_test

import (
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/session"
	"github.com/thimble-go/thimble/internal/websocket"
)

// TestOversizeIsNamed checks that a message that is skipped is told with its
// names, wherever they stand, and that a presence channel whose list of members
// is too large is subscribed all the same.
func TestOversizeIsNamed(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 3000)
	members := `"{\"presence\":{\"count\":1,\"hash\":{\"channel\":\"` + big + `\"}}}"`
	for _, test := range []struct{ name, text, event, channel string }{
		{"names first", `{"event":"news","channel":"c","data":"` + big + `"}`, "news", "c"},
		{"channel last", `{"event":"news","data":"` + big + `","channel":"c"}`, "news", "c"},
		{"data first", `{"data":"` + big + `","event":"news","channel":"c"}`, "", "c"},
		{"channel in the data", `{"event":"news","data":"` + big + `\"channel\":\"d\"}"}`, "news", ""},
		{"channel where what is shown begins", `{"event":"news","data":"` + big + `",` + tail("c"), "news", "c"},
		{"no JSON", big, "", ""},
		{"confirmation", `{"event":"pusher_internal:subscription_succeeded","channel":"presence-b","data":` + members + `}`, "pusher:subscription_succeeded", "presence-b"},
		{"confirmation, channel last", `{"event":"pusher_internal:subscription_succeeded","data":` + members + `,"channel":"presence-b"}`, "pusher:subscription_succeeded", "presence-b"},
		{"confirmation without a channel", `{"event":"pusher_internal:subscription_succeeded","data":` + members + `}`, "pusher:subscription_succeeded", "presence-a"},
		{"confirmation of another", `{"event":"pusher_internal:subscription_succeeded","channel":"presence-c","data":` + members + `}`, "pusher:subscription_succeeded", "presence-c"},
	} {
		for _, fragments := range []int{1, 7} {
			if fragments > 1 && strings.HasSuffix(test.name, "begins") {
				continue // the end of the last fragment is shown, which is shorter
			}
			t.Run(test.name, func(t *testing.T) {
				st := newStage(t)
				st.cfg.MaxMessage = 2000
				st.start("1.1", 120)
				a, b := st.s.Channel("presence-a"), st.s.Channel("presence-b")
				st.s.SubscribeAuthorized(st.now, a, session.Token{Auth: "k:a", ChannelData: `{"user_id":"me"}`})
				st.s.SubscribeAuthorized(st.now, b, session.Token{Auth: "k:b", ChannelData: `{"user_id":"me"}`})
				st.settle()
				st.said = nil
				var told *session.OversizeError
				for _, ev := range st.collect(split(test.text, fragments)) {
					if err, ok := ev.Err.(*session.OversizeError); ok {
						told = err
					}
				}
				if told == nil {
					t.Fatal("nothing is told")
				}
				if told.Event != test.event || told.Channel != test.channel || told.Size != len(test.text) || told.Limit != 2000 {
					t.Errorf("told %+v", told)
				}
				if strings.HasPrefix(test.event, "pusher:") != strings.Contains(told.Error(), "members stay unknown") {
					t.Errorf("told %v", told)
				}
				for _, ch := range []*session.Channel{a, b} {
					want := test.event == "pusher:subscription_succeeded" && test.channel == ch.Name
					count := 0
					if want {
						count = -1 // nobody knows
					}
					if ch.Subscribed() != want || ch.MemberCount() != count || ch.Kept() != 0 {
						t.Errorf("%s is subscribed: %v, with %d members", ch.Name, ch.Subscribed(), ch.MemberCount())
					}
				}
			})
		}
	}
}

// tail is the end of a message, of just as many bytes as are shown of it.
func tail(channel string) string {
	const shown = 512
	head, end := `"channel":"`+channel+`","more":"`, `"}`
	return head + strings.Repeat("y", shown-len(head)-len(end)) + end
}

// split makes frames of a text.
func split(text string, n int) []byte {
	var out []byte
	size := (len(text) + n - 1) / n
	for i := 0; i < n; i++ {
		part := text[i*size : min((i+1)*size, len(text))]
		op := websocket.Text
		if i > 0 {
			op = 0 // of a continuation
		}
		frame := websocket.AppendFrame(nil, op, part, nil)
		if i < n-1 {
			frame[0] &^= 0x80
		}
		out = append(out, frame...)
	}
	return out
}

// collect feeds bytes and returns the events that come of them.
func (st *stage) collect(b []byte) []session.Event {
	var all []session.Event
	for len(b) > 0 {
		n := copy(st.s.Space(), b)
		b = b[n:]
		st.s.Received(st.now, n)
		var ev session.Event
		for st.s.Next(st.now, &ev) {
			all = append(all, ev)
		}
	}
	return all
}

// TestOversizeIsTheOldest has two presence channels wait whose confirmations
// are too large and name no channel: they come in the order of the requests.
func TestOversizeIsTheOldest(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.cfg.MaxMessage = 2000
	st.start("1.1", 120)
	for _, name := range []string{"public", "private-a"} {
		st.s.SubscribeAuthorized(st.now, st.s.Channel(name), session.Token{Auth: "k:p"})
	}
	a, b := st.s.Channel("presence-a"), st.s.Channel("presence-b")
	for _, ch := range []*session.Channel{b, a} {
		st.s.SubscribeAuthorized(st.now, ch, session.Token{Auth: "k:p", ChannelData: `{"user_id":"me"}`})
	}
	st.settle()
	text := `{"event":"pusher_internal:subscription_succeeded","data":"` + strings.Repeat("x", 3000) + `"}`
	st.text(text)
	if !b.Subscribed() || a.Subscribed() || st.s.Channel("private-a").Subscribed() {
		t.Error("the first is not taken for the oldest")
	}
	st.text(text)
	if !a.Subscribed() || st.s.Channel("private-a").Subscribed() {
		t.Error("the second is not taken for the other")
	}
}
