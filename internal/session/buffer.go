package session

// readBuffer holds what has come and is not used yet, contiguously. It starts
// at its ordinary size, grows for a larger frame, and goes back to the
// ordinary size once that has been used, so that one large message does not
// cost an idle client memory for ever.
//
// When a read has filled it there is mostly more to read, and reading costs
// the less the more comes at once. Then a larger buffer is borrowed, in place of
// that a larger one still, and given back as soon as a read does not fill it.
type readBuffer struct {
	size   int    // the ordinary one
	small  []byte // of that size, kept
	b      []byte // in use: small, or a larger one
	r, w   int    // b[r:w] is unused
	filled bool   // by the last read
	lent   bool   // b is borrowed

	lend     func(have int) []byte // nil: nobody lends
	giveBack func([]byte)
}

// reset forgets what has come. A borrowed buffer is not given back here, since
// it may still be read to.
func (in *readBuffer) reset() {
	in.b, in.r, in.w = in.small, 0, 0
	in.filled, in.lent = false, false
}

// received says that n more bytes are there.
func (in *readBuffer) received(n int) {
	in.w += n
	in.filled = in.w == len(in.b)
}

// use goes on with the unused bytes in another buffer.
func (in *readBuffer) use(b []byte, lent bool) {
	in.w = copy(b, in.unused())
	in.r = 0
	if in.lent {
		in.giveBack(in.b)
	}
	in.b, in.lent = b, lent
}

func (in *readBuffer) unused() []byte { return in.b[in.r:in.w] }

// space returns where to read to. need is how many bytes the frame that has
// begun has in all, 0 if that is not known.
func (in *readBuffer) space(need int) []byte {
	more := in.filled && in.lend != nil
	if in.r == in.w {
		in.r, in.w = 0, 0
	}
	if len(in.b) != in.size && (in.w == 0 && !in.lent || in.lent && !more && max(in.w-in.r, need) < in.size) {
		if in.small == nil {
			in.small = make([]byte, in.size)
		}
		in.use(in.small, false)
	}
	if more {
		if b := in.lend(len(in.b)); b != nil {
			in.use(b, true)
		}
	}
	if in.r > 0 && (in.w == len(in.b) || need > len(in.b)-in.r) {
		in.w = copy(in.b, in.unused())
		in.r = 0
	}
	if in.w == len(in.b) && need > len(in.b) {
		// The parser has checked need against the limit; even so memory is
		// given as the frame comes, not at its word.
		in.use(make([]byte, len(in.b)+min(need-len(in.b), len(in.b))), false)
	}
	return in.b[in.w:]
}

// full says that nothing more fits.
func (in *readBuffer) full() bool { return len(in.b) > 0 && in.r == 0 && in.w == len(in.b) }
