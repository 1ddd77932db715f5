package http1

// feedChunk takes one byte of a chunked body that is not data (RFC 9112 7.1).
// Sizes, extensions and trailers may be cut anywhere by the network; a state
// per byte needs no buffer beside that of the body.
func (r *Reader) feedChunk(c byte) {
	switch r.state {
	case chunkSize:
		r.feedSize(c)
	case chunkExtension:
		// An extension may hold quoted text; it ends with the line all the same.
		if c == '\r' {
			r.state = chunkSizeLF
		} else {
			r.skip(chunkExtension, isFieldByte(c))
		}
	case chunkSizeLF:
		next := inChunk
		if r.left == 0 {
			next = trailerStart
		}
		if r.expect(c, '\n', next) {
			r.digits = 0
			r.reserve(r.left, r.limit())
		}
	case chunkEndCR:
		r.expect(c, '\r', chunkEndLF)
	case chunkEndLF:
		r.expect(c, '\n', chunkSize)
	case trailerStart:
		if c == '\r' {
			r.state = lastLF
		} else {
			r.skip(trailerName, isToken(c))
		}
	case trailerName:
		if c == ':' {
			r.skip(trailerValue, true)
		} else {
			r.skip(trailerName, isToken(c))
		}
	case trailerValue:
		if c == '\r' {
			r.state = trailerLF
		} else {
			r.skip(trailerValue, isFieldByte(c))
		}
	case trailerLF:
		r.expect(c, '\n', trailerStart)
	case lastLF:
		r.expect(c, '\n', done)
	}
}

// feedSize takes one byte of a chunk size, or the one after it.
func (r *Reader) feedSize(c byte) {
	if digit, ok := hexDigit(c); ok {
		if r.digits++; r.digits > maxSizeDigits {
			r.err = ErrChunk
		} else if r.left, ok = pushDigit(r.left, 16, digit, r.limit()-len(r.buf)); !ok {
			r.err = ErrBodyTooLarge
		}
		return
	}
	switch {
	case r.digits > 0 && c == ';':
		r.skip(chunkExtension, true)
	case r.digits > 0 && c == '\r':
		r.state = chunkSizeLF
	default:
		r.err = ErrChunk
	}
}

// expect goes on to next if c is the one byte that may stand here.
func (r *Reader) expect(c, want byte, next state) bool {
	if c != want {
		r.err = ErrChunk
		return false
	}
	r.state = next
	return true
}

// skip goes on to next, past a byte that is valid here but of no interest.
func (r *Reader) skip(next state, valid bool) {
	r.skipped++
	switch {
	case !valid:
		r.err = ErrChunk
	case r.skipped > MaxSkipped:
		r.err = ErrTooMuchSkipped
	default:
		r.state = next
	}
}
