//go:build !tinygo

package websocket

import "unicode/utf8"

// checkText continues to check text of which the first valid bytes are known
// to be whole characters. It returns how many are now, and false as soon as
// an octet stands where no character can have it.
func checkText(text []byte, valid int, last bool) (int, bool) {
	end := len(text)
	if !last {
		// Set aside a character at the end that is not complete yet.
		for i := end - 1; i >= valid && i >= end-utf8.UTFMax+1; i-- {
			if utf8.RuneStart(text[i]) {
				if !utf8.FullRune(text[i:end]) {
					end = i
				}
				break
			}
		}
	}
	if !utf8.Valid(text[valid:end]) {
		return valid, false
	}
	return end, true
}

// validText says whether text is valid UTF-8.
func validText(text []byte) bool { return utf8.Valid(text) }
