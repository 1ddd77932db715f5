package session_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/thimble-go/thimble/internal/session"
)

// lender lends one buffer, and spoils it as soon as it is back.
type lender struct {
	t    testing.TB
	size int
	out  []byte
	lent int
}

func (l *lender) lend() []byte {
	if l.out != nil {
		l.t.Error("a second buffer was borrowed")
	}
	l.lent++
	l.out = make([]byte, l.size)
	return l.out
}

func (l *lender) giveBack(b []byte) {
	if &b[0] != &l.out[0] || len(b) != l.size {
		l.t.Error("another buffer came back")
	}
	for i := range b {
		b[i] = '!'
	}
	l.out = nil
}

func lending(t testing.TB, size int) (*stage, *lender) {
	st, l := newStage(t), &lender{t: t, size: size}
	st.cfg.Lend, st.cfg.GiveBack = l.lend, l.giveBack
	st.cfg.ReadBuffer = 1024
	st.start("1.1", 120)
	return st, l
}

// TestLargeBufferIsBorrowed reads messages of all sizes, in reads of all sizes,
// through a buffer that is borrowed while much comes.
func TestLargeBufferIsBorrowed(t *testing.T) {
	t.Parallel()
	st, l := lending(t, 16<<10)
	random := rand.New(rand.NewPCG(1, 2))
	var all []byte
	var sizes []int
	for range 3000 {
		size := random.IntN(300)
		if random.IntN(100) == 0 {
			size = random.IntN(40 << 10)
		}
		sizes = append(sizes, size)
		all = append(all, message(size)...)
	}
	var ev session.Event
	got := 0
	for len(all) > 0 {
		most := len(all) // whatever fits
		if random.IntN(3) == 0 {
			most = 1 + random.IntN(2000)
		}
		n := copy(st.s.Space(), all[:min(most, len(all))])
		all = all[n:]
		st.s.Received(st.now, n)
		for st.s.Next(st.now, &ev) {
			if len(ev.Data) != sizes[got] || len(bytes.Trim(ev.Data, "x")) > 0 {
				t.Fatalf("message %d has %d bytes, not %d", got, len(ev.Data), sizes[got])
			}
			got++
		}
	}
	if got != len(sizes) || l.lent < 10 {
		t.Errorf("%d of %d messages came; a buffer was borrowed %d times", got, len(sizes), l.lent)
	}
	if n := len(st.s.Space()); n != 1024 || l.out != nil {
		t.Errorf("an idle session keeps what it has borrowed, and reads %d bytes at once", n)
	}
}

// TestBorrowedBufferOfALostConnection checks that a buffer to which a read may
// be under way does not come to somebody else.
func TestBorrowedBufferOfALostConnection(t *testing.T) {
	t.Parallel()
	st, l := lending(t, 16<<10)
	st.s.Received(st.now, copy(st.s.Space(), bytes.Repeat(message(100), 100)))
	var ev session.Event
	for st.s.Next(st.now, &ev) {
	}
	if n := len(st.s.Space()); l.out == nil || n < 1024 {
		t.Fatalf("nothing was borrowed: %d bytes to read to", n)
	}
	st.s.Disconnect()
	if l.out == nil {
		t.Error("the buffer was given back while it may be read to")
	}
	if n := len(st.s.Space()); n != 1024 {
		t.Errorf("%d bytes to read to", n)
	}
}

// TestNothingIsBorrowed checks that a buffer that is never to grow does not.
func TestNothingIsBorrowed(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.cfg.Lend = func() []byte { t.Error("a buffer was borrowed"); return nil }
	st.cfg.ReadBuffer, st.cfg.MaxMessage = 1024, 1024-16
	st.start("1.1", 120)
	if _, n := take(t, st, bytes.Repeat(message(100), 100)); n != 100 {
		t.Errorf("%d messages came", n)
	}
}
