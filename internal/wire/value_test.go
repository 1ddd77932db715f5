package wire_test

import (
	"math"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/wire"
)

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"0", "-0", "1", "-1", "10", "9007199254740993", "0.0", "-0.5", "1.25", "100.001",
		"1e1", "1E1", "1e+1", "1e-1", "0e0", "0.1e007", "123456789012345678901234567890", "1e999",
	} {
		if v, err := wire.ParseValue([]byte(s)); err != nil || string(v) != s || v.Kind() != wire.Number {
			t.Errorf("%s: %s, %v", s, v, err)
		}
	}
	for _, s := range []string{
		"", "-", "+1", "00", "01", "-01", "-00", ".5", "-.5", "1.", "1.e1", "1e", "1e+", "1e-", "1e1.5", "0x10",
		"1_000", "1,000", "Infinity", "-Infinity", "NaN", "--1", "1-", "1e1e1", "1.2.3", "٣", "1 2",
	} {
		if _, err := wire.ParseValue([]byte(s)); err != wire.ErrSyntax {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestParseValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		want     string
		kind     wire.Kind
		err      error
	}{
		{"white space around it", " \t\r\n[ ] \t\r\n", "[ ]", wire.Array, nil},
		{"string", `"a\"b"`, `"a\"b"`, wire.String, nil},
		{"empty string", `""`, `""`, wire.String, nil},
		{"words", `[true,false,null]`, `[true,false,null]`, wire.Array, nil},
		{"empty brackets", `[{},[],{"a":{}}]`, `[{},[],{"a":{}}]`, wire.Array, nil},
		{"at the depth limit", nested(wire.MaxDepth), nested(wire.MaxDepth), wire.Array, nil},
		{"beyond the depth limit", nested(wire.MaxDepth + 1), "", wire.Absent, wire.ErrDepth},
		{"nothing", "", "", wire.Absent, wire.ErrSyntax},
		{"two values", "1 1", "", wire.Absent, wire.ErrSyntax},
		{"open array", "[1,", "", wire.Absent, wire.ErrSyntax},
		{"closing bracket", "]", "", wire.Absent, wire.ErrSyntax},
		{"no-break space", "\u00a01", "", wire.Absent, wire.ErrSyntax},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := wire.ParseValue([]byte(tt.in))
			if string(v) != tt.want || v.Kind() != tt.kind || err != tt.err {
				t.Errorf("got %q, kind %d, %v", v, v.Kind(), err)
			}
			if got := wire.Valid([]byte(tt.in)); got != (tt.err == nil) {
				t.Errorf("Valid = %v", got)
			}
		})
	}
}

func TestValidRefusesOtherEncodings(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"\"\xff\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\"", "\"\xe2\x82\""} {
		if wire.Valid([]byte(s)) {
			t.Errorf("%q is valid", s)
		}
	}
}

func value(t testing.TB, text string) wire.Value {
	t.Helper()
	v, err := wire.ParseValue([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestPath(t *testing.T) {
	t.Parallel()
	doc := value(t, `{"led":{"color":[255, {"w":"x"} ,0],"on":true}, "list":[[1,2],[]],
		"":{"":"empty"}, "a":{"":1,"b":2}, "dup":1, "dup":{"x":2}, "\u00e9":3, "\n":4, "0":"name", "é\"":5, "null":null}`)
	for _, tt := range []struct{ name, path, want string }{
		{"a name", "led.on", "true"},
		{"a position", "led.color.0", "255"},
		{"behind a position", "led.color.1.w", `"x"`},
		{"the last position", "led.color.2", "0"},
		{"behind the end", "led.color.3", ""},
		{"a negative position", "led.color.-1", ""},
		{"a negative zero", "led.color.-0", ""},
		{"a signed position", "led.color.+0", ""},
		{"a name in an array", "led.color.w", ""},
		{"the length of an array", "led.color.length", ""},
		{"a position beyond 32 bits", "led.color.4294967296", ""},
		{"a position beyond 64 bits", "led.color.18446744073709551616", ""},
		{"an empty position", "list.", ""},
		{"array in an array", "list.0.1", "2"},
		{"position in an empty array", "list.1.0", ""},
		{"position as a name", "0", `"name"`},
		{"unknown", "nope", ""},
		{"through something unknown", "nope.led.on", ""},
		{"through a number", "dup.x.y", ""},
		{"through a string", "0.0", ""},
		{"through null", "null.a", ""},
		{"null is there", "null", "null"},
		{"last of the same name wins", "dup", `{"x":2}`},
		{"through the last of the same name", "dup.x", "2"},
		{"escaped name", "é", "3"},
		{"escaped control character", "\n", "4"},
		{"a name in its escaped form", `\n`, ""},
		{"another name in its escaped form", `\u00e9`, ""},
		{"part of a name is escaped", `é"`, "5"},
		{"prefix of a name", "le", ""},
		{"empty names", ".", `"empty"`},
		{"empty name at the end", "a.", "1"},
		{"empty name in the middle", "led..on", ""},
		{"empty name at the start", ".led", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := doc.Path(tt.path); string(got) != tt.want {
				t.Errorf("%q: got %q, want %q", tt.path, got, tt.want)
			}
		})
	}
	if got := doc.Path(""); string(got) != string(doc) {
		t.Errorf("the empty path leads to %q", got)
	}
	if got := wire.Value(nil).Path("a.b"); got.Kind() != wire.Absent {
		t.Errorf("in an absent value: %q", got)
	}
}

func TestGetAndIndex(t *testing.T) {
	t.Parallel()
	object, array := value(t, `{"a":1,"b":[1],"a.b":2}`), value(t, `["x", {"a":1}, []]`)
	for _, tt := range []struct {
		name string
		got  wire.Value
		want string
	}{
		{"member", object.Get("b"), "[1]"},
		{"member with a dot", object.Get("a.b"), "2"},
		{"no member", object.Get("c"), ""},
		{"member of an array", array.Get("0"), ""},
		{"member of nothing", wire.Value(nil).Get("a"), ""},
		{"element", array.Index(0), `"x"`},
		{"last element", array.Index(2), "[]"},
		{"behind the end", array.Index(3), ""},
		{"before the start", array.Index(-1), ""},
		{"element of an object", object.Index(0), ""},
		{"element of nothing", wire.Value(nil).Index(0), ""},
	} {
		if string(tt.got) != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestScalars(t *testing.T) {
	t.Parallel()
	type integer struct {
		n  int64
		ok bool
	}
	type float struct {
		f  float64
		ok bool
	}
	for _, tt := range []struct {
		in    string
		int   integer
		float float
		text  string
	}{
		{`0`, integer{0, true}, float{0, true}, "0"},
		{`-0`, integer{0, true}, float{math.Copysign(0, -1), true}, "-0"},
		{`120`, integer{120, true}, float{120, true}, "120"},
		{`-7`, integer{-7, true}, float{-7, true}, "-7"},
		{`9223372036854775807`, integer{math.MaxInt64, true}, float{1 << 63, true}, "9223372036854775807"},
		{`9223372036854775808`, integer{}, float{1 << 63, true}, "9223372036854775808"},
		{`-9223372036854775808`, integer{math.MinInt64, true}, float{-1 << 63, true}, "-9223372036854775808"},
		{`-9223372036854775809`, integer{}, float{-1 << 63, true}, "-9223372036854775809"},
		{`18446744073709551616`, integer{}, float{1 << 64, true}, "18446744073709551616"},
		{`92233720368547758070`, integer{}, float{92233720368547758070, true}, "92233720368547758070"},
		{`1.5`, integer{}, float{1.5, true}, "1.5"},
		{`1e2`, integer{}, float{100, true}, "1e2"},
		{`1.0`, integer{}, float{1, true}, "1.0"},
		{`1e999`, integer{}, float{}, "1e999"},
		{`"1"`, integer{}, float{}, "1"},
		{`"a\tb"`, integer{}, float{}, "a\tb"},
		{`"plain"`, integer{}, float{}, "plain"},
		{`""`, integer{}, float{}, ""},
		{`null`, integer{}, float{}, "null"},
		{`true`, integer{}, float{}, "true"},
		{`{"a":"\n"}`, integer{}, float{}, `{"a":"\n"}`},
		{`[]`, integer{}, float{}, "[]"},
	} {
		v := value(t, tt.in)
		if n, ok := v.Int(); (integer{n, ok}) != tt.int {
			t.Errorf("%s: Int = %d, %v", tt.in, n, ok)
		}
		f, ok := v.Float()
		if ok != tt.float.ok || ok && math.Float64bits(f) != math.Float64bits(tt.float.f) {
			t.Errorf("%s: Float = %v, %v", tt.in, f, ok)
		}
		if got := v.Text(); got != tt.text {
			t.Errorf("%s: Text = %q", tt.in, got)
		}
		if string(v) != tt.in {
			t.Errorf("%s: reading changed it to %s", tt.in, v)
		}
		if got := v.Unescape(); string(got) != tt.text {
			t.Errorf("%s: Unescape = %q", tt.in, got)
		}
	}
}

func TestBool(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]bool{
		"true": {true, true}, "false": {false, true}, "null": {}, `"true"`: {}, "1": {}, "[true]": {},
	} {
		if b, ok := value(t, in).Bool(); [2]bool{b, ok} != want {
			t.Errorf("%s: %v, %v", in, b, ok)
		}
	}
}

func TestAbsent(t *testing.T) {
	t.Parallel()
	var v wire.Value
	_, isInt := v.Int()
	_, isFloat := v.Float()
	_, isBool := v.Bool()
	if v.Kind() != wire.Absent || isInt || isFloat || isBool || v.Text() != "" || len(v.Unescape()) != 0 {
		t.Error("an absent value has something in it")
	}
	// A value that no parser made is a mistake, but no reason to panic.
	if v = wire.Value(`"`); v.Text() != "" || len(v.Unescape()) != 0 {
		t.Error("half a string has something in it")
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	var got []string
	members := wire.Members([]byte(`{"a":1,"\u0062\"":{"x":[]}, "a":null} tail`))
	for members.Next() {
		got = append(got, members.Text()+"="+string(members.Value))
	}
	if want := `a=1;b"={"x":[]};a=null`; strings.Join(got, ";") != want || members.Err != nil {
		t.Errorf("got %q, %v", got, members.Err)
	}
	if members.Next() {
		t.Error("a walk that has ended goes on")
	}
	members = wire.Members([]byte(`{"a":1,b}`))
	if !members.Next() || members.Next() || members.Err != wire.ErrSyntax || members.Next() {
		t.Errorf("a walk over malformed text: %v", members.Err)
	}
	if elements := wire.Elements([]byte("{}")); elements.Next() || elements.Err != wire.ErrObject {
		t.Errorf("elements of an object: %v", elements.Err)
	}
}

func TestReadingAllocates(t *testing.T) {
	doc := value(t, `{"skipped":"\n","`+strings.Repeat(`\n`, 100)+`":{},"led":{"color":[255,{"w":12.5}],"n":1234567890}}`)
	for _, tt := range []struct {
		name string
		do   func() bool
	}{
		{"a path", func() bool { _, ok := doc.Path("led.color.1.w").Float(); return ok }},
		{"a path that leads nowhere", func() bool { return doc.Path("led.color.x.y").Kind() == wire.Absent }},
		{"an integer", func() bool { n, ok := doc.Path("led.n").Int(); return ok && n == 1234567890 }},
		{"no integer", func() bool { _, ok := doc.Path("led.color.1.w").Int(); return !ok }},
	} {
		ok := true
		if n := testing.AllocsPerRun(100, func() { ok = ok && tt.do() }); n != 0 || !ok {
			t.Errorf("%s: %v allocations, right: %v", tt.name, n, ok)
		}
	}
}

func TestThousandths(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "120": 120_000, "1.5": 1500, "0.001": 1, "2.0009": 2000, "7.25": 7250, "1000000000": 1e12,
		"-1": -1, "1e3": -1, "1.5e1": -1, "1.2345e1": -1, "1000000001": -1, "99999999999999999999": -1, "null": -1, `"1"`: -1, "": -1,
	} {
		got, ok := wire.Value(text).Thousandths()
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%s: %d, %v", text, got, ok)
		}
	}
}
