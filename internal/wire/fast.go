//go:build !tinygo

package wire

import (
	"encoding/binary"
	"math/bits"
)

// Text is looked at eight bytes at a time here. Boards, whose words are small,
// have it shorter, in fast_tinygo.go.

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

const lows = ^uint64(highs)

// equal marks the bytes of w that are the one that pattern repeats, each with
// its highest bit.
func equal(w, pattern uint64) uint64 {
	x := w ^ pattern
	return ^((x&lows + lows) | x) & highs
}

// look marks bytes of w, each with its highest bit: the backslashes, what
// stands behind one, and the first that needs a closer look: all but quotes
// with a backslash before them and ordinary characters without. Whether there
// is one before w, escaped says by its lowest byte.
//
// This is for ASCII, as most text is: it takes half of the work, since adding
// to a byte does not carry to the next. lookWide is for all bytes.
func look(w, escaped uint64) (slash, behind, first uint64) {
	slash = ^((w ^ ones*'\\') + lows) & highs
	escaped |= slash << 8
	return slash, escaped, ^((((w ^ ones*'"') + lows) ^ escaped) & (w + ones*(0x80-0x20))) & highs
}

// Above the first control character the borrow of the subtraction may set bits
// that mean nothing.
func lookWide(w, escaped uint64) (slash, behind, first uint64) {
	slash = equal(w, ones*'\\')
	escaped |= slash << 8
	controls := (w - ones*0x20) &^ w & highs
	return slash, escaped, controls | (equal(w, ones*'"') ^ escaped)
}

// skipString checks the string whose opening quote stands at i. Most of the
// time goes here, so it looks at eight bytes at once. What follows a backslash
// is mostly a quote, since most data is JSON in a string: as long as just those
// quotes are there that a backslash stands before, nothing needs a closer look.
func skipString(b []byte, i int) (int, error) {
	if i >= len(b) || b[i] != '"' {
		return 0, ErrSyntax
	}
	i++
	escaped := uint64(0) // the highest bit of a byte before which a backslash stands
	for len(b)-i >= 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		slash, behind, m := look(w, escaped)
		if w&highs != 0 {
			slash, behind, m = lookWide(w, escaped)
		}
		if m == 0 {
			escaped = slash >> 56
			i += 8
			continue
		}
		first := bits.TrailingZeros64(m)
		i += first / 8
		if behind>>first&1 == 0 {
			if b[i] == '"' {
				return i + 1, nil
			}
			return 0, ErrSyntax
		}
		var err error
		if i, err = skipEscape(b, i); err != nil {
			return 0, err
		}
		escaped = 0
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case escaped != 0:
			end, err := skipEscape(b, i)
			if err != nil {
				return 0, err
			}
			i, escaped = end-1, 0
		case c == '\\':
			escaped = 1
		case c == '"':
			return i + 1, nil
		case c < 0x20:
			return 0, ErrSyntax
		}
	}
	return 0, ErrSyntax
}

// takeString is skipString and unescape in one, for a string in which nothing
// but quotes is escaped: the content is b[i+1:w] then, and end is behind the
// closing quote. False for any other, and for what is no string; then all is
// as it was.
func takeString(b []byte, i int) (w, end int, ok bool) {
	start := i + 1
	r, w := start, start
	escaped := uint64(0) // as in skipString
	for len(b)-r >= 8 {
		word := binary.LittleEndian.Uint64(b[r:])
		slash, _, m := look(word, escaped)
		if word&highs != 0 {
			slash, _, m = lookWide(word, escaped)
		}
		if m != 0 {
			n := bits.TrailingZeros64(m) / 8
			if b[r+n] != '"' {
				requote(b, start, w, r, escaped != 0)
				return 0, 0, false
			}
			for ; n > 0; n-- {
				if b[r] != '\\' {
					b[w] = b[r]
					w++
				}
				r++
			}
			return w, r + 1, true
		}
		put := b[w : w+8]
		r += 8
		w += 8
		escaped = slash >> 56
		for ; slash != 0; w-- {
			word, slash = closeGap(word, slash)
		}
		binary.LittleEndian.PutUint64(put, word)
	}
	pending := escaped != 0
	for ; r < len(b); r++ {
		switch c := b[r]; {
		case c < 0x20 || pending && c != '"':
			requote(b, start, w, r, pending)
			return 0, 0, false
		case c == '"' && !pending:
			return w, r + 1, true
		case c == '\\':
			pending = true
		default:
			b[w] = c
			w++
			pending = false
		}
	}
	requote(b, start, w, r, pending)
	return 0, 0, false
}

// requote undoes what takeString has done to b[start:r], whose content stands
// in b[start:w]. pending says that b[r] is escaped, by a backslash before r.
func requote(b []byte, start, w, r int, pending bool) {
	if pending {
		r--
		b[r] = '\\'
	}
	for r > w {
		r--
		w--
		b[r] = b[w]
		if b[r] == '"' {
			r--
			b[r] = '\\'
		}
	}
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
//
// Of a quote's escape only the backslash goes. Eight bytes are taken up before
// what is left of them is put down, so that it does not matter that more bytes
// are put down than are left.
func unescape(b []byte) []byte {
	r := indexEscape(b)
	w := r
	escaped := uint64(0) // as in skipString
	for len(b)-r >= 8 {
		word := binary.LittleEndian.Uint64(b[r:])
		slash := equal(word, ones*'\\')
		escaped |= slash << 8
		if escaped&^equal(word, ones*'"') != 0 {
			r, w = unescapeOne(b, r, w, escaped&0x80 != 0)
			escaped = 0
			continue
		}
		r += 8
		put := b[w : w+8]
		w += 8
		escaped = slash >> 56
		for ; slash != 0; w-- {
			word, slash = closeGap(word, slash)
		}
		binary.LittleEndian.PutUint64(put, word)
	}
	for in := escaped != 0; r < len(b); in = false {
		r, w = unescapeOne(b, r, w, in)
	}
	return b[:w]
}

// closeGap takes the lowest marked byte out of a word: the ones above move down,
// and so do their marks.
func closeGap(word, marks uint64) (uint64, uint64) {
	mark := marks & -marks
	below := mark>>7 - 1
	return word&below | word>>8&^below, (marks ^ mark) >> 8
}

// peek moves to the value of a member if its name is one of the known ones and
// written as all servers write it.
func (w *Walker) peek() int {
	if len(w.b)-w.i < 12 {
		return unknown
	}
	rest, before := w.b[w.i:w.i+12], byte('{')
	if w.opened {
		before = ','
	}
	which, n := unknown, 0
	switch {
	case rest[0] != before:
	case string(rest[1:9]) == `"event":`:
		which, n = memberEvent, 9
	case string(rest[1:11]) == `"channel":`:
		which, n = memberChannel, 11
	case string(rest[1:8]) == `"data":`:
		which, n = memberData, 8
	}
	if which != unknown {
		w.opened = true
		w.i = skipSpace(w.b, w.i+n)
	}
	return which
}
