package session_test

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/session"
	"github.com/thimble-go/thimble/internal/websocket"
)

// attempts lets n attempts to connect fail one after the other and returns how
// long the session waits behind each.
func attempts(t *testing.T, s *session.Session, now *time.Duration, n int) []time.Duration {
	t.Helper()
	var delays []time.Duration
	var ev session.Event
	s.Connect(*now)
	for len(delays) < n {
		dialed := false
		for s.Next(*now, &ev) {
			dialed = dialed || ev.Kind == session.Dial
		}
		if dialed {
			s.Lost(*now, errCut)
			for s.Next(*now, &ev) {
				if ev.Kind == session.Failure {
					delays = append(delays, ev.Retry)
				}
			}
		}
		at, ok := s.Deadline()
		if !ok {
			t.Fatal("nothing is due while a connection is wanted")
		}
		*now = max(*now, at)
		s.Advance(*now)
	}
	return delays
}

func TestDelaysGrowExactly(t *testing.T) {
	t.Parallel()
	// New takes four bytes and each delay eight, so that all delays are made
	// of this number.
	const word = 0xFEDCBA9876543210
	s, err := session.New(session.Config{Target: session.Target{Host: "h", Path: "/"}, Entropy: func(b []byte) error {
		for i := 0; i < len(b); i += 8 {
			binary.LittleEndian.PutUint64(b[i:], word>>32|word<<32&(1<<64-1))
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Second
	for _, most := range [][]time.Duration{
		{1, 2, 4, 8, 16, 32, 60, 60, 60, 60},
		{1, 2, 4, 8}, // of another server, behind Retarget
	} {
		for i, got := range attempts(t, s, &now, len(most)) {
			want := time.Duration(word % (uint64(most[i]*time.Second) + 1))
			if got != want {
				t.Errorf("delay %d is %v, want %v of at most %v", i+1, got, want, most[i]*time.Second)
			}
		}
		s.Retarget(now, session.Target{Host: "other", Path: "/"})
	}
}

func TestDelaysAreSpreadOverTheirWholeRange(t *testing.T) {
	t.Parallel()
	most := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60}
	low := make([]time.Duration, len(most))
	high := make([]time.Duration, len(most))
	random := rand.New(rand.NewSource(1))
	for run := range 500 {
		s, err := session.New(session.Config{Target: session.Target{Host: "h", Path: "/"}, Entropy: func(b []byte) error {
			random.Read(b)
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Second
		for i, d := range attempts(t, s, &now, len(most)) {
			if d < 0 || d > most[i]*time.Second {
				t.Fatalf("delay %d is %v, outside 0 to %v s", i+1, d, int(most[i]))
			}
			if run == 0 || d < low[i] {
				low[i] = d
			}
			high[i] = max(high[i], d)
		}
	}
	for i := range most {
		whole := most[i] * time.Second
		if low[i] > whole/10 || high[i] < whole*9/10 {
			t.Errorf("delay %d goes from %v to %v, want nearly all of 0 to %v", i+1, low[i], high[i], whole)
		}
	}
}

// TestRestartIsNotStampeded checks that clients of a server that restarts, and
// says so, do not all come back at the same moment, whatever the code.
func TestRestartIsNotStampeded(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewSource(3))
	for _, code := range []int{1001, 1011, 4200, 4201, 4202, 4299} {
		low, high := time.Second, time.Duration(0)
		for range 200 {
			st := newStage(t)
			st.cfg.Entropy = func(b []byte) error { random.Read(b); return nil }
			st.start("1.1", 120)
			st.said = nil
			st.s.Received(st.now, copy(st.s.Space(), websocket.AppendClose(nil, code, "restart", nil)))
			var ev session.Event
			for st.s.Next(st.now, &ev) && ev.Kind != session.StateChanged {
			}
			if ev.Kind != session.StateChanged || ev.Retry < 0 || ev.Retry > time.Second {
				t.Fatalf("code %d: %+v", code, ev)
			}
			low, high = min(low, ev.Retry), max(high, ev.Retry)
		}
		if low > 100*time.Millisecond || high < 900*time.Millisecond {
			t.Errorf("code %d: the delays go from %v to %v, want nearly all of 0 to 1 s", code, low, high)
		}
	}
}

// TestDelaysAfterShortConnections checks that a server that accepts and drops
// at once is asked less and less often, and that a minute of connection makes
// it as good as new.
func TestDelaysAfterShortConnections(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	random := rand.New(rand.NewSource(2))
	st.cfg.Entropy = func(b []byte) error { random.Read(b); return nil }
	st.start("1.1", 120)
	drop := func(lasted time.Duration) time.Duration {
		st.advance(lasted)
		st.text(`{"event":"pusher:pong"}`) // so that it does not die of silence
		st.said = nil
		st.session().Lost(st.now, errCut)
		var ev session.Event
		if !st.s.Next(st.now, &ev) || ev.Kind != session.StateChanged {
			t.Fatalf("the loss is told by %+v", ev)
		}
		if at, _ := st.s.Deadline(); at != st.now+min(ev.Retry, 10*time.Second) { // unavailable comes first
			t.Fatalf("retry in %v, but due in %v", ev.Retry, at-st.now)
		}
		st.advance(ev.Retry)
		st.establish("1.1", 120)
		if st.s.State() != session.Connected {
			t.Fatal("not connected again")
		}
		return ev.Retry
	}
	var longest time.Duration
	for range 40 {
		longest = max(longest, drop(10*time.Second))
	}
	if longest < 30*time.Second || longest > 60*time.Second {
		t.Errorf("after 40 short connections the longest delay is %v", longest)
	}
	if d := drop(60 * time.Second); d > time.Second {
		t.Errorf("after a stable connection the delay is %v", d)
	}
	longest = 0
	for range 40 {
		longest = max(longest, drop(60*time.Second-1))
	}
	if longest < 30*time.Second {
		t.Errorf("after 40 connections of not quite a minute the longest delay is %v", longest)
	}
}

// TestDelaysOfBackoff checks that a server that is over capacity is left alone
// for a second and a random part of the growing delay on top, and that any other
// end of a connection takes the random part alone.
func TestDelaysOfBackoff(t *testing.T) {
	t.Parallel()
	const word = 1<<64 - 1 // of which all random numbers are made
	for _, test := range []struct {
		code  int
		least time.Duration
	}{{1000, 0}, {1002, time.Second}, {4100, time.Second}, {4199, time.Second}, {4200, 0}, {4299, 0}, {4301, 0}} {
		st := newStage(t)
		st.cfg.Entropy = func(b []byte) error {
			for i := range b {
				b[i] = 0xFF
			}
			return nil
		}
		st.start("1.1", 120)
		for _, most := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			most *= time.Second
			var retry time.Duration
			for _, ev := range st.collect(websocket.AppendClose(nil, test.code, "", nil)) {
				retry += ev.Retry
			}
			if want := test.least + time.Duration(word%uint64(most+1)); retry != want {
				t.Errorf("%d: %v, want %v", test.code, retry, want)
			}
			st.s.Output(nil)   // went with the transport
			st.s.Probe(st.now) // do not wait
			st.quietly = true
			st.settle()
			st.establish("1.1", 120)
		}
	}
}

func TestNoEntropyAtTheStart(t *testing.T) {
	t.Parallel()
	_, err := session.New(session.Config{Entropy: func([]byte) error { return errors.New("no device") }})
	if err != session.ErrEntropy {
		t.Errorf("got %v", err)
	}
}

// TestEntropyFails takes the randomness away and gives it back: the session
// must end what it cannot mask, go on trying at a bearable pace, and recover.
func TestEntropyFails(t *testing.T) {
	t.Parallel()
	var failing error
	for _, test := range []struct {
		name  string
		cause func(st *stage)
	}{
		{"while dialling", func(st *stage) {
			st.session().Connect(st.now)
			st.settle()
			failing = errCut
			st.s.Dialed(st.now)
		}},
		{"ping", func(st *stage) {
			st.start("1.1", 120)
			failing = errCut
			st.advance(20 * time.Minute)
		}},
		{"server's pings", func(st *stage) {
			st.start("1.1", 120)
			failing = errCut
			for range 20 {
				st.text(`{"event":"pusher:ping"}`)
			}
		}},
		{"subscribe", func(st *stage) {
			st.start("1.1", 120)
			failing = errCut
			for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"} {
				st.s.Subscribe(st.now, st.s.Channel(name))
			}
		}},
		{"trigger", func(st *stage) {
			st.start("1.1", 120)
			st.s.SubscribeAuthorized(st.now, st.s.Channel("private-a"), session.Token{Auth: "k:a"})
			st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"private-a"}`)
			failing = errCut
			for range 20 {
				if err := session.Trigger(st.s, st.now, st.s.Channel("private-a"), "client-x", "{}"); err == session.ErrEntropy {
					return
				} else if err != nil {
					st.t.Errorf("trigger: %v", err)
				}
			}
			st.t.Error("events are taken that cannot be sent")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			st := newStage(t)
			failing = nil
			st.cfg.Entropy = func(b []byte) error { clear(b); return failing }
			st.cfg.EventRate = -1
			test.cause(st)
			if !st.s.Busy() && st.s.State() == session.Connected {
				t.Error("nothing asks the driver to look")
			}
			st.said = nil
			st.quietly = false
			failures := 0
			var ev session.Event
			for st.s.Next(st.now, &ev) {
				if failures++; failures > 20 {
					t.Fatal("events without end")
				}
			}
			if st.s.State() == session.Connected {
				t.Fatal("still connected, though nothing can be sent")
			}
			st.s.Output(nil) // went with the transport
			st.advance(time.Minute)
			failing = nil
			st.advance(2 * time.Minute)
			st.establish("2.2", 120)
			if st.s.State() != session.Connected {
				t.Errorf("%s after the randomness came back", st.s.State())
			}
		})
	}
}

// TestEndlessTimeouts checks that timeouts that are to mean "never" do: a sum
// that overflows would be due at once.
func TestEndlessTimeouts(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.cfg.ActivityTimeout, st.cfg.PongTimeout = math.MaxInt64, math.MaxInt64
	st.start("1.1", 0)
	st.advance(24 * time.Hour)
	st.s.Probe(st.now)
	st.settle()
	st.advance(9 * time.Second) // a probe has its own time
	if len(st.said) != 1 || st.said[0] != `client> {"event":"pusher:ping","data":{}}` {
		t.Errorf("got %q", st.said)
	}
}
