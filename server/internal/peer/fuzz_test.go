package peer_test

import (
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// FuzzFrames feeds what a client's socket may bring, cut anywhere, with time
// passing in between.
func FuzzFrames(f *testing.F) {
	mask := &[4]byte{1, 2, 3, 4}
	f.Add(websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher:ping"}`, mask), uint16(3), uint16(0))
	f.Add(websocket.AppendFrame(nil, websocket.Ping, "x", mask), uint16(1), uint16(40_000))
	f.Add(websocket.AppendFrame(nil, websocket.Binary, "x", mask), uint16(2), uint16(1))
	f.Add(websocket.AppendClose(nil, 1000, "bye", mask), uint16(5), uint16(30_000))
	f.Add([]byte{0x01, 0x81, 0, 0, 0, 0, '{', 0x80, 0x81, 0, 0, 0, 0, '}'}, uint16(4), uint16(9))
	f.Add([]byte{0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, uint16(4), uint16(9))
	f.Fuzz(func(t *testing.T, b []byte, cut, pause uint16) {
		s := &stage{t: t, settings: docSettings()}
		s.peer, _ = peer.New(peer.NewLive(s.settings), docSocket, 0)
		var buffer []byte
		for len(b) > 0 && !s.dead {
			n := min(len(b), 1+int(cut))
			buffer = append(buffer, b[:n]...)
			b = b[n:]
			for {
				used, a := s.peer.Next(buffer, s.now)
				if used < 0 || used > len(buffer) {
					t.Fatalf("used %d of %d", used, len(buffer))
				}
				buffer = buffer[used:]
				if a.Kind == peer.None {
					break
				}
				s.act(a)
			}
			s.now += time.Duration(pause) * time.Millisecond
			s.act(s.peer.Tick(s.now))
		}
		end(t, s)
	})
}

// FuzzMessage feeds one message after another, which is what a client that
// keeps to RFC 6455 can do.
func FuzzMessage(f *testing.F) {
	private := `{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"` + token("private-a", "") + `"}}`
	for _, text := range []string{
		`{"event":"pusher:ping","data":{}}`,
		`{"event":"pusher:subscribe","data":{"channel":"room"}}`,
		`{"event":"pusher:subscribe","data":"{\"channel\":\"room\"}"}`,
		private,
		`{"event":"pusher:subscribe","data":{"channel":"presence-a","auth":"` + token("presence-a", `{"user_id":1}`) + `","channel_data":"{\"user_id\":1}"}}`,
		`{"event":"pusher:unsubscribe","data":{"channel":"room"}}`,
		`{"event":"client-x","channel":"private-a","data":"\ud800"}`,
		`{"event":"client-x","channel":"private-a","data":{"a":[1,2,{"b":null}]},"user_id":7}`,
		`{"\u0065vent":"pusher:subscribe","data":{"ch\u0061nnel":"\u0072oom"}}`,
		`[[[[[`, `{"event":`, ``,
	} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		s := &stage{t: t, settings: docSettings()}
		s.peer, _ = peer.New(peer.NewLive(s.settings), docSocket, 0)
		for _, text := range []string{private, one, two, one} {
			s.client(websocket.Text, []byte(text))
		}
		end(t, s)
	})
}

// end checks what must hold whatever came: the frames were ones that a client
// can read, which the stage has checked, and every connection comes to its end.
func end(t *testing.T, s *stage) {
	if s.dead {
		return
	}
	s.act(s.peer.Close(peer.RefuseMoving, s.now))
	s.now += 5 * time.Second
	s.act(s.peer.Tick(s.now))
	if !s.dead {
		t.Fatalf("still there: %q", s.said)
	}
}
