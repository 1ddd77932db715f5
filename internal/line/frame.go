package line

// encoder writes one frame: the caller gives it the body byte by byte.
type encoder struct {
	dst  []byte // at least MaxFrame
	n    int
	code int // where the distance to the next zero goes
	crc  uint32
}

// newEncoder begins a frame. The zero in front ends whatever garbage may be on
// the line, so that it costs no frame.
func newEncoder(dst []byte) encoder {
	dst[0] = 0
	return encoder{dst: dst, n: 2, code: 1, crc: ^uint32(0)}
}

func (e *encoder) put(b byte) {
	e.crc = crcAdd(e.crc, b)
	if b != 0 {
		e.dst[e.n] = b
		e.n++
		return
	}
	e.dst[e.code] = byte(e.n - e.code)
	e.code = e.n
	e.n++
}

func (e *encoder) put32(v uint32) {
	e.put(byte(v))
	e.put(byte(v >> 8))
	e.put(byte(v >> 16))
	e.put(byte(v >> 24))
}

// end ends the frame and returns its length.
func (e *encoder) end() int {
	e.put32(^e.crc)
	e.dst[e.code] = byte(e.n - e.code)
	e.dst[e.n] = 0
	return e.n + 1
}

// decoder cuts what comes from the line into frames.
type decoder struct {
	buf [maxBody + 1]byte
	n   int
}

// next takes bytes from p until there is a whole frame, and returns what is
// behind it. A body is valid until the next call, without its checksum. What
// is no frame is returned as junk.
func (d *decoder) next(p []byte) (rest, body, junk []byte) {
	for i, b := range p {
		switch {
		case b != 0 && d.n == len(d.buf):
			d.n = 0
			return p[i:], nil, d.buf[:]
		case b != 0:
			d.buf[d.n] = b
			d.n++
		case d.n > 0:
			chunk := d.buf[:d.n]
			d.n = 0
			if size, ok := check(chunk); ok {
				unstuff(chunk)
				return p[i+1:], chunk[:size-checksumSize], nil
			}
			return p[i+1:], nil, chunk
		}
	}
	return nil, nil, nil
}

// flush returns what has come of a frame that does not end, as junk.
func (d *decoder) flush() []byte {
	junk := d.buf[:d.n]
	d.n = 0
	return junk
}

// check says whether a chunk without zeros is a frame, and how long its body
// is. It leaves the chunk alone: it may be text for somebody else.
func check(chunk []byte) (size int, ok bool) {
	crc := ^uint32(0)
	for i := 0; i < len(chunk); {
		code := int(chunk[i])
		if i+code > len(chunk) {
			return 0, false
		}
		for _, b := range chunk[i+1 : i+code] {
			crc = crcAdd(crc, b)
		}
		size += code - 1
		if i += code; i < len(chunk) {
			if code == 255 {
				return 0, false // longer than any frame
			}
			crc = crcAdd(crc, 0)
			size++
		}
	}
	return size, size > checksumSize && ^crc == crcGood
}

// unstuff puts the zeros back, in place: the body is never longer.
func unstuff(chunk []byte) {
	to := 0
	for i := 0; i < len(chunk); {
		code := int(chunk[i])
		to += copy(chunk[to:], chunk[i+1:i+code])
		if i += code; i < len(chunk) {
			chunk[to] = 0
			to++
		}
	}
}
