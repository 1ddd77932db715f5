package session_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/thimble-go/thimble/internal/session"
)

// lender lends a buffer of each size, and spoils it as soon as it is back.
type lender struct {
	t     testing.TB
	sizes []int
	out   map[int][]byte // by their sizes
	lent  map[int]int    // how often
}

func (l *lender) lend(have int) []byte {
	for _, size := range l.sizes {
		if size <= have {
			continue
		}
		if l.out[size] != nil {
			l.t.Errorf("a second buffer of %d bytes was borrowed", size)
		}
		l.lent[size]++
		l.out[size] = make([]byte, size)
		return l.out[size]
	}
	return nil
}

func (l *lender) giveBack(b []byte) {
	if out := l.out[len(b)]; out == nil || &b[0] != &out[0] {
		l.t.Error("another buffer came back")
	}
	for i := range b {
		b[i] = '!'
	}
	delete(l.out, len(b))
}

func lending(t testing.TB, sizes ...int) (*stage, *lender) {
	st, l := newStage(t), &lender{t: t, sizes: sizes, out: make(map[int][]byte), lent: make(map[int]int)}
	st.cfg.Lend, st.cfg.GiveBack = l.lend, l.giveBack
	st.cfg.ReadBuffer = 1024
	st.start("1.1", 120)
	return st, l
}

// TestLargeBufferIsBorrowed reads messages of all sizes, in reads of all sizes,
// through buffers that are borrowed while much comes, one at a time.
func TestLargeBufferIsBorrowed(t *testing.T) {
	t.Parallel()
	st, l := lending(t, 16<<10, 24<<10)
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
		if len(l.out) > 1 {
			t.Fatalf("%d buffers are borrowed at once", len(l.out))
		}
		all = all[n:]
		st.s.Received(st.now, n)
		for st.s.Next(st.now, &ev) {
			if len(ev.Data) != sizes[got] || len(bytes.Trim(ev.Data, "x")) > 0 {
				t.Fatalf("message %d has %d bytes, not %d", got, len(ev.Data), sizes[got])
			}
			got++
		}
	}
	if got != len(sizes) || l.lent[16<<10] < 10 || l.lent[24<<10] < 5 {
		t.Errorf("%d of %d messages came; buffers were borrowed %v times", got, len(sizes), l.lent)
	}
	if n := len(st.s.Space()); n != 1024 || len(l.out) > 0 {
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
	if n := len(st.s.Space()); len(l.out) == 0 || n < 1024 {
		t.Fatalf("nothing was borrowed: %d bytes to read to", n)
	}
	st.s.Disconnect()
	if len(l.out) == 0 {
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
	st.cfg.Lend = func(int) []byte { t.Error("a buffer was borrowed"); return nil }
	st.cfg.ReadBuffer, st.cfg.MaxMessage = 1024, 1024-16
	st.start("1.1", 120)
	if _, n := take(t, st, bytes.Repeat(message(100), 100)); n != 100 {
		t.Errorf("%d messages came", n)
	}
}
