package websocket_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/websocket"
)

func closePayload(code int, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
}

func TestParser(t *testing.T) {
	t.Parallel()
	bothRoles(t, func(t *testing.T, server bool) {
		fin := func(op byte, payload string) []byte { return fin(server, op, payload) }
		part := func(op byte, payload string) []byte { return part(server, op, payload) }
		x := func(n int) string { return strings.Repeat("x", n) }
		for _, tt := range []struct {
			name string
			in   []byte
			want []string
		}{
			{"nothing", nil, nil},
			{"text", fin(opText, "hello"), []string{`text "hello"`}},
			{"binary that is no UTF-8", fin(opBinary, "\xff\x00"), []string{`binary "\xff\x00"`}},
			{"empty text", fin(opText, ""), []string{`text ""`}},
			{"empty binary", fin(opBinary, ""), []string{`binary ""`}},
			{"one after the other", join(fin(opText, "a"), fin(opText, "é"), fin(opBinary, "c")), []string{`text "a"`, `text "é"`, `binary "c"`}},
			{"125 bytes", fin(opText, x(125)), []string{fmt.Sprintf("text %q", x(125))}},
			{"126 bytes", fin(opText, x(126)), []string{fmt.Sprintf("text %q", x(126))}},
			{"65535 bytes", fin(opBinary, x(65535)), []string{fmt.Sprintf("binary %q", x(65535))}},
			{"65536 bytes", fin(opText, x(65536)), []string{fmt.Sprintf("text %q", x(65536))}},
			{"ping and pong", join(fin(opPing, "p"), fin(opPong, ""), fin(opPing, "\xff")), []string{`ping "p"`, `pong ""`, `ping "\xff"`}},
			{"longest ping", fin(opPing, x(125)), []string{fmt.Sprintf("ping %q", x(125))}},
			{"two fragments", join(part(opText, "he"), fin(opContinuation, "llo")), []string{`text "hello"`}},
			{"many fragments", join(part(opBinary, "a"), part(opContinuation, ""), part(opContinuation, "b"), fin(opContinuation, "c")), []string{`binary "abc"`}},
			{"empty fragments", join(part(opText, ""), part(opContinuation, ""), fin(opContinuation, "")), []string{`text ""`}},
			{"empty last fragment", join(part(opText, "é"), fin(opContinuation, "")), []string{`text "é"`}},
			{"long fragments", join(part(opText, x(70_000)), fin(opContinuation, x(300))), []string{fmt.Sprintf("text %q", x(70_300))}},
			{"fragmented, whole, fragmented", join(
				part(opText, "a"), fin(opContinuation, "b"), fin(opText, "c"), part(opText, "d"), fin(opContinuation, "e"),
			), []string{`text "ab"`, `text "c"`, `text "de"`}},
			{"control frames between fragments", join(
				part(opText, "a"), fin(opPing, "1"), part(opContinuation, "b"), fin(opPong, "2"), fin(opPing, ""), fin(opContinuation, "c"), fin(opPing, "3"),
			), []string{`ping "1"`, `pong "2"`, `ping ""`, `text "abc"`, `ping "3"`}},
			{"control frames within a character", join(
				part(opText, "\xf0"), fin(opPing, "\xff"), part(opContinuation, "\x9f\x98"), fin(opPong, "\xc0"), fin(opContinuation, "\x80"), fin(opText, "é"),
			), []string{`ping "\xff"`, `pong "\xc0"`, `text "😀"`, `text "é"`}},
			{"close between fragments", join(part(opText, "a"), fin(opClose, closePayload(1001, "bye"))), []string{`close 1001 "bye"`}},
			{"close without a code", fin(opClose, ""), []string{`close 1005 ""`}},
			{"close without a reason", fin(opClose, closePayload(1000, "")), []string{`close 1000 ""`}},
			{"close with the longest reason", fin(opClose, closePayload(4100, x(123))), []string{fmt.Sprintf("close 4100 %q", x(123))}},
			{"close with a reason in another alphabet", fin(opClose, closePayload(4009, "é€😀")), []string{`close 4009 "é€😀"`}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				for _, size := range sizes {
					if size < len(tt.in)/1000 {
						continue // long input byte by byte shows nothing new
					}
					f := feeder{p: &websocket.Parser{Server: server}}
					if err := f.feedPieces(tt.in, size); err != nil {
						t.Fatalf("pieces of %d: %v", size, err)
					}
					if !slices.Equal(f.items, tt.want) {
						t.Fatalf("pieces of %d: got %.200q, want %.200q", size, f.items, tt.want)
					}
					if f.used != len(tt.in) {
						t.Errorf("pieces of %d: used %d bytes of %d", size, f.used, len(tt.in))
					}
				}
			})
		}
	})
}

// A message that arrives whole is not copied: its payload is part of the
// buffer, and only what belongs to it has been used.
func TestParserWorksInPlace(t *testing.T) {
	t.Parallel()
	bothRoles(t, func(t *testing.T, server bool) {
		b := join(fin(server, opText, "first"), fin(server, opPing, "second"))
		p := websocket.Parser{Server: server}
		for _, want := range []string{"first", "second"} {
			used, item, err := p.Next(b)
			if err != nil || string(item.Payload) != want {
				t.Fatalf("got %q, %v", item.Payload, err)
			}
			if start := used - len(want); &item.Payload[0] != &b[start] {
				t.Errorf("%s is a copy", want)
			}
			b = b[used:]
		}
		if len(b) != 0 {
			t.Errorf("%d bytes too many", len(b))
		}
	})
}

func TestParserRefuses(t *testing.T) {
	t.Parallel()
	bothRoles(t, func(t *testing.T, server bool) {
		fin := func(op byte, payload string) []byte { return fin(server, op, payload) }
		part := func(op byte, payload string) []byte { return part(server, op, payload) }
		raw := func(first byte) []byte { return raw(server, first, "") }
		// long is a header with the length in one of the long forms.
		long := func(first byte, form byte, length uint64) []byte {
			if server {
				form |= 0x80
			}
			if form&0x7F == 126 {
				return binary.BigEndian.AppendUint16([]byte{first, form}, uint16(length))
			}
			return binary.BigEndian.AppendUint64([]byte{first, form}, length)
		}
		wrongMask := websocket.ErrMasked
		if server {
			wrongMask = websocket.ErrUnmasked
		}

		type test struct {
			name string
			in   []byte
			at   int // the error comes with this byte, counted from 1; 0: with the last
			want *websocket.Error
		}
		tests := []test{
			{"first reserved bit", raw(0xC1), 1, websocket.ErrReserved},
			{"second reserved bit", raw(0xA1), 1, websocket.ErrReserved},
			{"third reserved bit", raw(0x91), 1, websocket.ErrReserved},
			{"reserved bit in a control frame", raw(0xC9), 1, websocket.ErrReserved},
			{"reserved bit in a continuation", join(part(opText, ""), raw(0xC0)), len(part(opText, "")) + 1, websocket.ErrReserved},
			{"mask in the wrong direction", header(!server, 0x81, 5), 2, wrongMask},
			{"mask of a ping in the wrong direction", header(!server, 0x89, 0), 2, wrongMask},
			{"mask of a continuation in the wrong direction", join(part(opText, "a"), header(!server, 0x80, 0)), len(part(opText, "a")) + 2, wrongMask},
			{"7 bits as 16", long(0x81, 126, 125), 0, websocket.ErrLength},
			{"0 as 16", long(0x81, 126, 0), 0, websocket.ErrLength},
			{"7 bits as 64", long(0x81, 127, 125), 0, websocket.ErrLength},
			{"16 bits as 64", long(0x81, 127, 0xFFFF), 0, websocket.ErrLength},
			{"64 bits with the highest set", long(0x81, 127, 1<<63), 0, websocket.ErrLength},
			{"all 64 bits set", long(0x82, 127, 1<<64-1), 0, websocket.ErrLength},
			{"fragment with a length too long a form", long(0x01, 126, 1), 0, websocket.ErrLength},
			{"fragmented ping", raw(0x09), 2, websocket.ErrControl},
			{"fragmented pong", raw(0x0A), 2, websocket.ErrControl},
			{"fragmented close", raw(0x08), 2, websocket.ErrControl},
			{"ping of 126 bytes", long(0x89, 126, 126), 2, websocket.ErrControl},
			{"ping with a short length in a long form", long(0x89, 126, 5), 2, websocket.ErrControl},
			{"close of 64 KiB", long(0x88, 127, 1<<16), 2, websocket.ErrControl},
			{"continuation of nothing", raw(0x80), 2, websocket.ErrContinuation},
			{"first fragment is a continuation", raw(0x00), 2, websocket.ErrContinuation},
			{"continuation after a whole message", join(fin(opText, "a"), raw(0x80)), len(fin(opText, "a")) + 2, websocket.ErrContinuation},
			{"continuation after the last fragment", join(part(opText, "a"), fin(opContinuation, "b"), raw(0x80)), 2*len(fin(opText, "a")) + 2, websocket.ErrContinuation},
			{"continuation after a ping", join(fin(opPing, ""), raw(0x00)), len(fin(opPing, "")) + 2, websocket.ErrContinuation},
			{"text between fragments", join(part(opText, "a"), fin(opText, "b")), len(part(opText, "a")) + 2, websocket.ErrInterleaved},
			{"binary between fragments of text", join(part(opText, "a"), fin(opPing, ""), fin(opBinary, "b")), len(part(opText, "a")) + len(fin(opPing, "")) + 2, websocket.ErrInterleaved},
			{"fragment of another message", join(part(opBinary, ""), part(opText, "b")), len(part(opBinary, "")) + 2, websocket.ErrInterleaved},
			{"half a close code", fin(opClose, "\x03"), 0, websocket.ErrClosePayload},
			{"close reason that is no UTF-8", fin(opClose, closePayload(1000, "ab\xff")), 0, websocket.ErrUTF8},
			{"close reason cut within a character", fin(opClose, closePayload(1000, "\xe2\x82")), 0, websocket.ErrUTF8},
		}
		for _, op := range []byte{0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF} {
			tests = append(tests, test{fmt.Sprintf("opcode %#x", op), raw(0x80 | op), 2, websocket.ErrOpcode})
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				at := tt.at
				if at == 0 {
					at = len(tt.in)
				}
				for _, size := range sizes {
					f := feeder{p: &websocket.Parser{Server: server}}
					if err := f.feedPieces(tt.in, size); err != error(tt.want) {
						t.Errorf("pieces of %d: got %v, want %v", size, err, tt.want)
					}
				}
				f := feeder{p: &websocket.Parser{Server: server}}
				if err := f.feedPieces(tt.in[:at-1], 1); err != nil {
					t.Errorf("refused before byte %d: %v", at, err)
				}
				if err := f.feed(tt.in[at-1 : at]); err != error(tt.want) {
					t.Errorf("at byte %d: got %v, want %v", at, err, tt.want)
				}
			})
		}
	})
}

// The codes to close with are part of the protocol: RFC 6455 7.4.1.
func TestErrorCodes(t *testing.T) {
	t.Parallel()
	for err, want := range map[*websocket.Error]int{
		websocket.ErrReserved: 1002, websocket.ErrOpcode: 1002, websocket.ErrMasked: 1002, websocket.ErrUnmasked: 1002,
		websocket.ErrLength: 1002, websocket.ErrControl: 1002, websocket.ErrContinuation: 1002, websocket.ErrInterleaved: 1002,
		websocket.ErrClosePayload: 1002, websocket.ErrCloseCode: 1002, websocket.ErrUTF8: 1007, websocket.ErrTooBig: 1009,
	} {
		if err.Code != want || err.Error() != "websocket: "+err.Reason {
			t.Errorf("%v: code %d, want %d", err, err.Code, want)
		}
		frame := websocket.AppendClose(nil, err.Code, err.Reason, nil)
		f := feeder{p: new(websocket.Parser)}
		if got := f.feed(frame); got != nil {
			t.Errorf("%v cannot be told to the peer: %v", err, got)
		}
	}
}

func TestCloseCodes(t *testing.T) {
	t.Parallel()
	allowed := []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}
	bothRoles(t, func(t *testing.T, server bool) {
		for code := range 1 << 16 {
			want := slices.Contains(allowed, code) || 3000 <= code && code <= 4999
			f := feeder{p: &websocket.Parser{Server: server}}
			err := f.feed(fin(server, opClose, closePayload(code, "")))
			switch {
			case want && (err != nil || len(f.items) != 1 || f.items[0] != fmt.Sprintf("close %d %q", code, "")):
				t.Errorf("%d: %q, %v", code, f.items, err)
			case !want && err != error(websocket.ErrCloseCode):
				t.Errorf("%d is let pass: %v", code, err)
			}
		}
	})
}

// Need tells the owner of the buffer how large a frame is as soon as its
// header is there, counted from what is not used.
func TestNeed(t *testing.T) {
	t.Parallel()
	bothRoles(t, func(t *testing.T, server bool) {
		head := 2
		if server {
			head += 4
		}
		for _, tt := range []struct {
			name   string
			before []byte // is used first
			frame  []byte
			head   int
			want   int
		}{
			{"short message", nil, fin(server, opText, "hello"), head, head + 5},
			{"message of 126 bytes", nil, fin(server, opText, strings.Repeat("x", 126)), head + 2, head + 2 + 126},
			{"message of 64 KiB", nil, fin(server, opBinary, strings.Repeat("x", 1<<16)), head + 8, head + 8 + 1<<16},
			{"ping", nil, fin(server, opPing, "hello"), head, head + 5},
			{"fragment", nil, part(server, opText, "hello"), head, 0},
			{"continuation", part(server, opText, "a"), part(server, opContinuation, "hello"), head, 0},
			{"last fragment", part(server, opText, "a"), fin(server, opContinuation, "hello"), head, 0},
			{"ping behind a fragment", part(server, opText, "a"), fin(server, opPing, "hello"), head, head + 5},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				p := websocket.Parser{Server: server, MaxMessage: 1 << 16, SkipOversize: true}
				if p.Need() != 0 {
					t.Errorf("Need = %d at the start", p.Need())
				}
				b := join(tt.before, tt.frame)
				for end := len(tt.before); end < len(b); end++ {
					used, item, err := p.Next(b[:end])
					if err != nil || item.Kind != websocket.None {
						t.Fatalf("found %s, %v", describe(item), err)
					}
					b, end = b[used:], end-used
					had := len(tt.frame) - (len(b) - end)
					if want := tt.want; had >= tt.head && p.Need() != want || had < tt.head && p.Need() != 0 {
						t.Fatalf("with %d bytes of the frame Need = %d", had, p.Need())
					}
					if had > tt.head+3 {
						end = len(b) - 1 // the rest of it at once
					}
				}
				if _, _, err := p.Next(b); err != nil || p.Need() != 0 {
					t.Errorf("at the end Need = %d, %v", p.Need(), err)
				}
			})
		}
	})
}

func TestParserAllocates(t *testing.T) {
	for _, server := range []bool{false, true} {
		p := websocket.Parser{Server: server}
		frames := join(fin(server, opText, strings.Repeat("é", 100)), fin(server, opPing, "p"), fin(server, opClose, closePayload(1000, "bye")))
		b := make([]byte, len(frames))
		if n := testing.AllocsPerRun(100, func() {
			copy(b, frames)
			for rest := b; len(rest) > 0; {
				used, item, err := p.Next(rest)
				if err != nil || item.Kind == websocket.None {
					t.Fatal(item, err)
				}
				rest = rest[used:]
			}
		}); n != 0 {
			t.Errorf("server %v: %v allocations", server, n)
		}

		fragments := join(part(server, opText, "frag"), fin(server, opPing, ""), fin(server, opContinuation, "mented"))
		b = make([]byte, len(fragments))
		if n := testing.AllocsPerRun(100, func() {
			copy(b, fragments)
			for rest := b; len(rest) > 0; {
				used, _, err := p.Next(rest)
				if err != nil {
					t.Fatal(err)
				}
				rest = rest[used:]
			}
		}); n != 0 {
			t.Errorf("server %v: %v allocations for small fragments after the first", server, n)
		}
	}
}

// One large message in fragments does not cost an idle connection its memory
// for ever: what the parser keeps for the next one is small.
func TestParserGivesMemoryBack(t *testing.T) {
	t.Parallel()
	bothRoles(t, func(t *testing.T, server bool) {
		p := websocket.Parser{Server: server}
		for _, length := range []int{200_000, 1} {
			b := join(part(server, opBinary, strings.Repeat("x", length)), fin(server, opContinuation, ""))
			_, item, err := p.Next(b)
			if err != nil || len(item.Payload) != length {
				t.Fatalf("%d bytes, %v", len(item.Payload), err)
			}
			if length == 1 && cap(item.Payload) > 8<<10 {
				t.Errorf("the parser holds %d bytes for a message of %d", cap(item.Payload), length)
			}
		}
	})
}

// A header is a claim: only what has come takes memory.
func TestHeaderAllocatesNothing(t *testing.T) {
	for _, server := range []bool{false, true} {
		for _, first := range []byte{0x81, 0x82, 0x01, 0x02} {
			in := header(server, first, websocket.DefaultMaxMessage)
			b := make([]byte, len(in))
			if n := testing.AllocsPerRun(100, func() {
				p := websocket.Parser{Server: server}
				copy(b, in)
				if _, _, err := p.Next(b); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("server %v, first byte %#x: %v allocations", server, first, n)
			}
		}
	}
}

func BenchmarkParser200(b *testing.B) {
	for _, role := range []struct {
		name   string
		server bool
	}{{"client", false}, {"server", true}} {
		b.Run(role.name, func(b *testing.B) {
			const frames = 64
			var in []byte
			for range frames {
				in = append(in, fin(role.server, opText, strings.Repeat("x", 200))...)
			}
			buffer := make([]byte, len(in))
			p := websocket.Parser{Server: role.server}
			b.SetBytes(int64(len(in) / frames))
			b.ReportAllocs()
			b.ResetTimer()
			for done := 0; done < b.N; {
				copy(buffer, in) // the parser unmasks in place
				for rest := buffer; len(rest) > 0 && done < b.N; done++ {
					used, item, err := p.Next(rest)
					if err != nil || item.Kind != websocket.Message {
						b.Fatal(item, err)
					}
					rest = rest[used:]
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
		})
	}
}
