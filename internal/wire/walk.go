package wire

// Walker steps through the members of an object or the elements of an array,
// checking the text as it goes.
type Walker struct {
	Name  []byte // of a member, between its quotes and still escaped
	Value Value
	Err   error // what stopped the walk, nil at its end

	b      []byte
	i      int
	opened bool
	close  byte
}

// Members walks over the object at the start of b.
func Members(b []byte) Walker { return Walker{b: b, close: '}'} }

// Elements walks over the array at the start of b.
func Elements(b []byte) Walker { return Walker{b: b, close: ']'} }

// Next moves to the next member or element; false at the end or on an error.
func (w *Walker) Next() bool { return w.next() && w.skip() }

// next moves to where the next value starts.
func (w *Walker) next() bool {
	if w.close == 0 {
		return false
	}
	b := w.b
	i := skipSpace(b, w.i)
	if i >= len(b) {
		return w.stop(ErrSyntax)
	}
	if !w.opened {
		if b[i] != w.close-2 { // '{' and '[' stand two before '}' and ']'
			return w.stop(ErrObject)
		}
		w.opened = true
		i = skipSpace(b, i+1)
		if i < len(b) && b[i] == w.close {
			return w.end(i + 1)
		}
	} else {
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case w.close:
			return w.end(i + 1)
		default:
			return w.stop(ErrSyntax)
		}
	}
	if w.close == '}' {
		end, err := skipString(b, i)
		if err != nil {
			return w.stop(err)
		}
		w.Name = b[i+1 : end-1]
		i = skipSpace(b, end)
		if i >= len(b) || b[i] != ':' {
			return w.stop(ErrSyntax)
		}
		i = skipSpace(b, i+1)
	}
	w.i = i
	return true
}

// skip checks the value that next has found, and moves behind it.
func (w *Walker) skip() bool {
	b, i := w.b, w.i
	var end int
	var err error
	if i < len(b) && b[i] == '"' {
		end, err = skipString(b, i) // as nearly always
	} else {
		end, err = skipValue(b, i, MaxDepth-1) // the brackets around it are one level
	}
	if err != nil {
		return w.stop(err)
	}
	w.Value = Value(b[i:end])
	w.i = end
	return true
}

// Is says whether the member has that name.
func (w *Walker) Is(name string) bool {
	if indexEscape(w.Name) == len(w.Name) {
		return View(w.Name) == name
	}
	// An escape has at most six bytes for one. What is longer is not the name,
	// so a hostile one costs no copy.
	return len(w.Name) <= 6*len(name) && w.Text() == name
}

// Text returns the member's name as a copy, unescaped.
func (w *Walker) Text() string {
	if indexEscape(w.Name) == len(w.Name) {
		return string(w.Name)
	}
	return string(unescape(append([]byte(nil), w.Name...)))
}

// rest is where the walk ended: the position behind the closing bracket.
func (w *Walker) rest() int { return w.i }

func (w *Walker) stop(err error) bool {
	w.Err, w.close = err, 0
	return false
}

func (w *Walker) end(i int) bool {
	w.i, w.close = i, 0
	return false
}
