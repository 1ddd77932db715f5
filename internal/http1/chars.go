package http1

// text is what a message consists of: strings on the way out, bytes on the way
// in. It spares the conversions, which allocate.
type text interface{ string | []byte }

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// isUnreserved is RFC 3986 2.3.
func isUnreserved(c byte) bool {
	return isAlnum(c) || c == '-' || c == '.' || c == '_' || c == '~'
}

// isToken is tchar of RFC 9110 5.6.2.
func isToken(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '^', '`', '|':
		return true
	}
	return isUnreserved(c)
}

// isFieldByte says whether c may stand in a field value or a reason phrase:
// anything but control characters, among which only the tab is allowed
// (RFC 9110 5.5).
func isFieldByte(c byte) bool {
	return c >= ' ' && c != 0x7f || c == '\t'
}

// isTarget says whether c may stand in a path or a query (RFC 3986 3.3, 3.4),
// a percent sign aside. Brackets are not in that grammar, but every server
// reads them and several frameworks write them in queries.
func isTarget(c byte) bool {
	switch c {
	case '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=', ':', '@', '/', '?', '[', ']':
		return true
	}
	return isUnreserved(c)
}

func isHost(c byte) bool {
	return isAlnum(c) || c == '-' || c == '.' || c == '_'
}

func isIPv6(c byte) bool {
	_, ok := hexDigit(c)
	return ok || c == ':' || c == '.'
}

func hexDigit(c byte) (int, bool) {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0'), true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10, true
	}
	return 0, false
}

// pushDigit appends a digit to n; false means that the result is over limit.
// n and limit are not negative, and no step of it overflows.
func pushDigit(n, base, digit, limit int) (int, bool) {
	if n > limit/base || digit > limit-n*base {
		return 0, false
	}
	return n*base + digit, true
}

func every[T text](s T, ok func(byte) bool) bool {
	for i := 0; i < len(s); i++ {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func index[T text](s T, c byte) int {
	for i := 0; i < len(s); i++ {
		if s[i] == c {
			return i
		}
	}
	return -1
}

// EqualFold compares ASCII without case. Bytes that differ only in 0x20 but
// are no letters are different.
func EqualFold[A, B text](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if x != y && (x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}

// trim removes optional whitespace on both sides (RFC 9110 5.6.3).
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}
