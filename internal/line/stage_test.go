package line

import (
	"io"
	"math/rand/v2"
	"testing"
	"time"
)

// noise changes what passes a line.
type noise func(p []byte) []byte

// stage is a line with an end at each side, in a time of its own.
type stage struct {
	t        testing.TB
	now      time.Duration
	board    *End
	host     *End
	up, down noise // from the board, to the board
	sessions uint32
	config   Config
	frames   int
}

func newStage(t testing.TB, cfg Config) *stage {
	t.Helper()
	s := &stage{t: t, config: cfg, now: time.Hour}
	s.restartBoard()
	s.restartHost()
	return s
}

func (s *stage) restartBoard() {
	s.t.Helper()
	var err error
	if s.board, err = New(s.config); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) restartHost() {
	s.t.Helper()
	cfg := s.config
	cfg.Window, cfg.Sockets, cfg.Send = 4096, 8, 4096
	cfg.Session = func() uint32 { s.sessions += 7919; return s.sessions }
	var err error
	if s.host, err = New(cfg); err != nil {
		s.t.Fatal(err)
	}
}

// step passes on what there is, and lets time pass when there is nothing.
func (s *stage) step() {
	s.t.Helper()
	moved := s.pass(s.board, s.host, s.up)
	moved = s.pass(s.host, s.board, s.down) || moved
	if moved {
		s.now += time.Millisecond
		return
	}
	next := s.now + time.Second
	for _, e := range []*End{s.board, s.host} {
		if at, ok := e.Deadline(); ok {
			next = min(next, at)
		}
	}
	s.now = max(next, s.now+time.Millisecond)
	s.board.Advance(s.now)
	s.host.Advance(s.now)
}

func (s *stage) pass(from, to *End, change noise) bool {
	var frame [MaxFrame]byte
	var all []byte
	for {
		n := from.Output(s.now, frame[:])
		if n == 0 {
			break
		}
		s.frames++
		all = append(all, frame[:n]...)
		if len(all) > 1<<20 {
			s.t.Fatal("an end does not stop talking")
		}
	}
	moved := len(all) > 0
	if change != nil {
		all = change(all)
	}
	to.Input(s.now, all)
	to.Advance(s.now)
	return moved
}

// until steps until something is so.
func (s *stage) until(what string, so func() bool) {
	s.t.Helper()
	for range 200_000 {
		if so() {
			return
		}
		s.step()
	}
	s.t.Fatalf("never %s: board %+v, host %+v", what, s.board.Stats(), s.host.Stats())
}

// connect opens a socket and returns its slots at both ends.
func (s *stage) connect(address string) (board, host int) {
	s.t.Helper()
	board, err := s.board.Open(s.now, address)
	if err != nil {
		s.t.Fatal(err)
	}
	host = -1
	s.until("asked for", func() bool {
		var got string
		var ok bool
		if host, got, ok = s.host.Accept(); ok && got != address {
			s.t.Fatalf("asked for %q, want %q", got, address)
		}
		return ok
	})
	if err := s.host.Confirm(host); err != nil {
		s.t.Fatal(err)
	}
	s.until("open", func() bool {
		ok, err := s.board.Opened(board)
		if err != nil {
			s.t.Fatal(err)
		}
		return ok
	})
	return board, host
}

// stream is data that one end sends to the other.
type stream struct {
	from, to     *End
	source, sink int
	data         []byte
	sent         int
	got          []byte
	end          bool
	err          error
}

// move writes and reads as much as there is room for, and says whether all of
// it is there.
func (s *stage) move(f *stream) bool {
	if f.err != nil {
		return true
	}
	if f.sent < len(f.data) {
		n, err := f.from.Write(f.source, f.data[f.sent:])
		f.sent, f.err = f.sent+n, err
		if f.sent == len(f.data) {
			_ = f.from.CloseWrite(f.source)
		}
	}
	var buf [300]byte
	n, err := f.to.Read(f.sink, buf[:])
	f.got = append(f.got, buf[:n]...)
	if err == io.EOF {
		f.end = true
	} else if err != nil {
		f.err = err
	}
	return f.end || f.err != nil
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 42)) }

func data(r *rand.Rand, size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(r.IntN(1 + r.IntN(256)))
	}
	return p
}
