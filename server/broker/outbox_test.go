package broker

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// tape is a connection that keeps what is written, and may hold a write back.
type tape struct {
	net.Conn
	gate   chan struct{} // a write waits for it, if there is one
	writes [][]byte
	err    error
	closed bool
}

func (c *tape) Write(b []byte) (int, error) {
	if c.gate != nil {
		<-c.gate
	}
	if c.err != nil {
		return 0, c.err
	}
	c.writes = append(c.writes, bytes.Clone(b))
	return len(b), nil
}

func (c *tape) SetWriteDeadline(time.Time) error { return nil }
func (c *tape) Close() error                     { c.closed = true; return nil }

func atMost(n int64) *atomic.Int64 {
	limit := new(atomic.Int64)
	limit.Store(n)
	return limit
}

// What comes out is what went in, whatever the sizes, in few writes.
func TestWriteAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(1, 300), rapid.IntRange(writeBuffer-2, writeBuffer+2)), 1, 50).Draw(r, "sizes")
		var frames [][]byte
		var want []byte
		for i, size := range sizes {
			frame := bytes.Repeat([]byte{byte(i)}, size)
			frames = append(frames, frame)
			want = append(want, frame...)
		}
		conn := &tape{}
		if err := (&outbox{conn: conn, patience: DefaultWriteTimeout}).writeAll(frames); err != nil {
			r.Fatal(err)
		}
		if !bytes.Equal(bytes.Join(conn.writes, nil), want) {
			r.Fatal("other bytes came out")
		}
		// Two neighbours never fit into one buffer.
		for i := 1; i < len(conn.writes); i++ {
			if len(conn.writes[i-1])+len(conn.writes[i]) < writeBuffer/2 {
				r.Fatalf("writes of %d and %d bytes were not joined", len(conn.writes[i-1]), len(conn.writes[i]))
			}
		}
	})
}

func TestOutboxJoinsWhatWaits(t *testing.T) {
	t.Parallel()
	conn := &tape{gate: make(chan struct{})}
	o := &outbox{conn: conn, patience: DefaultWriteTimeout, limit: atMost(1000)}
	o.queue([]byte("first"))
	// The goroutine waits in its first write, or will take all of it there.
	for range 10 {
		o.queue([]byte("x"))
	}
	o.finish([]byte("last"))
	o.queue([]byte("too late"))
	close(conn.gate)
	o.wait()
	if got := string(bytes.Join(conn.writes, nil)); got != "firstxxxxxxxxxxlast" {
		t.Errorf("got %q", got)
	}
	if len(conn.writes) > 3 {
		t.Errorf("%d writes", len(conn.writes))
	}
}

func TestOutboxOverflow(t *testing.T) {
	t.Parallel()
	conn := &tape{gate: make(chan struct{})}
	overflows := 0
	o := &outbox{conn: conn, patience: DefaultWriteTimeout, limit: atMost(10), overflow: func() { overflows++ }}
	for range 100 {
		o.queue([]byte("12345678"))
	}
	if overflows != 1 {
		t.Errorf("%d overflows", overflows)
	}
	o.finish([]byte("bye"))
	close(conn.gate)
	o.wait()
	// What was being written when it overflowed is written whole; what waited
	// is gone.
	got := string(bytes.Join(conn.writes, nil))
	begun, ok := strings.CutSuffix(got, "bye")
	if !ok || len(begun) > burstFactor*10 || begun != strings.Repeat("12345678", len(begun)/8) {
		t.Errorf("got %q", got)
	}
}

// A burst above the limit is not held against a reader that takes something
// now and then; taking nothing is.
func TestOutboxTellsABurstFromASlowReader(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		idle     time.Duration
		waiting  int
		overflow bool
	}{
		"burst":                {0, 5 * 1000, false},
		"burst beyond memory":  {0, burstFactor*1000 + 1, true},
		"slow":                 {slowAfter + time.Second, 1001, true},
		"slow, but little":     {slowAfter + time.Second, 1000, false},
		"reads now and then":   {slowAfter / 2, 5 * 1000, false},
		"reads now, far ahead": {slowAfter / 2, burstFactor * 1001, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overflows := 0
			o := &outbox{limit: atMost(1000), overflow: func() { overflows++ }}
			o.writing = true
			o.stuck.Store(moment() - int64(test.idle))
			o.queue(make([]byte, test.waiting-1))
			o.queue(make([]byte, 1))
			if (overflows > 0) != test.overflow {
				t.Errorf("%d overflows", overflows)
			}
		})
	}
}

func TestOutboxEndsOnAnError(t *testing.T) {
	t.Parallel()
	conn := &tape{err: errors.New("gone")}
	o := &outbox{conn: conn, patience: DefaultWriteTimeout, limit: atMost(10)}
	o.queue([]byte("x"))
	o.wait()
	o.queue([]byte("y"))
	o.wait()
	if !conn.closed || len(conn.writes) != 0 {
		t.Errorf("closed %t, writes %q", conn.closed, conn.writes)
	}
}
