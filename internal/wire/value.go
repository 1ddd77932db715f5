package wire

import (
	"errors"
	"math"
	"strconv"
	"unicode/utf8"
)

// MaxDepth is how deeply arrays and objects may be nested. No Pusher message
// needs more than a handful of levels; the limit bounds the work that a
// hostile message can cause on a small stack.
const MaxDepth = 128

var (
	ErrSyntax = errors.New("wire: not valid JSON")
	ErrDepth  = errors.New("wire: JSON nested too deeply")
	ErrObject = errors.New("wire: not a JSON object")
)

// Kind is the kind of a JSON value.
type Kind uint8

const (
	Absent Kind = iota // no value at all
	Null
	Bool
	Number
	String
	Array
	Object
)

// Value is the text of one JSON value, borrowed from the buffer it was found
// in. The zero Value is Absent.
type Value []byte

// Kind tells the kind of v from its first byte.
func (v Value) Kind() Kind {
	if len(v) == 0 {
		return Absent
	}
	switch v[0] {
	case '"':
		return String
	case '{':
		return Object
	case '[':
		return Array
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	}
	return Number
}

// ParseValue checks that b is one JSON text, white space around it allowed,
// and returns it without that white space.
func ParseValue(b []byte) (Value, error) {
	start := skipSpace(b, 0)
	end, err := skipValue(b, start, MaxDepth)
	if err != nil {
		return nil, err
	}
	if skipSpace(b, end) != len(b) {
		return nil, ErrSyntax
	}
	return Value(b[start:end]), nil
}

// Valid says whether b is one JSON text in valid UTF-8.
func Valid(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	_, err := ParseValue(b)
	return err == nil
}

// inner returns the text between the quotes of a string, still escaped, and
// nil for every other kind.
func (v Value) inner() []byte {
	if v.Kind() != String || len(v) < 2 {
		return nil
	}
	return v[1 : len(v)-1]
}

// Unescape returns the content of a string, unescaped in place: v must not be
// read again. The text of any other kind is returned as it is.
func (v Value) Unescape() []byte {
	if v.Kind() != String {
		return v
	}
	return unescape(v.inner())
}

// Text returns the content of a string as a copy, and the text of any other
// kind as it is.
func (v Value) Text() string {
	if v.Kind() != String {
		return string(v)
	}
	in := v.inner()
	if indexEscape(in) == len(in) {
		return string(in)
	}
	return string(unescape(append([]byte(nil), in...)))
}

// Int returns a number without fraction or exponent.
func (v Value) Int() (int64, bool) {
	if v.Kind() != Number {
		return 0, false
	}
	limit, digits := uint64(math.MaxInt64), v
	if v[0] == '-' {
		limit, digits = limit+1, v[1:]
	}
	n, ok := parseDigits(digits)
	if !ok || n > limit {
		return 0, false
	}
	if v[0] == '-' {
		return -int64(n), true
	}
	return int64(n), true
}

// Thousandths returns a number in thousandths, cut there: 1500 for 1.5. It knows
// none that is negative, has an exponent, or is above a thousand million. Float
// would cost a board what a converter of all numbers costs.
func (v Value) Thousandths() (int64, bool) {
	whole, fraction := v, Value(nil)
	for i, c := range v {
		if c == '.' {
			whole, fraction = v[:i], v[i+1:]
			break
		}
	}
	n, ok := parseDigits(whole)
	if !ok || n > 1e9 {
		return 0, false
	}
	for i := 0; i < 3 || i < len(fraction); i++ {
		c := byte(0)
		if i < len(fraction) {
			c = fraction[i] - '0'
		}
		switch {
		case c > 9:
			return 0, false
		case i < 3:
			n = n*10 + uint64(c)
		}
	}
	return int64(n), true
}

// parseDigits reads decimal digits that make a number below 2^63+2. Unlike
// strconv it allocates nothing for the error when they do not.
func parseDigits[T ~string | ~[]byte](s T) (n uint64, ok bool) {
	for i := 0; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 || n > 1<<63/10 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	return n, len(s) > 0
}

// Float returns a number.
func (v Value) Float() (float64, bool) {
	if v.Kind() != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v), 64)
	return f, err == nil
}

// Bool returns a truth value; ok is false for every other kind.
func (v Value) Bool() (value, ok bool) {
	return len(v) > 0 && v[0] == 't', v.Kind() == Bool
}

// Get returns the member of an object with that name, Absent when there is
// none or v is no object. As in encoding/json the last of several wins.
func (v Value) Get(name string) Value {
	var found Value
	members := Members(v)
	for members.Next() {
		if members.Is(name) {
			found = members.Value
		}
	}
	return found
}

// Index returns element i of an array, Absent when there is none.
func (v Value) Index(i int) Value {
	elements := Elements(v)
	for n := 0; elements.Next(); n++ {
		if n == i {
			return elements.Value
		}
	}
	return nil
}

// Path follows names and array positions separated by dots: "led.color.0".
// The empty path is v itself.
func (v Value) Path(path string) Value {
	for more := path != ""; more && len(v) > 0; {
		step := path
		more = false
		for i := 0; i < len(path); i++ {
			if path[i] == '.' {
				step, path, more = path[:i], path[i+1:], true
				break
			}
		}
		if v.Kind() == Array {
			i, ok := parseDigits(step)
			if !ok || i > uint64(len(v)) {
				return nil
			}
			v = v.Index(int(i))
			continue
		}
		v = v.Get(step)
	}
	return v
}
