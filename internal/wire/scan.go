package wire

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipValue checks the value that starts at i, nested at most limit deep, and
// returns the position behind it. It keeps what is open in a bit stack instead
// of recursing: a device's goroutine has a stack of a few KiB.
func skipValue(b []byte, i, limit int) (int, error) {
	var objects [MaxDepth / 64]uint64 // one bit for each open bracket: an object's
	depth := 0
	for {
		// Here a value must start.
		if i >= len(b) {
			return 0, ErrSyntax
		}
		var err error
		switch c := b[i]; c {
		case '{', '[':
			if depth == limit {
				return 0, ErrDepth
			}
			bit := uint64(1) << (depth % 64)
			objects[depth/64] &^= bit
			if c == '{' {
				objects[depth/64] |= bit
			}
			depth++
			i = skipSpace(b, i+1)
			if i < len(b) && b[i] == c+2 {
				i++
				depth--
				break
			}
			if c == '{' {
				if i, err = skipName(b, i); err != nil {
					return 0, err
				}
			}
			continue
		case '"':
			i, err = skipString(b, i)
		case 't':
			i, err = skipWord(b, i, "true")
		case 'f':
			i, err = skipWord(b, i, "false")
		case 'n':
			i, err = skipWord(b, i, "null")
		default:
			i, err = skipNumber(b, i)
		}
		if err != nil {
			return 0, err
		}
		// A value has ended; so may the brackets around it.
		for {
			if depth == 0 {
				return i, nil
			}
			inObject := objects[(depth-1)/64]>>((depth-1)%64)&1 == 1
			i = skipSpace(b, i)
			if i >= len(b) {
				return 0, ErrSyntax
			}
			if b[i] == ',' {
				i = skipSpace(b, i+1)
				if inObject {
					if i, err = skipName(b, i); err != nil {
						return 0, err
					}
				}
				break
			}
			if inObject && b[i] == '}' || !inObject && b[i] == ']' {
				i++
				depth--
				continue
			}
			return 0, ErrSyntax
		}
	}
}

// skipName passes over a member's name and its colon.
func skipName(b []byte, i int) (int, error) {
	i, err := skipString(b, i)
	if err != nil {
		return 0, err
	}
	i = skipSpace(b, i)
	if i >= len(b) || b[i] != ':' {
		return 0, ErrSyntax
	}
	return skipSpace(b, i+1), nil
}

func skipWord(b []byte, i int, word string) (int, error) {
	if len(b)-i < len(word) || View(b[i:i+len(word)]) != word {
		return 0, ErrSyntax
	}
	return i + len(word), nil
}

// skipNumber checks a number as RFC 8259 section 6 has it.
func skipNumber(b []byte, i int) (int, error) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	case i < len(b) && '1' <= b[i] && b[i] <= '9':
		i = skipDigits(b, i)
	default:
		return 0, ErrSyntax
	}
	if i < len(b) && b[i] == '.' {
		end := skipDigits(b, i+1)
		if end == i+1 {
			return 0, ErrSyntax
		}
		i = end
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		end := skipDigits(b, i)
		if end == i {
			return 0, ErrSyntax
		}
		i = end
	}
	return i, nil
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}
