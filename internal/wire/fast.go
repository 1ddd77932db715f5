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

// look sets the highest bit of those bytes of plain that are no backslash in w,
// and of odd where a closer look is needed: at all but quotes with a backslash
// before them and ordinary ASCII characters without. The other bits mean
// nothing. before is the plain of the word before.
//
// As most text is ASCII, adding to a byte does not carry to the next, nor does
// subtracting borrow from it, which takes half of the work.
func look(w, before uint64) (plain, odd uint64) {
	plain = (w ^ ones*'\\') + lows
	ordinary := (w ^ ones*'"') + lows // no quote
	control := ones*0x9F - w
	return plain, ordinary ^ (plain<<8 | before>>56) | control | w
}

// lookClosely is for all bytes. It marks the backslashes, each with its highest
// bit, what stands behind one, and the first that is neither a quote with a
// backslash before it nor an ordinary character without: above the first control
// character the borrow of the subtraction may set bits that mean nothing.
func lookClosely(w, before uint64) (slash, behind, first uint64) {
	slash = equal(w, ones*'\\')
	behind = slash<<8 | ^before&highs>>56
	controls := (w - ones*0x20) &^ w & highs
	return slash, behind, controls | (equal(w, ones*'"') ^ behind)
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
	before := uint64(highs) // as look has it
	for len(b)-i >= 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		plain, odd := look(w, before)
		if odd&highs == 0 {
			before = plain
			i += 8
			continue
		}
		slash, behind, m := lookClosely(w, before)
		if m == 0 { // it is not ASCII
			before = ^slash
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
		before = highs
	}
	pending := before>>63 == 0 // a backslash
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case pending:
			end, err := skipEscape(b, i)
			if err != nil {
				return 0, err
			}
			i, pending = end-1, false
		case c == '\\':
			pending = true
		case c == '"':
			return i + 1, nil
		case c < 0x20:
			return 0, ErrSyntax
		}
	}
	return 0, ErrSyntax
}

// takeString is skipString and unescape in one, for a string whose content
// starts at start and in which nothing but quotes is escaped: the content is
// b[start:w] then, and end is behind the closing quote. False for any other;
// then all is as it was.
func takeString(b []byte, start int) (w, end int, ok bool) {
	r, w, before := takeWords(b, start, start, highs)
	for len(b)-r >= 8 {
		word := binary.LittleEndian.Uint64(b[r:])
		slash, _, m := lookClosely(word, before)
		if m == 0 { // it is not ASCII
			w = putWord(b, w, word, slash)
			r, w, before = takeWords(b, r+8, w, ^slash)
			continue
		}
		end = r + bits.TrailingZeros64(m)/8
		if b[end] != '"' {
			requote(b, start, w, r, before>>63 == 0)
			return 0, 0, false
		}
		if w == r && slash&(m-1) == 0 {
			return end, end + 1, true // nothing moves
		}
		for ; r < end; r++ {
			if c := b[r]; c != '\\' {
				b[w] = c
				w++
			}
		}
		return w, end + 1, true
	}
	pending := before>>63 == 0
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

// takeWords moves what stands at r to w, eight bytes at a time and without the
// backslashes, up to a word that needs a closer look. It is by itself for the
// sake of its registers.
func takeWords(b []byte, r, w int, before uint64) (int, int, uint64) {
	rest := b[r:]
	for ; len(rest) > 8; rest = rest[8:] {
		word := binary.LittleEndian.Uint64(rest)
		plain, odd := look(word, before)
		if odd&highs != 0 {
			break
		}
		w = putWord(b, w, word, ^plain&highs)
		before = plain
	}
	return len(b) - len(rest), w, before
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
// Of a quote's escape only the backslash goes.
func unescape(b []byte) []byte {
	r := indexEscape(b)
	w := r
	escaped := uint64(0) // by its lowest byte: the first is, by a backslash before
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
		w = putWord(b, w, word, slash)
		escaped = slash >> 56
	}
	for in := escaped != 0; r < len(b); in = false {
		r, w = unescapeOne(b, r, w, in)
	}
	return b[:w]
}

// putWord puts what eight bytes hold to w, without those that are marked, and
// returns where that ends. They have been read, so it does not matter that more
// is put down than is left.
func putWord(b []byte, w int, word, slash uint64) int {
	put := b[w : w+8]
	w += 8
	for ; slash != 0; w-- {
		word, slash = closeGap(word, slash)
	}
	binary.LittleEndian.PutUint64(put, word)
	return w
}

// closeGap takes the lowest marked byte out of a word: the ones above move down,
// and so do their marks.
func closeGap(word, marks uint64) (uint64, uint64) {
	mark := marks & -marks
	below := mark>>7 - 1
	return word&below | word>>8&^below, (marks ^ mark) >> 8
}

// taken is where a string was whose content has been taken: that is b[from:to]
// now, and the closing quote stands at end.
type taken struct{ from, to, end int }

// parseUsual reads an envelope as nearly all servers write nearly all events:
// without white space, its members strings in which nothing but quotes is
// escaped. False for any other; then all is as it was.
func parseUsual(b []byte, m *Message) bool {
	var found [members]taken
	for i, before := 0, byte('{'); ; before = ',' {
		which, start := usualMember(b[i:], before)
		if which == unknown || found[which].end != 0 {
			break
		}
		start += i
		to, end, ok := takeString(b, start)
		if !ok {
			break
		}
		found[which] = taken{start, to, end - 1}
		i = end
		if i != len(b)-1 || b[i] != '}' {
			continue
		}
		event, channel, data, user := &found[memberEvent], &found[memberChannel], &found[memberData], &found[memberUser]
		if event.from == event.to {
			break
		}
		*m = Message{Event: b[event.from:event.to]}
		if channel.end != 0 {
			m.Channel = b[channel.from:channel.to]
		}
		if user.end != 0 {
			m.UserID = b[user.from:user.to]
		}
		if data.end != 0 {
			m.Data, m.DataKind = b[data.from:data.to], String
		}
		return true
	}
	for i := range found {
		if f := &found[i]; f.end != 0 {
			requote(b, f.from, f.to, f.end, false)
		}
	}
	return false
}

// usualMember returns which member starts at b, behind the byte before, and
// where the content of the string starts that is its value.
func usualMember(b []byte, before byte) (which, start int) {
	if len(b) < 12 || b[0] != before {
		return unknown, 0
	}
	switch b = b[:12]; {
	case string(b[1:10]) == `"event":"`:
		return memberEvent, 10
	case string(b[1:12]) == `"channel":"`:
		return memberChannel, 12
	case string(b[1:9]) == `"data":"`:
		return memberData, 9
	case string(b[1:12]) == `"user_id":"`:
		return memberUser, 12
	}
	return unknown, 0
}
