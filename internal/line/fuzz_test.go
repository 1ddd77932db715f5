package line

import (
	"bytes"
	"testing"
	"time"
)

// FuzzDecoder checks that frames are found in whatever pieces they come, and
// that everything else is junk, whole.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte("hello"), 3)
	f.Add(stuff([]byte{kindAck, 0, 0, 0, 0, 0}), 1)
	f.Add(append([]byte("text\r\n"), stuff(make([]byte, 250))...), 100)
	f.Add(bytes.Repeat([]byte{255}, 600), 7)
	f.Fuzz(func(t *testing.T, p []byte, step int) {
		var whole, pieces decoder
		bodies, junk := frames(&whole, p)
		var got [][]byte
		var gotJunk []byte
		step = max(1, step&0x3ff)
		for rest := p; len(rest) > 0; rest = rest[min(step, len(rest)):] {
			b, j := frames(&pieces, rest[:min(step, len(rest))])
			got, gotJunk = append(got, b...), append(gotJunk, j...)
		}
		if len(got) != len(bodies) || !bytes.Equal(junk, gotJunk) || whole.n != pieces.n {
			t.Fatalf("%d frames and %q in pieces, %d and %q at once", len(got), gotJunk, len(bodies), junk)
		}
		size := len(junk) + whole.n
		for i, body := range bodies {
			if !bytes.Equal(body, got[i]) {
				t.Fatal("pieces make another frame")
			}
			// A frame that passed is exactly what the encoder makes of it.
			size += len(stuff(body)) - 2
		}
		if size+bytes.Count(p, []byte{0}) != len(p) {
			t.Fatalf("%d bytes, of which %d are accounted for", len(p), size)
		}
		if len(p) > 0 && len(p) <= maxBody-checksumSize {
			var d decoder
			if b, j := frames(&d, stuff(p)); len(b) != 1 || !bytes.Equal(b[0], p) || j != nil {
				t.Fatalf("% x becomes % x", p, b)
			}
		}
	})
}

// FuzzPeer lets a peer send frames of any content to both kinds of end, each
// piece of the input as a frame. Whatever it says, the ends talk to a proper
// peer afterwards.
func FuzzPeer(f *testing.F) {
	f.Add([]byte("\x06\x01\x01\x80\x00"))
	f.Add([]byte{8, kindWelcome, 1, 1, 0, 0, 0, 128, 0, 11, kindMessage, 1, 0, 0, 0, 0, 0, msgClose, 1, 0})
	f.Add([]byte{4, kindHello, 1, 128, 0, 14, kindMessage, 0xef, 0x1e, 0, 0, 0, 0, msgOpen, 1, 100, 0, 'x', ':', '1',
		10, kindMessage, 0xef, 0x1e, 0, 0, 1, 0, msgData, 1, 'x', 9, kindMessage, 0xef, 0x1e, 0, 0, 2, 0, msgEnd, 1})
	f.Add([]byte{5, kindWho, 0, 0, 0, 0, 6, kindAck | flagAgain | flagAnswer, 1, 0, 0, 0, 200})
	f.Fuzz(func(t *testing.T, script []byte) {
		s := newStage(t, Config{Receive: 64, Send: minSend, Window: 64})
		slot, _ := s.board.Open(s.now, "x:1")
		var out [MaxFrame]byte
		for len(script) > 0 {
			size := min(int(script[0])%maxBody, len(script)-1)
			body := script[1 : 1+size]
			script = script[1+size:]
			if len(body) > maxBody-checksumSize {
				body = body[:maxBody-checksumSize]
			}
			for _, e := range []*End{s.board, s.host} {
				if len(body) > 0 {
					e.Input(s.now, stuff(body))
				}
				s.now += time.Millisecond
				e.Advance(s.now)
				for i := 0; e.Output(s.now, out[:]) > 0; i++ {
					if i > 1000 {
						t.Fatal("an end does not stop talking")
					}
				}
				var buf [16]byte
				_, _ = e.Read(slot, buf[:])
				_, _ = e.Write(slot, buf[:])
				if h, _, ok := e.Accept(); ok {
					_ = e.Confirm(h)
				}
			}
		}
		// Now the ends have each other.
		_ = s.board.Close(slot, Closed)
		s.board.Cut(s.now)
		s.host.Cut(s.now)
		for i := range s.host.sockets {
			_ = s.host.Close(i, Closed)
		}
		b, h := s.connect("y:2")
		up := &stream{from: s.board, to: s.host, source: b, sink: h, data: bytes.Repeat([]byte("ping"), 100)}
		s.until("through", func() bool { return s.move(up) })
		if !bytes.Equal(up.got, up.data) || up.err != nil {
			t.Fatalf("changed, or failed: %v", up.err)
		}
	})
}

// FuzzNoise lets the input decide what happens to each piece that passes the
// line. No byte of a socket may change, come twice, or be lost unless the
// socket ends with an error; and once the noise ends a socket works.
func FuzzNoise(f *testing.F) {
	f.Add([]byte{}, uint64(1))
	f.Add([]byte{1, 5, 2, 9, 3, 3, 4, 1, 0, 0, 5, 2, 5, 7}, uint64(2))
	f.Add(bytes.Repeat([]byte{3, 7, 0, 0}, 30), uint64(3))
	f.Add([]byte{6, 0, 0, 0, 0, 0, 7, 0, 2, 2}, uint64(4))
	f.Fuzz(func(t *testing.T, script []byte, seed uint64) {
		r := random(seed)
		s := newStage(t, Config{Receive: 128, Window: 64 + int(seed%200)})
		next := func() (op, at int) {
			if len(script) < 2 {
				script = nil
				return -1, 0
			}
			op, at = int(script[0]), int(script[1])
			script = script[2:]
			return op, at
		}
		change := func(p []byte) []byte {
			if len(p) == 0 {
				return p
			}
			op, at := next()
			at %= len(p)
			switch op % 8 {
			case 1:
				return p[:at]
			case 2:
				return p[at:]
			case 3:
				p[at] ^= 1 << (op / 8 % 8)
			case 4:
				return append(p[:at:at], append(bytes.Clone(p[at/2:at]), p[at:]...)...)
			case 5:
				return append(p[:at:at], append(data(r, op), p[at:]...)...)
			case 6:
				s.board.Cut(s.now)
			case 7:
				s.host.Cut(s.now)
			}
			return p
		}
		s.up, s.down = change, change
		conversation := func() {
			slot, err := s.board.Open(s.now, "x:1")
			if err != nil {
				t.Fatal(err)
			}
			message := data(r, 400)
			var up, down *stream
			s.until("over", func() bool {
				if h, _, ok := s.host.Accept(); ok && s.host.Confirm(h) == nil {
					if up != nil {
						t.Fatal("asked for twice")
					}
					up = &stream{from: s.board, to: s.host, source: slot, sink: h, data: message}
					down = &stream{from: s.host, to: s.board, source: h, sink: slot, data: message}
				}
				if _, err := s.board.Opened(slot); up == nil || err != nil {
					return err != nil
				}
				a := s.move(up)
				return s.move(down) && a
			})
			_, failed := s.board.Opened(slot)
			if up != nil {
				for _, f := range []*stream{up, down} {
					if !bytes.HasPrefix(message, f.got) || f.end && f.err == nil && len(f.got) < len(message) {
						t.Fatalf("%q became %q", message, f.got)
					}
					if f.err != nil {
						failed = f.err
					}
				}
				_ = s.host.Close(up.sink, Closed)
			}
			if failed != nil && s.up == nil {
				t.Fatalf("failed without noise: %v", failed)
			}
			_ = s.board.Close(slot, Closed)
		}
		for len(script) > 1 {
			before := len(script)
			conversation()
			if len(script) == before {
				break
			}
		}
		s.up, s.down = nil, nil
		s.board.Cut(s.now)
		s.host.Cut(s.now)
		for i := range s.host.sockets {
			_ = s.host.Close(i, Closed)
		}
		conversation()
	})
}
