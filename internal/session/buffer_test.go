package session_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/session"
	"github.com/thimble-go/thimble/internal/websocket"
)

// take hands bytes to the session and returns the last event's data.
func take(t testing.TB, st *stage, b []byte) (data []byte, events int) {
	s := st.session()
	var ev session.Event
	for len(b) > 0 {
		n := copy(s.Space(), b)
		b = b[n:]
		s.Received(st.now, n)
		for s.Next(st.now, &ev) {
			if ev.Kind != session.Message {
				t.Fatalf("event of kind %d: %v", ev.Kind, ev.Err)
			}
			events++
			data = append(data[:0], ev.Data...)
		}
	}
	return data, events
}

func message(size int) []byte {
	return websocket.AppendFrame(nil, websocket.Text, `{"event":"e","data":"`+strings.Repeat("x", size)+`"}`, nil)
}

func TestMessagesOfAllSizes(t *testing.T) {
	t.Parallel()
	for _, buffer := range []int{0, 1024, 1500, 70000} {
		t.Run(strconv.Itoa(buffer), func(t *testing.T) {
			t.Parallel()
			st := newStage(t)
			st.cfg.ReadBuffer = buffer
			st.start("1.1", 120)
			sizes := []int{0, 1, 90, 125, 126, 1000, 1023, 1024, 1025, 4096, 8192, 65535, 65536, 100000, 10, 262000, 5}
			var all []byte
			for _, size := range sizes {
				all = append(all, message(size)...)
				data, n := take(t, st, message(size))
				if n != 1 || len(data) != size {
					t.Errorf("of %d bytes came %d, in %d events", size, len(data), n)
				}
			}
			if _, n := take(t, st, all); n != len(sizes) {
				t.Errorf("of %d messages at once came %d", len(sizes), n)
			}
		})
	}
}

// TestBufferShrinks checks that one large message does not cost memory for
// ever, and that memory is not given at a header's word.
func TestBufferShrinks(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.cfg.ReadBuffer = 2048
	st.start("1.1", 120)
	if n := len(st.s.Space()); n != 2048 {
		t.Fatalf("an idle session reads %d bytes at once", n)
	}
	big := message(200 << 10)
	take(t, st, big[:10])
	if n := len(st.s.Space()); n > 4096 {
		t.Errorf("ten bytes were enough to get %d", n)
	}
	take(t, st, big[10:len(big)-1])
	take(t, st, big[len(big)-1:])
	if n := len(st.s.Space()); n != 2048 {
		t.Errorf("behind a large message the session reads %d bytes at once", n)
	}
}

// TestAnswerToTheUpgradeIsBounded lets a server send a head without end.
func TestAnswerToTheUpgradeIsBounded(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.cfg.ReadBuffer = 1024
	st.session().Connect(st.now)
	st.settle()
	st.s.Dialed(st.now)
	st.settle()
	st.said = nil
	st.feed([]byte("HTTP/1.1 101 Switching Protocols\r\nX-Filler: "))
	for range 20 {
		if st.s.State() != session.Connecting || len(st.said) > 0 {
			break
		}
		space := st.s.Space()
		n := copy(space, bytes.Repeat([]byte("x"), 100))
		st.s.Received(st.now, n)
		st.settle()
	}
	want := []string{"hangup", "error retry 1s " + session.ErrUpgradeTooLong.Error()}
	if strings.Join(st.said, "|") != strings.Join(want, "|") {
		t.Errorf("got %q", st.said)
	}
}

// TestFramesBehindTheUpgrade comes with everything in one piece, as a fast
// server's answer does.
func TestFramesBehindTheUpgrade(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.session().Connect(st.now)
	st.settle()
	st.s.Dialed(st.now)
	st.settle()
	st.said = nil
	answer := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + st.connID + "\r\n\r\n")
	answer = websocket.AppendFrame(answer, websocket.Text, `{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.1\"}"}`, nil)
	answer = websocket.AppendFrame(answer, websocket.Text, `{"event":"hello","data":"x"}`, nil)
	answer = websocket.AppendFrame(answer, websocket.Ping, "p", nil)
	answer = websocket.AppendClose(answer, 4200, "restart", nil)
	st.feed(answer)
	want := "state connected|event hello x|pong 70|closes 4200|hangup|state connecting thimble: the server closed the connection with code 4200: restart"
	if got := strings.Join(st.said, "|"); got != want {
		t.Errorf("got %s", got)
	}
}

// TestQueueIsBounded sends to a peer that takes nothing.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.cfg.Queue = 10_000
	st.start("1.1", 120)
	ch := st.s.Channel("private-a")
	st.s.SubscribeAuthorized(st.now, ch, session.Token{Auth: "k:a"})
	st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"private-a"}`)

	data := `"` + strings.Repeat("x", 1000) + `"`
	sent := 0
	for ; sent < 100; sent++ {
		if err := session.Trigger(st.s, st.now, ch, "client-x", data); err != nil {
			if err != session.ErrQueueFull {
				t.Fatal(err)
			}
			break
		}
	}
	if sent < 8 || sent > 9 {
		t.Errorf("a queue of 10000 bytes took %d events of 1000", sent)
	}
	// A server that pings and never reads must not make the queue grow, nor one
	// that confirms what nobody has asked for.
	st.s.Channel("known")
	var ev session.Event
	for range 1000 {
		for _, frame := range [][]byte{
			websocket.AppendFrame(nil, websocket.Ping, strings.Repeat("p", 125), nil),
			websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher:ping"}`, nil),
			websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher_internal:subscription_succeeded","channel":"known"}`, nil),
			websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher_internal:subscription_succeeded","channel":"unknown"}`, nil),
		} {
			st.s.Received(st.now, copy(st.s.Space(), frame))
			for st.s.Next(st.now, &ev) {
				t.Fatalf("event of kind %d", ev.Kind)
			}
		}
	}
	if out := st.s.Output(nil); len(out) > 10_000+500 {
		t.Errorf("%d bytes wait to be written", len(out))
	}
	if err := session.Trigger(st.s, st.now, ch, "client-x", data); err != nil {
		t.Errorf("after the queue was written: %v", err)
	}
}

func TestSizeOfClientEvents(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.start("1.1", 120)
	ch := st.s.Channel("private-a")
	st.s.SubscribeAuthorized(st.now, ch, session.Token{Auth: "k:a"})
	st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"private-a"}`)
	fits := []byte(`"` + strings.Repeat("x", 10<<10-2) + `"`)
	if err := session.Trigger(st.s, st.now, ch, "client-x", fits); err != nil {
		t.Errorf("the largest: %v", err)
	}
	if err := session.Trigger(st.s, st.now, ch, "client-x", append(fits, ' ')); err != session.ErrTooLarge {
		t.Errorf("one more: %v", err)
	}
	if err := session.Trigger(st.s, st.now, ch, "client-x", "\"\xff\""); err != session.ErrNotJSON {
		t.Errorf("not UTF-8: %v", err)
	}
	if err := session.Trigger(st.s, st.now, ch, "client-"+strings.Repeat("x", 193), "{}"); err != nil {
		t.Errorf("a name of 200: %v", err)
	}
	if err := session.Trigger(st.s, st.now, ch, "client-"+strings.Repeat("x", 194), "{}"); err != session.ErrEventName {
		t.Errorf("a name of 201: %v", err)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	st := newStage(t)
	st.start("1.1", 120)
	s := st.s
	ch := s.Channel("presence-a")
	s.SubscribeAuthorized(st.now, ch, session.Token{Auth: "k:a", ChannelData: `{"user_id":"me"}`})
	st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"presence-a"}`)

	for _, test := range []struct {
		name   string
		frame  []byte
		events int
	}{
		{"event", websocket.AppendFrame(nil, websocket.Text, `{"event":"client-led","channel":"presence-a","data":"{\"on\":true}","user_id":"bob"}`, nil), 1},
		{"ping", websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher:ping","data":{}}`, nil), 0},
		{"WebSocket ping", websocket.AppendFrame(nil, websocket.Ping, "1234", nil), 0},
		{"foreign channel", websocket.AppendFrame(nil, websocket.Text, `{"event":"x","channel":"other","data":"{}"}`, nil), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var ev session.Event
			var spare []byte
			once := func() {
				// The parser unescapes in place, so the frame is copied anew.
				s.Received(st.now, copy(s.Space(), test.frame))
				events := 0
				for s.Next(st.now, &ev) {
					events++
				}
				if events != test.events {
					t.Errorf("%d events", events)
				}
				spare = s.Output(spare)
			}
			once()
			once()
			if n := testing.AllocsPerRun(100, once); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
	t.Run("own ping", func(t *testing.T) {
		var spare []byte
		now := st.now
		once := func() {
			at, _ := s.Deadline()
			now = at
			s.Advance(now)
			spare = s.Output(spare)
			s.Received(now, 0)
			s.Received(now, copy(s.Space(), "\x8a\x00"))
			var ev session.Event
			for s.Next(now, &ev) {
				t.Errorf("event of kind %d", ev.Kind)
			}
		}
		once()
		once()
		if n := testing.AllocsPerRun(100, once); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
	t.Run("trigger", func(t *testing.T) {
		spare := s.Output(nil)
		now := time.Hour
		if n := testing.AllocsPerRun(100, func() {
			now += time.Second / session.DefaultEventRate
			if err := session.Trigger(s, now, ch, "client-x", `{"on":true}`); err != nil {
				t.Error(err)
			}
			spare = s.Output(spare)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
