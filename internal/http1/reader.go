package http1

// Reader reads one response, fed with bytes as they come. Interim responses
// (1xx) are skipped; 101 is final and ends with its head, since what follows
// is another protocol. The zero value is ready. One goroutine at a time.
//
// It must not be used for the response to a HEAD or CONNECT request.
type Reader struct {
	// MaxBody is the largest body in bytes. Zero or less: DefaultMaxBody.
	MaxBody int

	buf     []byte // the head until it is whole, then the body
	err     error
	left    int // bytes until the end of the body or of the chunk
	status  int
	after   int // seconds of Retry-After
	interim int
	skipped int // against MaxSkipped
	digits  int // of the chunk size
	state   state
	keep    bool
}

type state uint8

const (
	inHead  state = iota
	inBody        // left bytes to come
	inRest        // until the connection ends
	inChunk       // left bytes of this chunk to come; the states below belong to chunks too
	chunkSize
	chunkExtension
	chunkSizeLF
	chunkEndCR
	chunkEndLF
	trailerStart
	trailerName
	trailerValue
	trailerLF
	lastLF
	done
)

// Feed consumes the first n bytes of b: all of them, unless the response ends
// before, in which case the rest is not part of it. b is not kept. An error is
// final, and n then means nothing.
func (r *Reader) Feed(b []byte) (n int, err error) {
	for n < len(b) && r.err == nil && r.state != done {
		switch r.state {
		case inHead:
			n += r.feedHead(b[n:])
		case inBody, inRest, inChunk:
			n += r.feedData(b[n:])
		default:
			r.feedChunk(b[n])
			n++
		}
	}
	return n, r.err
}

// End says that the connection has ended. It returns nil if the response is
// complete by that, or was before; [ErrNoResponse] if not one byte of it has
// come; and [ErrUnexpectedEnd] if a part is missing.
func (r *Reader) End() error {
	switch {
	case r.err != nil || r.state == done:
	case r.state == inRest:
		r.state = done
	case r.state == inHead && len(r.buf) == 0 && r.interim == 0:
		r.err = ErrNoResponse
	default:
		r.err = ErrUnexpectedEnd
	}
	return r.err
}

// Done says whether the response is complete.
func (r *Reader) Done() bool { return r.state == done }

// Status returns the status of the final response, 0 before its head is read.
// It is there even if the body is refused as too large.
func (r *Reader) Status() int { return r.status }

// Body returns what has come of the body. It is valid until Feed or Reset.
func (r *Reader) Body() []byte {
	if r.status == 0 {
		return nil
	}
	return r.buf
}

// KeepAlive says whether the connection may carry another request: the
// response is complete and the server has not said that it will close
// (RFC 9112 9.3). Whether the request asked for that is for the caller to know.
func (r *Reader) KeepAlive() bool { return r.state == done && r.keep }

// RetryAfter returns the seconds after which the server wants to be asked
// again, 0 if it does not say (RFC 9110 10.2.3). One that names a date in place
// of a delay says nothing to a device that has no calendar.
func (r *Reader) RetryAfter() int { return r.after }

// Reset prepares for another response. It keeps MaxBody and the buffer.
func (r *Reader) Reset() { *r = Reader{MaxBody: r.MaxBody, buf: r.buf[:0]} }

// feedHead collects a head until it is whole and returns how much of b belongs
// to it. A head that comes in one piece is read where it is.
func (r *Reader) feedHead(b []byte) int {
	before, src := len(r.buf), b
	if before > 0 {
		b = b[:min(len(b), MaxHead-before)]
		r.add(b, MaxHead)
		src = r.buf
		// Without a new line there is nothing new to parse, and reading again
		// for each byte of a slow peer would be quadratic.
		if before >= len(versionPrefix) && index(b, '\n') < 0 && len(src) < MaxHead {
			return len(b)
		}
	}
	h, n, err := ParseHead(src)
	if err != nil {
		r.err = err
		return 0
	}
	if n == 0 {
		if before == 0 {
			r.add(b, MaxHead)
		}
		return len(b)
	}
	r.err = r.begin(h)
	return n - before
}

// begin decides how the body ends (RFC 9112 6.3) and makes room for it.
func (r *Reader) begin(h Head) error {
	framing, length, err := r.framing(h)
	r.buf = r.buf[:0]
	if err == ErrBodyTooLarge && h.Status >= 200 {
		r.status = h.Status
	}
	if err != nil {
		return err
	}
	if h.Status < 200 && h.Status != 101 {
		if r.interim == MaxInterim {
			return ErrTooManyInterim
		}
		r.interim++
		return nil
	}
	r.status, r.left, r.state = h.Status, length, framing
	r.after = retryAfter(h)
	r.keep = h.Status != 101 && framing != inRest && !h.HasToken("Connection", "close") &&
		(h.Minor > 0 || h.HasToken("Connection", "keep-alive"))
	switch {
	case h.Status == 101 || h.Status == 204 || h.Status == 304:
		// Such a response has no body, whatever its fields say. If they promise
		// one, the server may be about to send it: the connection is not safe.
		r.keep = r.keep && framing == inBody && length == 0
		r.state = done
	case framing == inBody && length == 0:
		r.state = done
	case framing == inBody:
		r.reserve(length, r.limit())
	}
	return nil
}

// retryAfter reads a delay in seconds; one beyond all patience is cut.
func retryAfter(h Head) int {
	const most = 1 << 30
	digits, _ := h.Get("Retry-After")
	seconds := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0
		}
		if n, ok := pushDigit(seconds, 10, int(c-'0'), most); ok {
			seconds = n
		} else {
			seconds = most
		}
	}
	return seconds
}

// framing returns inBody with a length, chunkSize or inRest.
func (r *Reader) framing(h Head) (framing state, length int, err error) {
	coding, codings := h.Get("Transfer-Encoding")
	digits, lengths := h.Get("Content-Length")
	switch {
	case codings > 0 && lengths > 0:
		return 0, 0, ErrLength
	case codings > 0:
		// In HTTP/1.0 a transfer coding is a fault (RFC 9112 6.1).
		if codings > 1 || h.Minor == 0 || !EqualFold(coding, "chunked") {
			return 0, 0, ErrTransferCoding
		}
		return chunkSize, 0, nil
	case lengths == 0:
		return inRest, 0, nil
	case lengths > 1 || len(digits) == 0:
		return 0, 0, ErrLength
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, 0, ErrLength
		}
	}
	for _, c := range digits {
		var ok bool
		if length, ok = pushDigit(length, 10, int(c-'0'), r.limit()); !ok {
			return 0, 0, ErrBodyTooLarge
		}
	}
	return inBody, length, nil
}

// feedData takes bytes of the body.
func (r *Reader) feedData(b []byte) int {
	if r.state == inRest {
		if len(b) > r.limit()-len(r.buf) {
			r.err = ErrBodyTooLarge
			return 0
		}
		r.add(b, r.limit())
		return len(b)
	}
	b = b[:min(len(b), r.left)]
	r.add(b, r.limit())
	r.left -= len(b)
	if r.left == 0 {
		if r.state == inBody {
			r.state = done
		} else {
			r.state = chunkEndCR
		}
	}
	return len(b)
}

func (r *Reader) limit() int {
	if r.MaxBody > 0 {
		return r.MaxBody
	}
	return DefaultMaxBody
}

// add appends b, which the caller has found to fit into limit.
func (r *Reader) add(b []byte, limit int) {
	r.reserve(len(b), limit)
	r.buf = append(r.buf, b...)
}

// reserve makes room for n more bytes. Unlike append it never takes more than
// limit: on a device the limit is what the caller can spare.
func (r *Reader) reserve(n, limit int) {
	need := len(r.buf) + n
	if need <= cap(r.buf) {
		return
	}
	buf := make([]byte, len(r.buf), max(need, min(2*cap(r.buf), limit)))
	copy(buf, r.buf)
	r.buf = buf
}
