//go:build tinygo

package websocket

// checkText continues to check text of which the first valid bytes are known
// to be whole characters. It returns how many are now, and false as soon as
// an octet stands where no character can have it. It takes half of the flash
// that package utf8 does (RFC 3629 4 has the ranges).
func checkText(text []byte, valid int, last bool) (int, bool) {
	for i := valid; i < len(text); {
		c := text[i]
		more, low, high := 0, byte(0x80), byte(0xBF)
		switch {
		case c < 0x80:
		case c < 0xC2 || c > 0xF4:
			return i, false
		case c < 0xE0:
			more = 1
		case c < 0xF0:
			more = 2
			switch c {
			case 0xE0:
				low = 0xA0
			case 0xED:
				high = 0x9F // the rest are surrogates
			}
		default:
			more = 3
			switch c {
			case 0xF0:
				low = 0x90
			case 0xF4:
				high = 0x8F // the rest is above U+10FFFF
			}
		}
		start := i
		for i++; more > 0; more-- {
			if i == len(text) {
				return start, !last
			}
			if text[i] < low || text[i] > high {
				return start, false
			}
			low, high = 0x80, 0xBF
			i++
		}
	}
	return len(text), true
}

// validText says whether text is valid UTF-8.
func validText(text []byte) bool {
	_, ok := checkText(text, 0, true)
	return ok
}
