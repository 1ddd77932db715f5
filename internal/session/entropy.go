package session

import (
	"encoding/binary"
	"time"
)

// entropy hands out random bytes from a small pool, so that a mask for each
// frame does not cost a system call each.
type entropy struct {
	fill func([]byte) error
	pool [64]byte
	left int
	err  error // the last failure; nothing more is handed out
}

func (e *entropy) take(dst []byte) {
	for len(dst) > 0 && e.err == nil {
		if e.left == 0 {
			if e.err = e.fill(e.pool[:]); e.err != nil {
				return
			}
			e.left = len(e.pool)
		}
		n := copy(dst, e.pool[len(e.pool)-e.left:])
		e.left -= n
		dst = dst[n:]
	}
}

// jitter returns a random duration from 0 up to most. Without randomness that
// is most: a wait needs none, so it is no reason to end anything.
func (e *entropy) jitter(most time.Duration) time.Duration {
	if e.err != nil {
		return most
	}
	var b [8]byte
	if e.take(b[:]); e.err != nil {
		e.err = nil
		return most
	}
	return time.Duration(binary.LittleEndian.Uint64(b[:]) % uint64(most+1))
}
