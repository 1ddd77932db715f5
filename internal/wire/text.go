package wire

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

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
