package session

// readBuffer holds what has come and is not used yet, contiguously. It starts
// at its ordinary size, grows for a larger frame, and goes back to the
// ordinary size once that has been used, so that one large message does not
// cost an idle client memory for ever.
type readBuffer struct {
	size  int    // the ordinary one
	small []byte // of that size, kept
	b     []byte // in use: small, or a larger one
	r, w  int    // b[r:w] is unused
}

func (in *readBuffer) reset() {
	in.b, in.r, in.w = in.small, 0, 0
}

func (in *readBuffer) unused() []byte { return in.b[in.r:in.w] }

// space returns where to read to. need is how many bytes the frame that has
// begun has in all, 0 if that is not known.
func (in *readBuffer) space(need int) []byte {
	if in.r == in.w {
		in.r, in.w = 0, 0
		if len(in.b) != in.size {
			if in.small == nil {
				in.small = make([]byte, in.size)
			}
			in.b = in.small
		}
	}
	if in.r > 0 && (in.w == len(in.b) || need > len(in.b)-in.r) {
		in.w = copy(in.b, in.unused())
		in.r = 0
	}
	if in.w == len(in.b) && need > len(in.b) {
		// The parser has checked need against the limit; even so memory is
		// given as the frame comes, not at its word.
		b := make([]byte, min(need, 2*len(in.b)))
		copy(b, in.b)
		in.b = b
	}
	return in.b[in.w:]
}

// full says that nothing more fits.
func (in *readBuffer) full() bool { return len(in.b) > 0 && in.r == 0 && in.w == len(in.b) }
