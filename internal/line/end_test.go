package line

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[error]Config{
		errSockets: {Sockets: 65}, errReceive: {Receive: 1 << 16}, errSend: {Send: 100},
		errWindow: {Window: 35}, errGiveUp: {GiveUp: -1}, nil: {},
	} {
		if _, err := New(cfg); err != want {
			t.Errorf("%+v: %v, want %v", cfg, err, want)
		}
	}
}

func TestBothDirections(t *testing.T) {
	t.Parallel()
	for _, window := range []int{MinWindow, 64, DefaultWindow, 1000, 65535} {
		t.Run(fmt.Sprint("window ", window), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, Config{Window: window, Receive: 200})
			b, h := s.connect("x:1")
			r := random(1)
			up := &stream{from: s.board, to: s.host, source: b, sink: h, data: data(r, 20_000)}
			down := &stream{from: s.host, to: s.board, source: h, sink: b, data: data(r, 20_000)}
			s.until("through", func() bool { a := s.move(up); return s.move(down) && a })
			if !bytes.Equal(up.got, up.data) || !bytes.Equal(down.got, down.data) || up.err != nil || down.err != nil {
				t.Errorf("changed, or failed: %v, %v", up.err, down.err)
			}
			if n := s.board.Stats().Resent + s.host.Stats().Resent; n > 0 {
				t.Errorf("%d frames sent again on a line without noise", n)
			}
		})
	}
}

// TestWindow checks that no more than the window is ever on the way.
func TestWindow(t *testing.T) {
	t.Parallel()
	s := newStage(t, Config{Window: 100})
	b, h := s.connect("x:1")
	down := &stream{from: s.host, to: s.board, source: h, sink: b, data: data(random(1), 5000)}
	s.down = func(p []byte) []byte {
		if len(p) > 100+overhead+6 { // and an acknowledgement
			t.Fatalf("%d bytes at once", len(p))
		}
		return p
	}
	s.until("through", func() bool { return s.move(down) })
}

// TestCredit checks that a socket that nobody reads from holds up nobody else.
func TestCredit(t *testing.T) {
	t.Parallel()
	s := newStage(t, Config{Receive: 500})
	b1, h1 := s.connect("slow:1")
	b2, h2 := s.connect("fast:1")
	r := random(1)
	slow := &stream{from: s.host, to: s.board, source: h1, sink: b1, data: data(r, 5000)}
	fast := &stream{from: s.host, to: s.board, source: h2, sink: b2, data: data(r, 5000)}
	s.until("through", func() bool {
		n, _ := s.host.Write(h1, slow.data[slow.sent:])
		slow.sent += n
		return s.move(fast)
	})
	if slow.sent != 500 || !bytes.Equal(fast.got, fast.data) {
		t.Errorf("%d bytes to the socket that is not read, with room for 500", slow.sent)
	}
	s.until("through", func() bool { return s.move(slow) })
	if !bytes.Equal(slow.got, slow.data) {
		t.Error("changed")
	}
}

// noises are what a line does, at random.
func noises(r *rand.Rand) map[string]noise {
	some := func(one noise) noise {
		return func(p []byte) []byte {
			if len(p) > 0 && r.IntN(4) == 0 {
				return one(bytes.Clone(p))
			}
			return p
		}
	}
	all := map[string]noise{
		"silence": some(func(p []byte) []byte { return nil }),
		"loss": some(func(p []byte) []byte {
			at := r.IntN(len(p))
			return append(p[:at], p[min(len(p), at+1+r.IntN(20)):]...)
		}),
		"bit flips": some(func(p []byte) []byte {
			for range 1 + r.IntN(3) {
				p[r.IntN(len(p))] ^= 1 << r.IntN(8)
			}
			return p
		}),
		"duplication": some(func(p []byte) []byte {
			at := r.IntN(len(p))
			return append(p[:at:at], append(bytes.Clone(p[at/2:at]), p[at:]...)...)
		}),
		"all twice":  some(func(p []byte) []byte { return append(p, p...) }),
		"truncation": some(func(p []byte) []byte { return p[:r.IntN(len(p))] }),
		"insertions": some(func(p []byte) []byte {
			at := r.IntN(len(p))
			return append(p[:at:at], append(data(r, r.IntN(300)), p[at:]...)...)
		}),
		"zeros": some(func(p []byte) []byte {
			at := r.IntN(len(p))
			return append(p[:at:at], append(make([]byte, r.IntN(5)), p[at:]...)...)
		}),
		"text": some(func(p []byte) []byte { return append([]byte("temperature 21.5\r\n"), p...) }),
	}
	kinds := []noise{all["loss"], all["bit flips"], all["duplication"], all["truncation"], all["insertions"]}
	all["everything"] = func(p []byte) []byte { return kinds[r.IntN(len(kinds))](p) }
	return all
}

// TestNoise checks that nothing that a line does changes, repeats or loses a
// byte of a socket.
func TestNoise(t *testing.T) {
	t.Parallel()
	for name := range noises(nil) {
		for seed := range uint64(20) {
			t.Run(fmt.Sprint(name, " ", seed), func(t *testing.T) {
				t.Parallel()
				r := random(seed)
				s := newStage(t, Config{Receive: 300, Window: 64 + r.IntN(400)})
				// The line must not be so bad that the ends give up.
				s.board.cfg.GiveUp, s.host.cfg.GiveUp = time.Hour, time.Hour
				s.up, s.down = noises(r)[name], noises(r)[name]
				b, h := s.connect("x:1")
				up := &stream{from: s.board, to: s.host, source: b, sink: h, data: data(r, 3000)}
				down := &stream{from: s.host, to: s.board, source: h, sink: b, data: data(r, 3000)}
				s.until("through", func() bool { a := s.move(up); return s.move(down) && a })
				if !bytes.Equal(up.got, up.data) || !bytes.Equal(down.got, down.data) || up.err != nil || down.err != nil {
					t.Errorf("changed, or failed: %v, %v", up.err, down.err)
				}
				if name != "text" && name != "zeros" && name != "all twice" && name != "duplication" && s.board.Stats().Resent+s.host.Stats().Resent == 0 {
					t.Error("nothing was ever sent again")
				}
			})
		}
	}
}

// TestRestart restarts an end at every moment of a conversation: the sockets
// of before end with LineLost at the other end, and new ones work.
func TestRestart(t *testing.T) {
	t.Parallel()
	restarts := map[string]func(*stage){
		"board": (*stage).restartBoard, "host": (*stage).restartHost,
		"both":   func(s *stage) { s.restartBoard(); s.restartHost() },
		"cable":  func(s *stage) { s.board.Cut(s.now); s.host.Cut(s.now) },
		"device": func(s *stage) { s.host.Cut(s.now) },
	}
	for name, restart := range restarts {
		for steps := range 60 {
			t.Run(fmt.Sprint(name, " after ", steps), func(t *testing.T) {
				t.Parallel()
				r := random(uint64(steps))
				s := newStage(t, Config{Receive: 300, Sockets: 1})
				slot, err := s.board.Open(s.now, "x:1")
				if err != nil {
					t.Fatal(err)
				}
				// A host that answers every connection by repeating what comes.
				var waiting [8][]byte
				echo := func() {
					if h, _, ok := s.host.Accept(); ok {
						_ = s.host.Confirm(h)
						waiting[h] = nil
					}
					for h, w := range waiting {
						var buf [100]byte
						if len(w) == 0 {
							n, err := s.host.Read(h, buf[:])
							if w = buf[:n]; err != nil {
								_ = s.host.Close(h, Closed)
							}
						}
						n, _ := s.host.Write(h, w)
						waiting[h] = w[n:]
					}
				}
				message := data(r, 5000)
				sent := 0
				for range steps {
					echo()
					n, _ := s.board.Write(slot, message[sent:])
					sent += n
					s.step()
				}
				old := s.board
				restart(s)
				if s.board == old {
					s.until("noticed", func() bool {
						echo()
						_, _ = s.board.Write(slot, message[:1])
						_, err := s.board.Opened(slot)
						if err == nil && s.host.Up() {
							return true // it had not been asked for yet
						}
						if err != nil && err != LineLost {
							t.Fatal(err)
						}
						return err != nil
					})
					_ = s.board.Close(slot, Closed)
				}
				slot = -1
				s.until("a socket free", func() bool {
					echo()
					slot, err = s.board.Open(s.now, "x:2")
					return err == nil
				})
				up := &stream{from: s.board, to: s.board, source: slot, sink: slot, data: message}
				s.until("through", func() bool {
					echo()
					s.move(up)
					return len(up.got) == len(message) || up.err != nil
				})
				if up.err != nil || !bytes.Equal(up.got, message) {
					t.Errorf("changed, or failed: %v", up.err)
				}
			})
		}
	}
}

// TestHostSeesARestartedBoard checks that the connections of a board that has
// restarted, and wants nothing yet, are not kept.
func TestHostSeesARestartedBoard(t *testing.T) {
	t.Parallel()
	s := newStage(t, Config{})
	_, h := s.connect("x:1")
	s.restartBoard()
	began := s.now
	s.until("noticed", func() bool { _, err := s.host.Opened(h); return err == LineLost })
	if took := s.now - began; took > DefaultGiveUp/2 {
		t.Errorf("noticed after %v", took)
	}
}

func TestGiveUp(t *testing.T) {
	t.Parallel()
	s := newStage(t, Config{GiveUp: 10 * time.Second})
	b, h := s.connect("x:1")
	dead := func([]byte) []byte { return nil }
	s.up, s.down = dead, dead
	began := s.now
	s.until("given up", func() bool {
		_, err := s.board.Read(b, make([]byte, 1))
		_, other := s.host.Read(h, make([]byte, 1))
		return err == LineLost && other == LineLost
	})
	if took := s.now - began; took < 9*time.Second || took > 12*time.Second {
		t.Errorf("after %v", took)
	}
}

// TestIdle checks what an idle line costs: nothing without sockets, a question
// and an answer now and then with one.
func TestIdle(t *testing.T) {
	t.Parallel()
	s := newStage(t, Config{})
	for range 100 {
		s.step()
	}
	if _, ok := s.board.Deadline(); ok {
		t.Error("a board that wants nothing has something to do")
	}
	b, _ := s.connect("x:1")
	for range 20 {
		s.step()
	}
	began := s.now
	s.frames = 0
	for s.now < began+10*time.Minute {
		s.step()
	}
	if ok, err := s.board.Opened(b); !ok {
		t.Errorf("lost while idle: %v", err)
	}
	if s.frames < 100 || s.frames > 400 {
		t.Errorf("%d frames in ten idle minutes", s.frames)
	}
}

func TestRefusedAndClosed(t *testing.T) {
	t.Parallel()
	s := newStage(t, Config{})
	slot, err := s.board.Open(s.now, "x:1")
	if err != nil {
		t.Fatal(err)
	}
	var h int
	s.until("asked for", func() bool { var ok bool; h, _, ok = s.host.Accept(); return ok })
	_ = s.host.Close(h, NotAllowed)
	s.until("refused", func() bool { _, err := s.board.Opened(slot); return err == NotAllowed })
	_ = s.board.Close(slot, Closed)

	b, h := s.connect("x:1")
	if _, err := s.host.Write(h, []byte("last words")); err != nil {
		t.Fatal(err)
	}
	_ = s.host.Close(h, Closed)
	var got []byte
	s.until("ended", func() bool {
		var buf [4]byte
		n, err := s.board.Read(b, buf[:])
		got = append(got, buf[:n]...)
		return err == io.EOF
	})
	if string(got) != "last words" {
		t.Errorf("got %q", got)
	}
	if _, err := s.board.Write(b, []byte("x")); err != Closed {
		t.Errorf("writing to a closed socket: %v", err)
	}
	_ = s.board.Close(b, Closed)
	for _, slot := range []int{-1, b, 99} {
		if _, err := s.board.Read(slot, nil); !errors.Is(err, NoSocket) {
			t.Errorf("slot %d: %v", slot, err)
		}
	}
}

// TestNumbersComeRound opens and closes more sockets than there are numbers.
func TestNumbersComeRound(t *testing.T) {
	t.Parallel()
	s := newStage(t, Config{})
	stays, _ := s.connect("stays:1")
	for i := range 600 {
		b, h := s.connect(fmt.Sprint("x:", i))
		_, _ = s.host.Write(h, []byte("late"))
		_ = s.board.Close(b, Closed)
		s.until("closed", func() bool { _, err := s.host.Opened(h); return err == Closed })
		_ = s.host.Close(h, Closed)
	}
	if ok, err := s.board.Opened(stays); !ok {
		t.Errorf("the first one is gone: %v", err)
	}
}

func TestTooMany(t *testing.T) {
	t.Parallel()
	s := newStage(t, Config{Sockets: 20})
	var refused int
	for range 20 {
		if _, err := s.board.Open(s.now, "x:1"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.board.Open(s.now, "x:1"); err != TooMany {
		t.Errorf("one more: %v", err)
	}
	s.until("refused", func() bool {
		refused = 0
		for i := range 20 {
			if _, err := s.board.Opened(i); err == TooMany {
				refused++
			}
		}
		return refused == 12
	})
}

// TestMisuse checks that a peer that sends more than it may gets no memory.
func TestMisuse(t *testing.T) {
	t.Parallel()
	s := newStage(t, Config{Receive: 100})
	b, h := s.connect("x:1")
	s.host.sockets[h].credit = 1000
	if _, err := s.host.Write(h, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	s.until("closed", func() bool { _, err := s.host.Opened(h); return err == Misused })
	s.until("closed", func() bool { _, err := s.board.Opened(b); return err == Misused })
	_ = s.host.Close(h, Closed)
	_ = s.board.Close(b, Closed)
	s.connect("x:2")
}

// TestAnotherVersion checks that ends of different versions learn that they
// are, that the sockets of the board that was end, and that a board of the
// right version is served afterwards.
func TestAnotherVersion(t *testing.T) {
	t.Parallel()
	s := newStage(t, Config{})
	_, old := s.connect("x:1")
	s.restartBoard()
	// Each end believes that the other one speaks version 9.
	other := func(p []byte) (changed []byte) {
		var d decoder
		bodies, _ := frames(&d, p)
		for _, body := range bodies {
			if body[0] == kindHello || body[0] == kindWelcome {
				body[1] = 9
			}
			changed = append(changed, stuff(body)...)
		}
		return changed
	}
	s.up, s.down = other, other
	slot, err := s.board.Open(s.now, "x:2")
	if err != nil {
		t.Fatal(err)
	}
	s.until("told", func() bool { return s.board.Stats().Stranger == 9 && s.host.Stats().Stranger == 9 })
	s.until("ended", func() bool { _, err := s.host.Opened(old); return err == LineLost })
	_ = s.host.Close(old, Closed)
	frames := s.frames
	for end := s.now + time.Minute; s.now < end; {
		s.step()
	}
	if n := s.frames - frames; n > 250 { // HELLO and its answer, twice a second
		t.Errorf("%d frames in a minute", n)
	}
	if s.board.Up() || s.host.Up() {
		t.Error("they have a session")
	}
	s.up, s.down = nil, nil
	_ = s.board.Close(slot, Closed)
	s.connect("x:3")
	if board, host := s.board.Stats().Stranger, s.host.Stats().Stranger; board != 0 || host != 0 {
		t.Errorf("still strangers: %d and %d", board, host)
	}
}

// TestJunk checks that what a board prints arrives, even when nothing follows.
func TestJunk(t *testing.T) {
	t.Parallel()
	var got []byte
	s := newStage(t, Config{Junk: func(p []byte) { got = append(got, p...) }})
	s.host.Input(s.now, []byte("panic: out of coffee\r\n"))
	s.until("told", func() bool { return string(got) == "panic: out of coffee\r\n" })
	s.connect("x:1")
}

// TestNothingIsAllocated checks that a board's memory stays as it is.
func TestNothingIsAllocated(t *testing.T) {
	s := newStage(t, Config{})
	b, h := s.connect("x:1")
	up, down, frame := make([]byte, 200), make([]byte, 200), make([]byte, MaxFrame)
	round := func() {
		_, _ = s.board.Write(b, up)
		_, _ = s.host.Write(h, down)
		for range 20 {
			s.now += time.Millisecond
			for n := s.board.Output(s.now, frame); n > 0; n = s.board.Output(s.now, frame) {
				s.host.Input(s.now, frame[:n])
			}
			for n := s.host.Output(s.now, frame); n > 0; n = s.host.Output(s.now, frame) {
				s.board.Input(s.now, frame[:n])
			}
			_, _ = s.board.Read(b, frame)
			_, _ = s.host.Read(h, frame)
		}
	}
	if n := testing.AllocsPerRun(100, round); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
