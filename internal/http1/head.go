package http1

// Head is the status line and the header fields of a response, borrowed from
// the input of [ParseHead]: it is valid as long as that input is unchanged.
type Head struct {
	Minor  int    // the x of HTTP/1.x
	Status int    // 100 to 999; treat 600 and above as a server error (RFC 9110 15)
	Reason []byte // may be empty; for people only

	fields []byte // whole, valid field lines, each with its CRLF
}

const versionPrefix = "HTTP/1."

// ParseHead parses a response head at the start of b. n is the length of the
// head including its empty line; n == 0 with a nil error means that b does not
// hold all of it yet. An error is reported as soon as a line is wrong, so that
// a peer that speaks something else is noticed without waiting for more.
func ParseHead(b []byte) (h Head, n int, err error) {
	b = b[:min(len(b), MaxHead)]
	for i := 0; i < min(len(b), len(versionPrefix)); i++ {
		if b[i] != versionPrefix[i] {
			return Head{}, 0, ErrStatusLine
		}
	}
	for start, count := 0, 0; ; {
		line, size, err := cutLine(b[n:])
		if err != nil {
			return Head{}, 0, err
		}
		if size == 0 {
			if len(b) == MaxHead {
				return Head{}, 0, ErrHeadTooLarge
			}
			return Head{}, 0, nil
		}
		switch {
		case n == 0:
			var ok bool
			if h, ok = parseStatusLine(line); !ok {
				return Head{}, 0, ErrStatusLine
			}
			start = size
		case len(line) == 0:
			h.fields = b[start:n:n]
			return h, n + size, nil
		case count == MaxFields:
			return Head{}, 0, ErrTooManyFields
		case !validFieldLine(line):
			return Head{}, 0, ErrFieldLine
		default:
			count++
		}
		n += size
	}
}

// cutLine returns the first line of b without its CRLF, and its size with it;
// a size of 0 means that the line is not complete.
func cutLine(b []byte) (line []byte, size int, err error) {
	i := index(b, '\n')
	if i < 0 {
		return nil, 0, nil
	}
	if i == 0 || b[i-1] != '\r' {
		return nil, 0, ErrLineEnding
	}
	return b[:i-1], i + 1, nil
}

// parseStatusLine parses "HTTP/1.1 200 OK" (RFC 9112 4).
func parseStatusLine(line []byte) (h Head, ok bool) {
	const minor, code, reason = len(versionPrefix), len("HTTP/1.1 "), len("HTTP/1.1 200 ")
	if len(line) < reason-1 || line[code-1] != ' ' {
		return Head{}, false
	}
	for _, c := range line[code : reason-1] {
		if c < '0' || c > '9' {
			return Head{}, false
		}
		h.Status = h.Status*10 + int(c-'0')
	}
	if h.Status < 100 || line[minor] < '0' || line[minor] > '9' {
		return Head{}, false
	}
	h.Minor = int(line[minor] - '0')
	if len(line) >= reason {
		h.Reason = line[reason:]
		ok = line[reason-1] == ' ' && every(h.Reason, isFieldByte)
		return h, ok
	}
	return h, true
}

// validFieldLine says whether line is "name: value". The name must be a token,
// which refuses folded lines and blanks before the colon (RFC 9112 5.1, 5.2);
// no control character may stand in the value, which refuses a CR without LF.
func validFieldLine(line []byte) bool {
	colon := index(line, ':')
	return colon > 0 && every(line[:colon], isToken) && every(line[colon+1:], isFieldByte)
}

// nextField cuts the first of the field lines that ParseHead has checked.
func nextField(lines []byte) (name, value, rest []byte) {
	colon, end := index(lines, ':'), index(lines, '\r')
	return lines[:colon], trim(lines[colon+1 : end]), lines[end+2:]
}

// Get returns the value of the first field with that name, compared without
// case, without the blanks around it, and how many fields have that name.
func (h Head) Get(name string) (value []byte, count int) {
	for rest := h.fields; len(rest) > 0; {
		var n, v []byte
		n, v, rest = nextField(rest)
		if EqualFold(n, name) {
			if count == 0 {
				value = v
			}
			count++
		}
	}
	return value, count
}

// HasToken says whether a comma-separated field, possibly on several lines,
// has that token, compared without case. It knows no quoted strings: it is for
// fields that are lists of tokens, as Connection and Upgrade are.
func (h Head) HasToken(name, token string) bool {
	for rest := h.fields; len(rest) > 0; {
		var n, list []byte
		n, list, rest = nextField(rest)
		for EqualFold(n, name) && len(list) > 0 {
			end := index(list, ',')
			if end < 0 {
				end = len(list)
			}
			if EqualFold(trim(list[:end]), token) {
				return true
			}
			list = list[min(end+1, len(list)):]
		}
	}
	return false
}
