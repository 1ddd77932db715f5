//go:build tinygo

package wire

// skipString checks the string whose opening quote stands at i.
func skipString(b []byte, i int) (int, error) {
	if i >= len(b) || b[i] != '"' {
		return 0, ErrSyntax
	}
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\' && i+1 < len(b):
			end, err := skipEscape(b, i+1)
			if err != nil {
				return 0, err
			}
			i = end - 1
		case c < 0x20:
			return 0, ErrSyntax
		}
	}
	return 0, ErrSyntax
}

// parseUsual is a shortcut, which is not taken here.
func parseUsual([]byte, *Message) bool { return false }

// indexEscape returns where the first backslash stands, len(b) without one.
func indexEscape(b []byte) int {
	for i, c := range b {
		if c == '\\' {
			return i
		}
	}
	return len(b)
}

// unescape resolves the escapes of a checked string in place.
func unescape(b []byte) []byte {
	w := 0
	for r := 0; r < len(b); {
		r, w = unescapeOne(b, r, w, false)
	}
	return b[:w]
}
