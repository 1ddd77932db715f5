package session_test

import (
	"encoding/json"
	"regexp"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/session"
	"github.com/thimble-go/thimble/internal/websocket"
)

// FuzzSnapshot confirms a presence channel with whatever a server may send as
// its members, and compares them with what encoding/json reads there.
func FuzzSnapshot(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<12 || !json.Valid(data) || !utf8.Valid(data) {
			return
		}
		const limit = 20
		st := newStage(t)
		st.cfg.MaxMembers = limit
		st.start("1.1", 120)
		ch := st.s.Channel("presence-a")
		st.s.SubscribeAuthorized(st.now, ch, session.Token{Auth: "k:a", ChannelData: `{"user_id":"me"}`})
		frame := append([]byte(`{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":`), data...)
		st.frame(websocket.Text, append(frame, '}'))
		if !ch.Subscribed() {
			return // nested too deeply
		}
		got := make(map[string]string)
		ch.Members(func(m session.Member) { got[m.ID] = m.Info })
		want, count := snapshotByStock(data)
		if len(got) != min(len(want), limit) || len(got) != ch.Kept() {
			t.Fatalf("%d members of %d, kept %d", len(got), len(want), ch.Kept())
		}
		if n := ch.MemberCount(); smallNumber.MatchString(count) && strconv.Itoa(n) != count || n < -1 || count == "" && n >= 0 && n != len(want) {
			t.Errorf("%d members, counted as %q: %d", len(want), count, n)
		}
		for id, info := range got {
			if other, ok := want[id]; !ok || info != other {
				t.Errorf("member %q has %q; encoding/json says %v %q", id, info, ok, other)
			}
		}
	})
}

// smallNumber is what is taken for the number of members in any case.
var smallNumber = regexp.MustCompile(`^(0|[1-9]\d{0,8})$`)

// snapshotByStock reads the members, and the text of their count, with the
// standard library, into maps: the names of fields in structs match without
// regard to case.
func snapshotByStock(data []byte) (members map[string]string, count string) {
	members = make(map[string]string)
	field := func(data json.RawMessage, name string) json.RawMessage {
		var object map[string]json.RawMessage
		if json.Unmarshal(data, &object) != nil {
			return nil
		}
		return object[name]
	}
	// Data that is a string holds the JSON text of an object.
	var text string
	if json.Unmarshal(data, &text) == nil && string(data) != "null" {
		data = []byte(text)
	}
	presence := field(data, "presence")
	var hash map[string]json.RawMessage
	_ = json.Unmarshal(field(presence, "hash"), &hash)
	for id, info := range hash {
		if id == "" {
			continue
		}
		if members[id] = string(info); string(info) == "null" {
			members[id] = ""
		}
	}
	var ids []json.RawMessage
	_ = json.Unmarshal(field(presence, "ids"), &ids)
	for _, raw := range ids {
		var id string
		if json.Unmarshal(raw, &id) != nil {
			var number json.Number
			if json.Unmarshal(raw, &number) != nil {
				continue
			}
			id = number.String()
		}
		if _, ok := members[id]; !ok && id != "" {
			members[id] = ""
		}
	}
	return members, string(field(presence, "count"))
}
