package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
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

// Walker steps through the members of an object or the elements of an array,
// checking the text as it goes.
type Walker struct {
	Name  []byte // of a member, between its quotes and still escaped
	Value Value
	Err   error // what stopped the walk, nil at its end

	b      []byte
	i      int
	opened bool
	close  byte
}

// Members walks over the object at the start of b.
func Members(b []byte) Walker { return Walker{b: b, close: '}'} }

// Elements walks over the array at the start of b.
func Elements(b []byte) Walker { return Walker{b: b, close: ']'} }

// Next moves to the next member or element; false at the end or on an error.
func (w *Walker) Next() bool {
	if w.close == 0 {
		return false
	}
	b := w.b
	i := skipSpace(b, w.i)
	if i >= len(b) {
		return w.stop(ErrSyntax)
	}
	if !w.opened {
		if b[i] != w.close-2 { // '{' and '[' stand two before '}' and ']'
			return w.stop(ErrObject)
		}
		w.opened = true
		i = skipSpace(b, i+1)
		if i < len(b) && b[i] == w.close {
			return w.end(i + 1)
		}
	} else {
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case w.close:
			return w.end(i + 1)
		default:
			return w.stop(ErrSyntax)
		}
	}
	if w.close == '}' {
		end, err := skipString(b, i)
		if err != nil {
			return w.stop(err)
		}
		w.Name = b[i+1 : end-1]
		i = skipSpace(b, end)
		if i >= len(b) || b[i] != ':' {
			return w.stop(ErrSyntax)
		}
		i = skipSpace(b, i+1)
	}
	end, err := skipValue(b, i, MaxDepth-1) // the brackets around it are one level
	if err != nil {
		return w.stop(err)
	}
	w.Value = Value(b[i:end])
	w.i = end
	return true
}

// Is says whether the member has that name.
func (w *Walker) Is(name string) bool {
	if indexEscape(w.Name) == len(w.Name) {
		return string(w.Name) == name
	}
	// An escape has at most six bytes for one. What is longer is not the name,
	// so a hostile one costs no copy.
	return len(w.Name) <= 6*len(name) && w.Text() == name
}

// Text returns the member's name as a copy, unescaped.
func (w *Walker) Text() string {
	if indexEscape(w.Name) == len(w.Name) {
		return string(w.Name)
	}
	return string(unescape(append([]byte(nil), w.Name...)))
}

// rest is where the walk ended: the position behind the closing bracket.
func (w *Walker) rest() int { return w.i }

func (w *Walker) stop(err error) bool {
	w.Err, w.close = err, 0
	return false
}

func (w *Walker) end(i int) bool {
	w.i, w.close = i, 0
	return false
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipValue checks the value that starts at i, nested at most limit deep, and
// returns the position behind it. It keeps what is open in a bit stack instead
// of recursing: a device's goroutine has a stack of a few KiB.
func skipValue(b []byte, i, limit int) (int, error) {
	var objects [MaxDepth / 64]uint64 // one bit for each open bracket: an object's
	depth := 0
	for {
		// Here a value must start.
		if i >= len(b) {
			return 0, ErrSyntax
		}
		var err error
		switch c := b[i]; c {
		case '{', '[':
			if depth == limit {
				return 0, ErrDepth
			}
			bit := uint64(1) << (depth % 64)
			objects[depth/64] &^= bit
			if c == '{' {
				objects[depth/64] |= bit
			}
			depth++
			i = skipSpace(b, i+1)
			if i < len(b) && b[i] == c+2 {
				i++
				depth--
				break
			}
			if c == '{' {
				if i, err = skipName(b, i); err != nil {
					return 0, err
				}
			}
			continue
		case '"':
			i, err = skipString(b, i)
		case 't':
			i, err = skipWord(b, i, "true")
		case 'f':
			i, err = skipWord(b, i, "false")
		case 'n':
			i, err = skipWord(b, i, "null")
		default:
			i, err = skipNumber(b, i)
		}
		if err != nil {
			return 0, err
		}
		// A value has ended; so may the brackets around it.
		for {
			if depth == 0 {
				return i, nil
			}
			inObject := objects[(depth-1)/64]>>((depth-1)%64)&1 == 1
			i = skipSpace(b, i)
			if i >= len(b) {
				return 0, ErrSyntax
			}
			if b[i] == ',' {
				i = skipSpace(b, i+1)
				if inObject {
					if i, err = skipName(b, i); err != nil {
						return 0, err
					}
				}
				break
			}
			if inObject && b[i] == '}' || !inObject && b[i] == ']' {
				i++
				depth--
				continue
			}
			return 0, ErrSyntax
		}
	}
}

// skipName passes over a member's name and its colon.
func skipName(b []byte, i int) (int, error) {
	i, err := skipString(b, i)
	if err != nil {
		return 0, err
	}
	i = skipSpace(b, i)
	if i >= len(b) || b[i] != ':' {
		return 0, ErrSyntax
	}
	return skipSpace(b, i+1), nil
}

func skipWord(b []byte, i int, word string) (int, error) {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return 0, ErrSyntax
	}
	return i + len(word), nil
}

// skipNumber checks a number as RFC 8259 section 6 has it.
func skipNumber(b []byte, i int) (int, error) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && '1' <= b[i] && b[i] <= '9':
		i = skipDigits(b, i)
	default:
		return 0, ErrSyntax
	}
	if i < len(b) && b[i] == '.' {
		end := skipDigits(b, i+1)
		if end == i+1 {
			return 0, ErrSyntax
		}
		i = end
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		end := skipDigits(b, i)
		if end == i {
			return 0, ErrSyntax
		}
		i = end
	}
	return i, nil
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// marks returns a word whose lowest set bit is in the first byte of w that is
// a quote, a backslash or a control character. (Above the first such byte the
// borrow of the subtraction may set bits that mean nothing.)
func marks(w uint64) uint64 {
	quote := w ^ ones*'"'
	slash := w ^ ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w) & highs
}

// skipString checks the string whose opening quote stands at i. Most of the
// time goes here, so it looks at eight bytes at once.
func skipString(b []byte, i int) (int, error) {
	if i >= len(b) || b[i] != '"' {
		return 0, ErrSyntax
	}
	i++
	for {
		for len(b)-i >= 8 {
			if m := marks(binary.LittleEndian.Uint64(b[i:])); m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i >= len(b) {
			return 0, ErrSyntax
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\':
			if i+1 >= len(b) {
				return 0, ErrSyntax
			}
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				i += 2
			case 'u':
				if _, ok := hex4(b, i+2); !ok {
					return 0, ErrSyntax
				}
				i += 6
			default:
				return 0, ErrSyntax
			}
		case c < 0x20:
			return 0, ErrSyntax
		default:
			i++
		}
	}
}

func hex4(b []byte, i int) (rune, bool) {
	if len(b)-i < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// indexEscape returns where the first backslash stands, len(b) without one.
func indexEscape(b []byte) int {
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		slash := binary.LittleEndian.Uint64(b[i:]) ^ ones*'\\'
		if m := (slash - ones) &^ slash & highs; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(b); i++ {
		if b[i] == '\\' {
			break
		}
	}
	return i
}

// unescape resolves the escapes of a checked string in place. Every escape is
// at least as long as what it stands for: \u00e9 is six bytes for two, a
// surrogate pair twelve for four. A lone surrogate becomes U+FFFD, as in
// encoding/json.
func unescape(b []byte) []byte {
	r := indexEscape(b)
	w := r
	for r < len(b) {
		// b[r] is a backslash.
		r++
		switch c := b[r]; c {
		case 'b':
			b[w] = '\b'
		case 'f':
			b[w] = '\f'
		case 'n':
			b[w] = '\n'
		case 'r':
			b[w] = '\r'
		case 't':
			b[w] = '\t'
		case 'u':
			char, _ := hex4(b, r+1)
			r += 4
			if 0xD800 <= char && char < 0xE000 {
				low := rune(0)
				if r+6 < len(b) && b[r+1] == '\\' && b[r+2] == 'u' {
					low, _ = hex4(b, r+3)
				}
				if char < 0xDC00 && 0xDC00 <= low && low < 0xE000 {
					char = 0x10000 + (char-0xD800)<<10 + (low - 0xDC00)
					r += 6
				} else {
					char = utf8.RuneError
				}
			}
			w += utf8.EncodeRune(b[w:w+utf8.UTFMax], char) - 1
		default: // quote, backslash, slash
			b[w] = c
		}
		r++
		w++
		// What stands between two escapes is mostly short.
		for r < len(b) && b[r] != '\\' {
			b[w] = b[r]
			r++
			w++
		}
	}
	return b[:w]
}
