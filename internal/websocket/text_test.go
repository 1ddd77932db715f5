package websocket

import (
	"testing"
	"unicode/utf8"
)

// TestCheckText asks package utf8 about all short texts of the octets at which
// something begins or ends.
func TestCheckText(t *testing.T) {
	t.Parallel()
	edges := []byte{0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF}
	var check func(text []byte)
	check = func(text []byte) {
		whole, open := 0, false // how far it is valid, and whether more could complete the rest
		for whole < len(text) {
			r, size := utf8.DecodeRune(text[whole:])
			if r == utf8.RuneError && size == 1 {
				open = !utf8.FullRune(text[whole:])
				break
			}
			whole += size
		}
		done := whole == len(text)
		if _, ok := checkText(text, 0, true); ok != done {
			t.Errorf("% x: %v", text, ok)
		}
		if valid, ok := checkText(text, 0, false); ok != (done || open) || ok && valid != whole {
			t.Errorf("% x, and more to come: %v, valid up to %d, not %d", text, ok, valid, whole)
		}
		if len(text) < 4 {
			for _, c := range edges {
				check(append(text[:len(text):len(text)], c))
			}
		}
	}
	check(nil)
}
