package wire

import "unicode/utf8"

// skipEscape checks what stands behind a backslash.
func skipEscape(b []byte, i int) (int, error) {
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1, nil
	case 'u':
		if _, ok := hex4(b, i+1); ok {
			return i + 5, nil
		}
	}
	return 0, ErrSyntax
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

// unescapeOne goes on to the end of the next escape, or of b. in says that b[r]
// stands behind its backslash.
func unescapeOne(b []byte, r, w int, in bool) (int, int) {
	for ; !in && r < len(b); r++ {
		if in = b[r] == '\\'; !in {
			b[w] = b[r]
			w++
		}
	}
	if !in {
		return r, w
	}
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
	return r + 1, w + 1
}
