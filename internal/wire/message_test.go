package wire_test

import (
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/wire"
)

func TestParse(t *testing.T) {
	t.Parallel()
	type want struct {
		event, channel, userID, data string
		kind                         wire.Kind
	}
	for _, tt := range []struct {
		name, in string
		want     want
	}{
		{"typical event", `{"event":"e","channel":"c","data":"{\"a\":1}"}`, want{"e", "c", "", `{"a":1}`, wire.String}},
		{"data an object", `{"event":"pusher:error","data":{"code":null}}`, want{"pusher:error", "", "", `{"code":null}`, wire.Object}},
		{"data not JSON", `{"event":"e","data":"it's \"plain\" text"}`, want{"e", "", "", `it's "plain" text`, wire.String}},
		{"data twice encoded", `{"event":"e","data":"\"{\\\"a\\\":1}\""}`, want{"e", "", "", `"{\"a\":1}"`, wire.String}},
		{"data absent", `{"event":"e"}`, want{"e", "", "", "", wire.Absent}},
		{"data the empty string", `{"event":"e","data":""}`, want{"e", "", "", "", wire.String}},
		{"data null", `{"event":"e","data":null}`, want{"e", "", "", "null", wire.Null}},
		{"data the text null", `{"event":"e","data":"null"}`, want{"e", "", "", "null", wire.String}},
		{"data the text of an empty object", `{"event":"e","data":"{}"}`, want{"e", "", "", "{}", wire.String}},
		{"data a number", `{"event":"e","data":-1.5e3}`, want{"e", "", "", "-1.5e3", wire.Number}},
		{"data true", `{"event":"e","data":true}`, want{"e", "", "", "true", wire.Bool}},
		{"data false", `{"event":"e","data":false}`, want{"e", "", "", "false", wire.Bool}},
		{"data an array", `{"event":"e","data":[1, "\n"]}`, want{"e", "", "", `[1, "\n"]`, wire.Array}},
		{"user id", `{"event":"client-e","channel":"presence-c","data":"","user_id":"u\/1"}`, want{"client-e", "presence-c", "u/1", "", wire.String}},
		{"user id an integer", `{"event":"e","user_id":12345678901234567890}`, want{"e", "", "12345678901234567890", "", wire.Absent}},
		{"user id null", `{"event":"e","user_id":null}`, want{"e", "", "", "", wire.Absent}},
		{"user id an object", `{"event":"e","user_id":{}}`, want{"e", "", "", "", wire.Absent}},
		{"names that are no strings", `{"event":1,"channel":["c"]}`, want{}},
		{"channel null", `{"event":"e","channel":null}`, want{"e", "", "", "", wire.Absent}},
		{"empty object", `{}`, want{}},
		{"unknown members", `{"id":1,"Event":"x","event":"e","tags":{"event":"y"},"serial":[{}],"data ":"z"}`, want{"e", "", "", "", wire.Absent}},
		{"any order", `{"user_id":"u","data":"d","channel":"c","event":"e"}`, want{"e", "c", "u", "d", wire.String}},
		{"last of the same name wins", `{"event":"a","event":"b","data":"x","data":{},"user_id":"u","user_id":"\u0076"}`, want{"b", "", "v", "{}", wire.Object}},
		{"last wins though it is no string", `{"event":"a","event":null}`, want{}},
		{"escaped names", `{"\u0065vent":"e","ch\u0061nnel":"c","d\u0061ta":"d","user\u005fid":"u"}`, want{"e", "c", "u", "d", wire.String}},
		{"escaped name after a plain one", `{"event":"a","\u0065vent":"b"}`, want{"b", "", "", "", wire.Absent}},
		{"name of nothing but escapes", `{"\u0065\u0076\u0065\u006e\u0074":"e"}`, want{"e", "", "", "", wire.Absent}},
		{"escapes in an unknown name", `{"event":"e","\n\\u0065vent":"x","` + strings.Repeat(`\u0065`, 100) + `":1}`, want{"e", "", "", "", wire.Absent}},
		{"every escape", `{"event":"\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00."}`, want{"\"\\/\b\f\n\r\té€😀.", "", "", "", wire.Absent}},
		{"lone surrogates", `{"event":"\ud800 \udc00\ud800\ud83d\ude00\ud800\u0041\udfff\ud800"}`, want{"\uFFFD \uFFFD\uFFFD😀\uFFFDA\uFFFD\uFFFD", "", "", "", wire.Absent}},
		{"surrogate pair at the end", `{"event":"\ud83d\ude00"}`, want{"😀", "", "", "", wire.Absent}},
		{"surrogates in the wrong order", `{"event":"\ude00\ude00 \ude00\ud83d"}`, want{"\uFFFD\uFFFD \uFFFD\uFFFD", "", "", "", wire.Absent}},
		{"escaped NUL", `{"event":"\u0000"}`, want{"\x00", "", "", "", wire.Absent}},
		{"unescaped text", `{"event":"é€😀` + "\u007f\u2028" + `"}`, want{"é€😀\u007f\u2028", "", "", "", wire.Absent}},
		{"white space everywhere", "\t{ \"event\"\r\n:\n\"e\" , \"data\" : { \"a\" : [ ] } } \n", want{"e", "", "", `{ "a" : [ ] }`, wire.Object}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// What an earlier message left behind must not show through.
			m := wire.Message{Event: []byte("old"), Channel: []byte("old"), UserID: []byte("old"), Data: []byte("old"), DataKind: wire.Bool}
			if err := wire.Parse([]byte(tt.in), &m); err != nil {
				t.Fatal(err)
			}
			got := want{string(m.Event), string(m.Channel), string(m.UserID), string(m.Data), m.DataKind}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"nothing", "", wire.ErrSyntax},
		{"white space", " \n", wire.ErrSyntax},
		{"array", `["event"]`, wire.ErrObject},
		{"string", `"event"`, wire.ErrObject},
		{"null", `null`, wire.ErrObject},
		{"byte order mark", "\ufeff{}", wire.ErrObject},
		{"form feed as white space", "\f{}", wire.ErrObject},
		{"open object", `{"event":"\u0061"`, wire.ErrSyntax},
		{"only a bracket", `{`, wire.ErrSyntax},
		{"open array", `{"event":"\u0061","a":[1`, wire.ErrSyntax},
		{"closed by the wrong bracket", `{"a":1]`, wire.ErrSyntax},
		{"inner one closed by the wrong bracket", `{"a":[{"b":1]]}`, wire.ErrSyntax},
		{"inner array closed by the wrong bracket", `{"a":[1}}`, wire.ErrSyntax},
		{"two objects", `{"event":"\u0061"}{}`, wire.ErrSyntax},
		{"text behind it", `{"event":"\u0061"}x`, wire.ErrSyntax},
		{"NUL behind it", "{\"event\":\"\\u0061\"}\x00", wire.ErrSyntax},
		{"comma at the end", `{"event":"\u0061",}`, wire.ErrSyntax},
		{"comma at the start", `{,"a":1}`, wire.ErrSyntax},
		{"comma at the end of an array", `{"event":"\u0061","a":[1,]}`, wire.ErrSyntax},
		{"comma at the end of an inner object", `{"a":{"b":1,}}`, wire.ErrSyntax},
		{"no comma", `{"event":"\u0061" "a":1}`, wire.ErrSyntax},
		{"no comma in an array", `{"a":[1 2]}`, wire.ErrSyntax},
		{"no colon", `{"event" "a"}`, wire.ErrSyntax},
		{"no colon inside", `{"a":{"b" 1}}`, wire.ErrSyntax},
		{"no value", `{"event":}`, wire.ErrSyntax},
		{"value missing at the end", `{"event":`, wire.ErrSyntax},
		{"name without quotes", `{event:"a"}`, wire.ErrSyntax},
		{"name a number", `{"a":{1:2}}`, wire.ErrSyntax},
		{"single quotes", `{'event':'a'}`, wire.ErrSyntax},
		{"comment", `{"event":"a"/**/}`, wire.ErrSyntax},
		{"open string", `{"event":"\u0061`, wire.ErrSyntax},
		{"open escape", `{"event":"\`, wire.ErrSyntax},
		{"open escape of four digits", `{"event":"\u006`, wire.ErrSyntax},
		{"short escape", `{"event":"\u006"}`, wire.ErrSyntax},
		{"escape of no hexadecimal digits", `{"event":"\u00g0"}`, wire.ErrSyntax},
		{"signed escape", `{"event":"\u+061"}`, wire.ErrSyntax},
		{"capital escape", `{"event":"\U0061"}`, wire.ErrSyntax},
		{"unknown escape", `{"event":"\x61"}`, wire.ErrSyntax},
		{"bad escape in a name", `{"\a":1}`, wire.ErrSyntax},
		{"bad string after a good one", `{"event":"\u0061","data":"\q"}`, wire.ErrSyntax},
		{"word cut", `{"event":"\u0061","a":tru}`, wire.ErrSyntax},
		{"word too long", `{"a":nulll}`, wire.ErrSyntax},
		{"capital word", `{"a":True}`, wire.ErrSyntax},
		{"NaN", `{"a":NaN}`, wire.ErrSyntax},
		{"too deep", `{"event":"\u0061","a":` + nested(wire.MaxDepth) + `}`, wire.ErrDepth},
		{"far too deep", `{"event":"\u0061","a":` + strings.Repeat(`{"":`, 1e5), wire.ErrDepth},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := []byte(tt.in)
			m := wire.Message{Event: []byte("old")}
			if err := wire.Parse(in, &m); err != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if string(in) != tt.in {
				t.Errorf("the refused message was changed to %q", in)
			}
			if string(m.Event) != "old" {
				t.Errorf("Message changed: event %q", m.Event)
			}
		})
	}
}

func TestParseDepth(t *testing.T) {
	t.Parallel()
	for _, open := range []string{"[", `{"a":`} {
		inner := strings.Repeat(open, wire.MaxDepth-1) + "1"
		for i := 1; i < wire.MaxDepth; i++ {
			inner += string(open[0] + 2)
		}
		m := new(wire.Message)
		if err := wire.Parse([]byte(`{"event":"e","data":`+inner+`}`), m); err != nil || string(m.Data) != inner {
			t.Errorf("%s at MaxDepth: %v", open, err)
		}
		// Brackets that stand side by side are not deep.
		wide := `{"data":[` + strings.Repeat(inner[len(open):len(inner)-1]+",", 3) + `[]]}`
		if err := wire.Parse([]byte(wide), m); err != nil {
			t.Errorf("%s side by side: %v", open, err)
		}
	}
}

// Control characters are refused at every position within a string, since the
// scanner looks at eight bytes at once, and 0x20 and 0x7f are none.
func TestParseControlCharacters(t *testing.T) {
	t.Parallel()
	for at := range 20 {
		for c := range 0x80 {
			text := strings.Repeat("é", at/2) + strings.Repeat("x", at%2) + string(rune(c)) + "12345678é"
			err := wire.Parse([]byte(`{"event":"`+text+`"}`), new(wire.Message))
			bad := c < 0x20 || c == '"' || c == '\\'
			if bad != (err != nil) {
				t.Errorf("%#x at %d: %v", c, at, err)
			}
		}
	}
}

func TestPayload(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, data, want string }{
		{"object", `,"data":{"a": 1}`, `{"a": 1}`},
		{"object in a string", `,"data":" {\"a\":\"\\n\"} "`, `{"a":"\n"}`},
		{"absent", ``, ""},
		{"empty string", `,"data":""`, ""},
		{"null", `,"data":null`, ""},
		{"null in a string", `,"data":"null"`, ""},
		{"text", `,"data":"hello"`, ""},
		{"object in a string and something behind it", `,"data":"{}{}"`, ""},
		{"number", `,"data":1`, ""},
		{"array in a string", `,"data":"[1]"`, ""},
		{"string in a string", `,"data":"\"{}\""`, ""},
		{"object too deep in a string", `,"data":"` + strings.Repeat(`{\"a\":`, wire.MaxDepth+1) + `1` + strings.Repeat("}", wire.MaxDepth+1) + `"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var m wire.Message
			if err := wire.Parse([]byte(`{"event":"pusher:error"`+tt.data+`}`), &m); err != nil {
				t.Fatal(err)
			}
			if got := m.Payload(); string(got) != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

const typical = `{"event":"temperature","channel":"private-room-1","data":"{\"celsius\":21.5,\"at\":\"2026-11-23T10:00:00Z\",\"sensor\":{\"id\":\"a-17\",\"ok\":true}}"}`

func TestParseAllocates(t *testing.T) {
	var m wire.Message
	b := make([]byte, 0, len(typical))
	payload := 0
	n := testing.AllocsPerRun(100, func() {
		b = append(b[:0], typical...)
		if err := wire.Parse(b, &m); err != nil {
			t.Fatal(err)
		}
		payload += len(m.Payload())
	})
	if n != 0 || payload == 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParse(b *testing.B) {
	// Parsing changes the message, so each round starts from a fresh copy.
	in := make([]byte, len(typical))
	var m wire.Message
	b.SetBytes(int64(len(typical)))
	b.ReportAllocs()
	for range b.N {
		copy(in, typical)
		if err := wire.Parse(in, &m); err != nil {
			b.Fatal(err)
		}
	}
}
