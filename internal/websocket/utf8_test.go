package websocket_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/thimble-go/thimble/internal/websocket"
)

// Each text with the number of octets that may stand before it is refused: the
// next one cannot belong to any character there.
var badTexts = []struct {
	name, text string
	good       int
}{
	{"continuation octet first", "\x80", 0},
	{"continuation octet after a letter", "ab\xbf", 2},
	{"octet that never occurs", "é\xff", 2},
	{"too long a form of two", "\xc0\xaf", 0},
	{"too long a form of two, last", "a\xc1\xbf", 1},
	{"too long a form of three", "\xe0\x9f\xbf", 1},
	{"too long a form of four", "\xf0\x8f\xbf\xbf", 1},
	{"first surrogate", "\xed\xa0\x80", 1},
	{"last surrogate", "xyz\xed\xbf\xbf", 4},
	{"first beyond the last character", "\xf4\x90\x80\x80", 1},
	{"far beyond the last character", "\xf5\x80\x80\x80", 0},
	{"five octets", "\xf8\x88\x80\x80\x80", 0},
	{"letter in place of the second of two", "\xc3a", 1},
	{"letter in place of the second of three", "\xe2a\xac", 1},
	{"letter in place of the third of three", "\xe2\x82a", 2},
	{"letter in place of the second of four", "\xf0a\x98\x80", 1},
	{"letter in place of the third of four", "\xf0\x9fa\x80", 2},
	{"letter in place of the fourth of four", "\xf0\x9f\x98a", 3},
	{"new character within another", "\xe2\x82\xe2\x82\xac", 2},
	{"two of four and the next", "\xf0\x9f\xf0\x9f", 2},
	{"one continuation too many", "é€😀\x80", 9},
	{"behind eight good octets", "12345678\xfe", 8},
}

// frameText makes frames of a text with cuts at those positions, and a ping
// that is no UTF-8 at each cut.
func frameText(server bool, text string, cuts ...int) (b []byte) {
	op, start := byte(opText), 0
	for _, cut := range cuts {
		b = append(b, part(server, op, text[start:cut])...)
		b = append(b, fin(server, opPing, "\xc0")...)
		op, start = opContinuation, cut
	}
	return append(b, fin(server, op, text[start:])...)
}

// textOctet returns how many bytes of frameText come before octet at of the
// text, the headers before it included.
func textOctet(server bool, text string, at int, cuts ...int) int {
	var within []int
	for _, cut := range cuts {
		if cut <= at {
			within = append(within, cut)
		}
	}
	return len(frameText(server, text[:at], within...))
}

func TestTextRefusedAtTheFirstBadOctet(t *testing.T) {
	t.Parallel()
	bothRoles(t, func(t *testing.T, server bool) {
		for _, tt := range badTexts {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				// More text follows, so that the end of the frame is far away.
				text := tt.text + "and more behind it"
				cutLists := [][]int{nil}
				for cut := range len(tt.text) + 1 {
					cutLists = append(cutLists, []int{cut}, []int{0, cut}, []int{cut, cut})
				}
				for _, cuts := range cutLists {
					in := frameText(server, text, cuts...)
					at := textOctet(server, text, tt.good, cuts...)
					f := feeder{p: &websocket.Parser{Server: server}}
					if err := f.feedPieces(in[:at], 1); err != nil {
						t.Fatalf("cut at %v: refused before octet %d: %v", cuts, tt.good, err)
					}
					if err := f.feed(in[at : at+1]); err != error(websocket.ErrUTF8) {
						t.Fatalf("cut at %v: octet %d of %q: %v", cuts, tt.good, text, err)
					}
					for _, size := range sizes {
						f := feeder{p: &websocket.Parser{Server: server}}
						if err := f.feedPieces(in, size); err != error(websocket.ErrUTF8) {
							t.Fatalf("cut at %v, pieces of %d: %v", cuts, size, err)
						}
					}
				}
			})
		}
	})
}

func TestTextThatEndsWithinACharacter(t *testing.T) {
	t.Parallel()
	bothRoles(t, func(t *testing.T, server bool) {
		for _, text := range []string{"\xc3", "a\xe2", "\xe2\x82", "\xf0", "é\xf0\x9f", "\xf0\x9f\x98"} {
			for cut := range len(text) + 1 {
				for _, cuts := range [][]int{nil, {cut}} {
					in := frameText(server, text, cuts...)
					last := len(in) - 1 // only with it no more octets can come
					f := feeder{p: &websocket.Parser{Server: server}}
					if err := f.feedPieces(in[:last], 1); err != nil {
						t.Errorf("%q cut at %v: refused early: %v", text, cuts, err)
					}
					if err := f.feed(in[last:]); err != error(websocket.ErrUTF8) {
						t.Errorf("%q cut at %v: %v", text, cuts, err)
					}
				}
			}
		}
	})
}

// A good text may be cut into frames, and those into pieces, anywhere.
func TestTextSplitAnywhere(t *testing.T) {
	t.Parallel()
	bothRoles(t, func(t *testing.T, server bool) {
		const text = "aé€😀\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"
		for first := range len(text) + 1 {
			for second := first; second <= len(text); second++ {
				in := frameText(server, text, first, second)
				for _, size := range []int{len(in), 1, 3} {
					f := feeder{p: &websocket.Parser{Server: server}}
					err := f.feedPieces(in, size)
					if err != nil || len(f.items) != 3 || f.items[2] != fmt.Sprintf("text %q", text) {
						t.Fatalf("cut at %d and %d, pieces of %d: %q, %v", first, second, size, f.items, err)
					}
				}
			}
		}
	})
}

// Every octet after every beginning of a character is judged as the grammar of
// UTF-8 has it.
func TestTextAgainstGrammar(t *testing.T) {
	t.Parallel()
	p := new(websocket.Parser)
	var walk func(prefix []byte)
	walk = func(prefix []byte) {
		for c := range 256 {
			text := append(prefix, byte(c))
			state := textState(text)
			in := append([]byte{0x81, byte(len(text) + 1)}, text...)
			*p = websocket.Parser{}
			_, _, err := p.Next(in)
			if refused := err == error(websocket.ErrUTF8); refused != (state < 0) {
				t.Fatalf("%x: %v, octets still missing: %d", text, err, state)
			}
			in[1]--
			*p = websocket.Parser{}
			if _, item, err := p.Next(in); (err == nil && item.Kind == websocket.Message) != (state == 0) {
				t.Fatalf("%x as a whole text: %v, octets still missing: %d", text, err, state)
			}
			// Behind the first octet those at the borders stand for the rest.
			if state > 0 && (len(prefix) == 0 || bytes.IndexByte([]byte("\x80\x8f\x90\x9f\xa0\xbf"), byte(c)) >= 0) {
				walk(text)
			}
		}
	}
	walk(make([]byte, 0, 4))
}

// textState follows the grammar of RFC 3629 section 4: -1 for what no more
// octets can mend, else how many octets the last character still lacks.
func textState(b []byte) int {
	type span struct{ low, high byte }
	tail := span{0x80, 0xBF}
	var open []span // what the next octets must be
	for _, c := range b {
		if len(open) > 0 {
			if c < open[0].low || c > open[0].high {
				return -1
			}
			open = open[1:]
			continue
		}
		switch {
		case c <= 0x7F:
		case 0xC2 <= c && c <= 0xDF:
			open = []span{tail}
		case c == 0xE0:
			open = []span{{0xA0, 0xBF}, tail}
		case 0xE1 <= c && c <= 0xEC, c == 0xEE, c == 0xEF:
			open = []span{tail, tail}
		case c == 0xED:
			open = []span{{0x80, 0x9F}, tail}
		case c == 0xF0:
			open = []span{{0x90, 0xBF}, tail, tail}
		case 0xF1 <= c && c <= 0xF3:
			open = []span{tail, tail, tail}
		case c == 0xF4:
			open = []span{{0x80, 0x8F}, tail, tail}
		default:
			return -1
		}
	}
	return len(open)
}
