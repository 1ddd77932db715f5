package wire_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/wire"
)

var envelopes = []string{
	typical,
	`{}`,
	`{"event":"e","data":"{\"a\":\"b\"}","channel":"presence-c","user_id":"u\"1"}`,
	`{"event":"a\"","event":"b","user_id":"u","data":1}`,
	` { "event" : "e" , "data" : { "a" : [ 1 , -2.5e+3 , true , false , null ] } } `,
	`{"event":"e","data":"\"{\\\"a\\\":1}\"","user_id":12}`,
	`{"event":"a","event":"b","data":"x","data":null}`,
	`{"\u0065vent":"e","d\u0061ta":"d","\\u0065vent":"x"}`,
	`{"event":"\ud83d\ude00\ud800\udc00\udc00\ud800","channel":"é€😀"}`,
	`{"event":"pusher:error","data":{"message":"m","code":null}}`,
	`{"data":[[[[]]],{"":{"":""}}],"user_id":"\/\b\f\n\r\t\"\\"}`,
	`{"event":"e","data":00}`,
	`{"event":"e"}x`,
	"{\"event\":\"0123456789abcde\x1f\"}",
	`{"data":` + strings.Repeat("[", wire.MaxDepth-1) + strings.Repeat("]", wire.MaxDepth-1) + `}`,
	`{"data":` + strings.Repeat("[", wire.MaxDepth) + strings.Repeat("]", wire.MaxDepth) + `}`,
}

// depth is how deeply the brackets of valid JSON are nested.
func depth(b []byte) (deepest int) {
	d := json.NewDecoder(bytes.NewReader(b))
	for level := 0; ; {
		token, err := d.Token()
		if err != nil {
			return deepest
		}
		if delim, ok := token.(json.Delim); ok {
			if delim == '{' || delim == '[' {
				level++
				deepest = max(deepest, level)
			} else {
				level--
			}
		}
	}
}

// stockString is the content of a JSON string as encoding/json reads it.
func stockString(t *testing.T, raw json.RawMessage) (s string) {
	t.Helper()
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	return s
}

// stockContent is what Parse and Text make of a value: the content of a
// string, and the text of everything else.
func stockContent(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	if len(raw) > 0 && raw[0] == '"' {
		return stockString(t, raw)
	}
	return string(raw)
}

// FuzzParse: Parse accepts the objects that encoding/json accepts, down to
// MaxDepth, and reads the same in them; what it refuses, or what names no event,
// it leaves as it was.
func FuzzParse(f *testing.F) {
	for _, s := range envelopes {
		f.Add([]byte(s))
	}
	f.Fuzz(checkParse)
}

// TestParseNearMisses damages envelopes at every place: what is nearly JSON is
// refused exactly when encoding/json refuses it.
func TestParseNearMisses(t *testing.T) {
	t.Parallel()
	for _, s := range append(envelopes, `{"event":"e","data":{"a":true,"b":[false,null,-1.5e-7],"c":"\u00e9"},"channel":"c"}`) {
		if len(s) > 200 {
			continue // deep, and the same at every place
		}
		for i := range len(s) {
			checkParse(t, []byte(s[:i]))
			checkParse(t, []byte(s[:i]+s[i+1:]))
			for _, c := range `{}[]",:\u0-e.n x` + "\x00\x1f\u00e9" {
				checkParse(t, []byte(s[:i]+string(c)+s[i+1:]))
				checkParse(t, []byte(s[:i]+string(c)+s[i:]))
			}
		}
	}
}

// TestEscapesAtTheirEdges reads \u escapes at the edges of what they may be,
// alone and in pairs: half of a character beyond 16 bits is none.
func TestEscapesAtTheirEdges(t *testing.T) {
	t.Parallel()
	edges := []string{"0000", "001f", "0020", "007F", "0080", "07ff", "0800", "D7FF", "d800", "dbFF", "DC00", "dfff", "E000", "fffd", "FFFF", "aBcD", "GGGG", "000", "fFg0", "00@0", "00`0", "00:0", "00/0"}
	for _, a := range edges {
		for _, b := range append(edges, "") {
			in := `{"event":"\u` + a
			if b != "" {
				in += `\u` + b
			}
			checkParse(t, []byte(in+`"}`))
			checkParse(t, []byte(in+`\"é","data":"`+"\u20ac"+`\n\u`+a+`é\""}`))
			checkParse(t, []byte(in+`u`+b+`","channel":"c"}`))
		}
	}
}

func checkParse(t *testing.T, in []byte) {
	t.Helper()
	b := bytes.Clone(in)
	var m wire.Message
	err := wire.Parse(b, &m)
	if !utf8.Valid(in) {
		return // the layer below refuses it; here it must only not panic
	}
	var stock map[string]json.RawMessage
	stockErr := json.Unmarshal(in, &stock)
	if want := stockErr == nil && stock != nil && depth(in) <= wire.MaxDepth; want != (err == nil) {
		t.Fatalf("got %v, encoding/json %v, depth %d", err, stockErr, depth(in))
	}
	if valid, want := wire.Valid(in), json.Valid(in) && depth(in) <= wire.MaxDepth; valid != want {
		t.Fatalf("Valid = %v, want %v", valid, want)
	}
	if err != nil {
		if !bytes.Equal(b, in) {
			t.Fatalf("the refused message was changed to %q", b)
		}
		return
	}

	content := func(name, kinds string) string {
		raw := stock[name]
		if len(raw) == 0 || !strings.Contains(kinds, string(raw[:1])) {
			return ""
		}
		return stockContent(t, raw)
	}
	if content("event", `"`) == "" {
		if !bytes.Equal(b, in) {
			t.Fatalf("the message without an event was changed to %q", b)
		}
		clear(stock) // and nothing of it is read
	}
	for _, field := range []struct {
		name, kinds string
		got         []byte
	}{
		{"event", `"`, m.Event},
		{"channel", `"`, m.Channel},
		{"user_id", `"-0123456789`, m.UserID},
		{"data", `"-0123456789{[tfn`, m.Data},
	} {
		if want := content(field.name, field.kinds); string(field.got) != want {
			t.Fatalf("%s: got %q, want %q", field.name, field.got, want)
		}
	}

	var payload map[string]json.RawMessage
	text := []byte(content("data", `"{`))
	isObject := utf8.Valid(text) && json.Unmarshal(text, &payload) == nil && payload != nil && depth(text) <= wire.MaxDepth
	got := m.Payload()
	if isObject != (got.Kind() == wire.Object) || !isObject && got.Kind() != wire.Absent {
		t.Fatalf("Payload = %q of %q", got, text)
	}
	members := wire.Members(got)
	for isObject && members.Next() {
		if _, ok := payload[members.Text()]; !ok {
			t.Fatalf("%q: encoding/json has no %q", got, members.Text())
		}
	}
	for name, want := range payload {
		if got := got.Get(name); string(got) != string(want) {
			t.Fatalf("%q: got %q, want %q", name, got, want)
		}
	}
}

// stockPath follows a path as Value.Path does, through encoding/json.
func stockPath(t *testing.T, raw json.RawMessage, path string) json.RawMessage {
	t.Helper()
	if path == "" {
		return bytes.TrimSpace(raw)
	}
	for _, step := range strings.Split(path, ".") {
		var err error
		switch raw = bytes.TrimSpace(raw); {
		case len(raw) > 0 && raw[0] == '{':
			var object map[string]json.RawMessage
			err = json.Unmarshal(raw, &object)
			raw = object[step]
		case len(raw) > 0 && raw[0] == '[':
			var array []json.RawMessage
			err = json.Unmarshal(raw, &array)
			raw = nil
			if i, err := strconv.ParseUint(step, 10, 31); err == nil && i < uint64(len(array)) {
				raw = array[i]
			}
		default:
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return raw
}

// FuzzPath: a path leads where encoding/json finds the same steps, and what
// stands there reads as it does there.
func FuzzPath(f *testing.F) {
	for _, s := range []struct{ json, path string }{
		{`{"led":{"color":[255,{"w":"x"},0]}}`, "led.color.1.w"},
		{`[[1,2],[-3]]`, "1.0"},
		{`[[1,2],[-3]]`, "01.-0"},
		{`{"a":{"":1},"":{"":true}}`, "a."},
		{`{"a":{"":1},"":{"":true}}`, "."},
		{`{"\n":"\u00e9\ud800"}`, "\n"},
		{`{"\n":1}`, `\n`},
		{`{"dup":1,"dup":{"x":9223372036854775808}}`, "dup.x"},
		{` {"n":-9223372036854775808}`, "n"},
		{`[0]`, "4294967296"},
		{`{"\u00e9":1e400}`, "é"},
	} {
		f.Add([]byte(s.json), s.path)
	}
	f.Fuzz(func(t *testing.T, in []byte, path string) {
		v, err := wire.ParseValue(in)
		if err != nil || !utf8.Valid(in) {
			_ = wire.Value(in).Path(path) // must not panic on text that was never checked
			return
		}
		before := bytes.Clone(in)
		want := stockPath(t, in, path)
		got := v.Path(path)
		if string(got) != string(want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		if got.Kind() == wire.Absent {
			return
		}

		var n int64
		if i, ok := got.Int(); got.Kind() == wire.Number && ok != (json.Unmarshal(want, &n) == nil) || i != n && ok {
			t.Fatalf("%s: Int = %d, %v, want %d", got, i, ok, n)
		}
		var x float64
		if f, ok := got.Float(); got.Kind() == wire.Number && ok != (json.Unmarshal(want, &x) == nil) || f != x && ok {
			t.Fatalf("%s: Float = %v, %v, want %v", got, f, ok, x)
		}
		if n, ok := got.Thousandths(); ok && (float64(n) > x*1000+1e-3 || float64(n) < x*1000-1) {
			t.Fatalf("%s: Thousandths = %v", got, n)
		}
		if b, ok := got.Bool(); ok && strconv.FormatBool(b) != string(want) {
			t.Fatalf("%s: Bool = %v", got, b)
		}
		text := stockContent(t, want)
		if got.Text() != text {
			t.Fatalf("%s: Text = %q, want %q", got, got.Text(), text)
		}
		if !bytes.Equal(in, before) {
			t.Fatalf("reading changed the text to %q", in)
		}
		if content := got.Unescape(); string(content) != text {
			t.Fatalf("Unescape = %q, want %q", content, text)
		}
	})
}

// FuzzAppendString: what is written reads back as what went in, and octets
// that are no UTF-8 become what encoding/json makes of them.
func FuzzAppendString(f *testing.F) {
	for _, tt := range texts {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkAppendString(t, text)
		if utf8.ValidString(text) {
			encoded := wire.AppendString(nil, text)
			if got := wire.Value(encoded).Unescape(); string(got) != text {
				t.Fatalf("%q came back as %q", text, got)
			}
		}
	})
}
