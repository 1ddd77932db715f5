package wire_test

import (
	"encoding/json"
	"testing"

	"github.com/thimble-go/thimble/internal/wire"
)

var texts = []struct{ name, text string }{
	{"empty", ""},
	{"plain", "temperature"},
	{"quotes", `a"b\c/d`},
	{"JSON", `{"a":"b\n"}`},
	{"white space", "\n\r\t\b\f "},
	{"control characters", "\x00\x01\x1f\x7f"},
	{"other alphabets", "é€😀\u2028\u2029"},
	{"HTML", "<a href='x'>&</a>"},
	{"replacement character", "a\uFFFDb"},
	{"stray octets", "a\xffb\x80\xc0"},
	{"cut characters", "\xe2\x82 \xf0\x9f\x98"},
	{"surrogate in UTF-8", "\xed\xa0\x80"},
	{"too long a form", "\xc0\xaf\xe0\x80\xaf"},
	{"beyond the last character", "\xf4\x90\x80\x80"},
	{"cut at the end", "ab\xe2"},
}

func TestAppendString(t *testing.T) {
	t.Parallel()
	for _, tt := range texts {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkAppendString(t, tt.text)
		})
	}
}

// checkAppendString compares with what encoding/json makes of the same text.
// The two may differ in how they escape, not in what a reader gets.
func checkAppendString(t *testing.T, text string) {
	t.Helper()
	const before = "before"
	got := wire.AppendString([]byte(before), text)
	if fromBytes := wire.AppendString([]byte(before), []byte(text)); string(fromBytes) != string(got) {
		t.Fatalf("of bytes: %q, of a string: %q", fromBytes, got)
	}
	if string(got[:len(before)]) != before {
		t.Fatalf("what stood before became %q", got[:len(before)])
	}
	got = got[len(before):]
	stock, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	var decoded, want string
	if err := json.Unmarshal(stock, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &decoded); err != nil || decoded != want {
		t.Fatalf("%q: read by encoding/json as %q, %v, want %q", got, decoded, err, want)
	}
	if !wire.Valid(got) || wire.Value(got).Text() != want {
		t.Fatalf("%q: read back as %q, want %q", got, wire.Value(got).Text(), want)
	}
}

// Every message that is written is JSON by the standard, and reads back as
// what went in.
func TestAppendMessages(t *testing.T) {
	t.Parallel()
	const odd = "\"\\\n\x01é😀"
	type fields struct{ event, channel, userID, data string }
	for _, tt := range []struct {
		name string
		got  []byte
		want fields
	}{
		{"subscribe", wire.AppendSubscribe(nil, "c", "", ""), fields{event: "pusher:subscribe", data: `{"channel":"c"}`}},
		{"subscribe private", wire.AppendSubscribe(nil, "private-c", "key:sig", ""), fields{event: "pusher:subscribe", data: `{"channel":"private-c","auth":"key:sig"}`}},
		{"subscribe presence", wire.AppendSubscribe(nil, "presence-c", "key:sig", `{"user_id":"1"}`), fields{event: "pusher:subscribe", data: `{"channel":"presence-c","auth":"key:sig","channel_data":"{\"user_id\":\"1\"}"}`}},
		{"subscribe, signed in", wire.AppendSubscribe(nil, "presence-c", "", "{}"), fields{event: "pusher:subscribe", data: `{"channel":"presence-c","channel_data":"{}"}`}},
		{"unsubscribe", wire.AppendUnsubscribe(nil, "c"), fields{event: "pusher:unsubscribe", data: `{"channel":"c"}`}},
		{"ping", wire.AppendPing(nil), fields{event: "pusher:ping", data: "{}"}},
		{"pong", wire.AppendPong(nil), fields{event: "pusher:pong", data: "{}"}},
		{"event", wire.AppendEvent(nil, "client-e", "private-c", "", `{"a":"\n"}`), fields{event: "client-e", channel: "private-c", data: `{"a":"\n"}`}},
		{"event with a user", wire.AppendEvent(nil, "client-e", "presence-c", "u1", []byte("[1]")), fields{"client-e", "presence-c", "u1", "[1]"}},
		{"event of odd names", wire.AppendEvent(nil, odd, odd, odd, "1"), fields{odd, odd, odd, "1"}},
		{"string event", wire.AppendStringEvent(nil, "e", "c", "", `{"a":1}`), fields{event: "e", channel: "c", data: `{"a":1}`}},
		{"string event without a channel", wire.AppendStringEvent(nil, "e", "", "", []byte("plain")), fields{event: "e", data: "plain"}},
		{"string event of odd text", wire.AppendStringEvent(nil, odd, odd, odd, odd), fields{odd, odd, odd, odd}},
		{"string event without data", wire.AppendStringEvent(nil, "e", "c", "u", ""), fields{"e", "c", "u", ""}},
		{"established", wire.AppendEstablished(nil, "123.456", 120), fields{event: "pusher:connection_established", data: `{"socket_id":"123.456","activity_timeout":120}`}},
		{"error", wire.AppendError(nil, 4009, `no "auth"`, ""), fields{event: "pusher:error", data: `{"code":4009,"message":"no \"auth\""}`}},
		{"error without a code", wire.AppendError(nil, 0, "m", "c"), fields{event: "pusher:error", channel: "c", data: `{"code":null,"message":"m"}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stock struct {
				Event, Channel string
				UserID         string          `json:"user_id"`
				Data           json.RawMessage `json:"data"`
			}
			if err := json.Unmarshal(tt.got, &stock); err != nil {
				t.Fatalf("%s: %v", tt.got, err)
			}
			data := string(stock.Data)
			if data[0] == '"' {
				if err := json.Unmarshal(stock.Data, &data); err != nil {
					t.Fatal(err)
				}
			}
			if got := (fields{stock.Event, stock.Channel, stock.UserID, data}); got != tt.want {
				t.Errorf("encoding/json reads %q, want %q", got, tt.want)
			}
			var m wire.Message
			if err := wire.Parse(tt.got, &m); err != nil {
				t.Fatal(err)
			}
			got := fields{string(m.Event), string(m.Channel), string(m.UserID), string(m.Data)}
			if got != tt.want {
				t.Errorf("Parse reads %q, want %q", got, tt.want)
			}
		})
	}
}

// Absent members are not written: a server may take an empty token or channel
// for one that is wrong.
func TestAppendLeavesOutWhatIsEmpty(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		got  []byte
		want string
	}{
		{wire.AppendSubscribe(nil, "c", "", ""), `{"event":"pusher:subscribe","data":{"channel":"c"}}`},
		{wire.AppendStringEvent(nil, "e", "", "", ""), `{"event":"e","data":""}`},
		{wire.AppendError(nil, 0, "", ""), `{"event":"pusher:error","data":{"code":null,"message":""}}`},
	} {
		if string(tt.got) != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}

func TestAppendAllocates(t *testing.T) {
	dst := make([]byte, 0, 1024)
	data := []byte(`{"text":"é\n"}`)
	n := testing.AllocsPerRun(100, func() {
		b := wire.AppendSubscribe(dst, "presence-c", "key:sig", `{"user_id":"1"}`)
		b = wire.AppendUnsubscribe(b, "c")
		b = wire.AppendPing(b)
		b = wire.AppendPong(b)
		b = wire.AppendEvent(b, "client-e", "private-c", "", data)
		b = wire.AppendStringEvent(b, "e", "c", "u\xff", data)
		b = wire.AppendEstablished(b, "1.2", 120)
		b = wire.AppendError(b, 4009, "no", "c")
		if &b[0] != &dst[:1][0] {
			t.Fatal("did not fit")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendStringEvent(b *testing.B) {
	data := `{"celsius":21.5,"at":"2026-11-23T10:00:00Z","sensor":{"id":"a-17","ok":true}}`
	dst := wire.AppendStringEvent(nil, "temperature", "private-room-1", "", data)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for range b.N {
		dst = wire.AppendStringEvent(dst[:0], "temperature", "private-room-1", "", data)
	}
}
