package websocket_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/websocket"
)

func TestMaxMessage(t *testing.T) {
	t.Parallel()
	const limit = 1000
	bothRoles(t, func(t *testing.T, server bool) {
		fin := func(op byte, payload string) []byte { return fin(server, op, payload) }
		part := func(op byte, payload string) []byte { return part(server, op, payload) }
		x := func(n int) string { return strings.Repeat("x", n) }
		text := func(n int) string { return fmt.Sprintf("text %q", x(n)) }
		bad := strings.Repeat("\xff", limit+1)
		// begun and ended are what is told of a message that passes by.
		begun := func(kind string, size int, shown string) string {
			return fmt.Sprintf("oversize %s %d %q", kind, size, shown)
		}
		ended := func(kind string, size int, shown string) string {
			return fmt.Sprintf("end of %s %d %q", kind, size, shown)
		}
		shown := x(512)
		for _, tt := range []struct {
			name    string
			in      []byte
			refused int // the message breaks the limit with the header that ends here
			want    []string
		}{
			{"at the limit", join(fin(opText, x(limit)), fin(opText, "b")), 0, []string{text(limit), `text "b"`}},
			{"fragments at the limit", join(part(opText, x(limit-1)), fin(opContinuation, "x"), fin(opText, "b")), 0, []string{text(limit), `text "b"`}},
			{"fragments at the limit and an empty one", join(part(opText, x(limit)), fin(opContinuation, "")), 0, []string{text(limit)}},
			{"each message has the limit for itself", join(part(opText, x(600)), fin(opContinuation, ""), part(opText, x(600)), fin(opContinuation, "")), 0, []string{text(600), text(600)}},
			{"one above", join(fin(opText, x(limit+1)), fin(opText, "b")), len(header(server, 0x81, limit+1)),
				[]string{begun("text", limit+1, shown), ended("text", limit+1, shown), `text "b"`}},
			{"binary", join(fin(opBinary, x(70_000)), fin(opText, "b")), len(header(server, 0x82, 70_000)),
				[]string{begun("binary", 70_000, shown), ended("binary", 70_000, shown), `text "b"`}},
			{"two in a row", join(fin(opText, x(2000)), fin(opBinary, x(3000)), fin(opText, "b")), len(header(server, 0x81, 2000)),
				[]string{begun("text", 2000, shown), ended("text", 2000, shown), begun("binary", 3000, shown), ended("binary", 3000, shown), `text "b"`}},
			{"what is let pass is not read", join(fin(opText, bad), fin(opText, "b")), len(header(server, 0x81, limit+1)),
				[]string{begun("text", limit+1, bad[:512]), ended("text", limit+1, bad[:512]), `text "b"`}},
			{"first fragment above", join(part(opText, x(limit+1)), fin(opContinuation, "x"), fin(opText, "b")), len(header(server, 0x01, limit+1)),
				[]string{begun("text", limit+1, shown), ended("text", limit+2, "x"), `text "b"`}},
			{"last fragment above", join(part(opText, x(900)), fin(opContinuation, x(101)), fin(opText, "b")), len(part(opText, x(900))) + len(header(server, 0x80, 101)),
				[]string{begun("text", limit+1, shown), ended("text", limit+1, x(101)), `text "b"`}},
			{"small fragments behind", join(part(opBinary, x(limit)), part(opContinuation, "x"), part(opContinuation, ""), part(opContinuation, "x"), fin(opContinuation, ""), fin(opText, "b")), len(part(opBinary, x(limit))) + len(header(server, 0x00, 1)),
				[]string{begun("binary", limit+1, shown), ended("binary", limit+2, ""), `text "b"`}},
			{"control frames between", join(
				part(opText, x(limit)), fin(opPing, "1"), part(opContinuation, x(200)), fin(opPong, "2"), part(opContinuation, "x"), fin(opPing, "3"), fin(opContinuation, ""), fin(opText, "b"),
			), len(part(opText, x(limit))) + len(fin(opPing, "1")) + len(header(server, 0x00, 200)),
				[]string{`ping "1"`, begun("text", limit+200, shown), `pong "2"`, `ping "3"`, ended("text", limit+201, ""), `text "b"`}},
			{"close between", join(part(opText, x(limit+1)), fin(opClose, "")), len(header(server, 0x01, limit+1)), []string{begun("text", limit+1, shown), `close 1005 ""`}},
			{"cut character before", join(part(opText, "a\xe2"), fin(opContinuation, x(limit)), fin(opText, "é")), len(part(opText, "a\xe2")) + len(header(server, 0x80, limit)),
				[]string{begun("text", limit+2, "a\xe2"), ended("text", limit+2, shown), `text "é"`}},
			{"fragmented message behind", join(part(opText, x(900)), fin(opContinuation, x(900)), part(opText, "é"), fin(opContinuation, "b")), len(part(opText, x(900))) + len(header(server, 0x80, 900)),
				[]string{begun("text", 1800, shown), ended("text", 1800, shown), `text "éb"`}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				for _, size := range sizes {
					f := feeder{p: &websocket.Parser{Server: server, MaxMessage: limit, SkipOversize: true}}
					if err := f.feedPieces(tt.in, size); err != nil {
						t.Fatalf("skipping, pieces of %d: %v", size, err)
					}
					if !slices.Equal(f.items, tt.want) {
						t.Fatalf("skipping, pieces of %d: got %.300q, want %.300q", size, f.items, tt.want)
					}

					f = feeder{p: &websocket.Parser{Server: server, MaxMessage: limit}}
					err := f.feedPieces(tt.in, size)
					if refused := err == error(websocket.ErrTooBig); err != nil && !refused || refused != (tt.refused > 0) {
						t.Fatalf("pieces of %d: %v", size, err)
					}
				}
				if tt.refused == 0 {
					return
				}
				// The header is enough to refuse it.
				f := feeder{p: &websocket.Parser{Server: server, MaxMessage: limit}}
				if err := f.feedPieces(tt.in[:tt.refused-1], 1); err != nil {
					t.Fatalf("before the header is whole: %v", err)
				}
				if err := f.feed(tt.in[tt.refused-1 : tt.refused]); err != error(websocket.ErrTooBig) {
					t.Fatalf("with the header: %v", err)
				}
			})
		}
	})
}

func TestDefaultMaxMessage(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, -1} {
		for length, want := range map[uint64]error{
			websocket.DefaultMaxMessage: nil, websocket.DefaultMaxMessage + 1: websocket.ErrTooBig, math.MaxInt64: websocket.ErrTooBig,
		} {
			p := websocket.Parser{MaxMessage: limit}
			if _, _, err := p.Next(header(false, 0x82, length)); err != want {
				t.Errorf("MaxMessage %d, message of %d bytes: %v", limit, length, err)
			}
		}
	}
}

// What is shown of a message that passes by is its own text, the same however
// it is cut, and needs no buffer larger than that and a header.
func TestOversizeShows(t *testing.T) {
	t.Parallel()
	text := make([]byte, 5000)
	for i := range text {
		text[i] = byte(i * 7 % 251)
	}
	bothRoles(t, func(t *testing.T, server bool) {
		const limit = 100
		for _, tt := range []struct {
			name       string
			parts      []int // lengths of the fragments
			begin, end [2]int
			told       int // size in the first item
		}{
			{"all of a short one, twice", []int{101}, [2]int{0, 101}, [2]int{0, 101}, 101},
			{"one that has the length shown", []int{512}, [2]int{0, 512}, [2]int{0, 512}, 512},
			{"one byte more", []int{513}, [2]int{0, 512}, [2]int{1, 513}, 513},
			{"overlap", []int{700}, [2]int{0, 512}, [2]int{188, 700}, 700},
			{"one after the other", []int{1024}, [2]int{0, 512}, [2]int{512, 1024}, 1024},
			{"something between", []int{1025}, [2]int{0, 512}, [2]int{513, 1025}, 1025},
			{"long", []int{5000}, [2]int{0, 512}, [2]int{4488, 5000}, 5000},
			{"two fragments", []int{2000, 3000}, [2]int{0, 512}, [2]int{4488, 5000}, 2000},
			{"end in a short fragment", []int{2000, 2000, 30}, [2]int{0, 512}, [2]int{4000, 4030}, 2000},
			{"end in an empty fragment", []int{2000, 0}, [2]int{0, 512}, [2]int{2000, 2000}, 2000},
			{"begins with an empty fragment", []int{0, 600}, [2]int{0, 512}, [2]int{88, 600}, 600},
			{"begins with a fragment that fits", []int{10, 20, 1000, 700}, [2]int{0, 30}, [2]int{1218, 1730}, 1030},
			{"short fragments", []int{60, 60}, [2]int{0, 60}, [2]int{60, 120}, 120},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				var in []byte
				size := 0
				for i, n := range tt.parts {
					first := byte(opContinuation)
					if i == 0 {
						first = opBinary
					}
					if i == len(tt.parts)-1 {
						first |= 0x80
					}
					in = append(in, raw(server, first, string(text[size:size+n]))...)
					size += n
				}
				want := []string{
					fmt.Sprintf("oversize binary %d %q", tt.told, text[tt.begin[0]:tt.begin[1]]),
					fmt.Sprintf("end of binary %d %q", size, text[tt.end[0]:tt.end[1]]),
				}
				for _, piece := range append([]int{511, 512, 513}, sizes...) {
					f := feeder{p: &websocket.Parser{Server: server, MaxMessage: limit, SkipOversize: true}}
					for rest := in; len(rest) > 0; {
						n := min(piece, len(rest))
						if err := f.feed(rest[:n]); err != nil {
							t.Fatalf("pieces of %d: %v", piece, err)
						}
						if len(f.b) >= websocket.OversizeShown+14 {
							t.Fatalf("pieces of %d: %d bytes are kept waiting", piece, len(f.b))
						}
						rest = rest[n:]
					}
					if !slices.Equal(f.items, want) || f.used != len(in) {
						t.Fatalf("pieces of %d: got %.300q, want %.300q", piece, f.items, want)
					}
				}
			})
		}
	})
}

// The beginning is told as soon as it is there, long before the rest.
func TestOversizeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	bothRoles(t, func(t *testing.T, server bool) {
		in := fin(server, opText, strings.Repeat("x", 100_000))
		begin := len(in) - 100_000 + websocket.OversizeShown
		f := feeder{p: &websocket.Parser{Server: server, MaxMessage: 1000, SkipOversize: true}}
		if err := f.feed(in[:begin-1]); err != nil || len(f.items) > 0 || f.p.Need() != begin {
			t.Errorf("one byte early: %.50q, %v, needs %d", f.items, err, f.p.Need())
		}
		if err := f.feed(in[begin-1 : begin]); err != nil || len(f.items) != 1 || f.p.Need() != 0 {
			t.Errorf("got %.50q, %v, needs %d", f.items, err, f.p.Need())
		}
		if err := f.feed(in[begin : len(in)-1]); err != nil || len(f.items) != 1 || f.p.Need() != websocket.OversizeShown {
			t.Errorf("but for the last byte: %.50q, %v, needs %d", f.items, err, f.p.Need())
		}
		if err := f.feed(in[len(in)-1:]); err != nil || len(f.items) != 2 || f.p.Need() != 0 {
			t.Errorf("all of it: %.50q, %v, needs %d", f.items, err, f.p.Need())
		}
	})
}

// What passes by is used as it comes, and takes no memory of the parser's.
func TestSkippingAllocatesNothing(t *testing.T) {
	for _, server := range []bool{false, true} {
		in := fin(server, opText, strings.Repeat("x", 400_000))
		buffer := make([]byte, 1024)
		if n := testing.AllocsPerRun(10, func() {
			p := websocket.Parser{Server: server, MaxMessage: 1000, SkipOversize: true}
			kinds, held := [5]int{}, 0
			for rest := in; ; {
				n := copy(buffer[held:], rest)
				rest, held = rest[n:], held+n
				used, item, err := p.Next(buffer[:held])
				if err != nil {
					t.Fatal(err)
				}
				kinds[item.Kind]++
				held = copy(buffer, buffer[used:held])
				if item.Kind == websocket.OversizeEnd {
					break
				}
			}
			if kinds[websocket.Oversize] != 1 || kinds[websocket.Message] != 0 || held > 0 {
				t.Fatalf("found %v, %d bytes left", kinds, held)
			}
		}); n != 0 {
			t.Errorf("server %v: %v allocations", server, n)
		}
	}
}

// A message may be let pass for ever. Its size is counted as far as an int of
// 32 bits safely can, and it never turns into a message that was received.
func TestSkippingCountsSafely(t *testing.T) {
	t.Parallel()
	const largest = 1<<30 - 1
	p := websocket.Parser{SkipOversize: true}
	zeros := make([]byte, 1<<20)
	// send returns the last thing found in a frame of zeros.
	send := func(first byte, length int) (last websocket.Item) {
		b := header(false, first, uint64(length))
		length += len(b)
		b = append(b, zeros...)
		for length > 0 {
			b = b[:min(len(b), length)]
			used, item, err := p.Next(b)
			if err != nil {
				t.Fatal(err)
			}
			if item.Kind != websocket.None {
				last = item
			} else if used == 0 {
				t.Fatalf("nothing used of %d bytes", len(b))
			}
			length -= used
			b = zeros
		}
		return last
	}
	if item := send(0x01, largest); item.Kind != websocket.Oversize || item.Size != largest {
		t.Fatalf("first fragment: %.50s", describe(item))
	}
	for range 2 {
		if item := send(0x00, largest); item.Kind != websocket.None {
			t.Fatalf("fragment: %.50s", describe(item))
		}
	}
	if item := send(0x80, largest); item.Kind != websocket.OversizeEnd || item.Size != largest {
		t.Errorf("end: %.50s", describe(item))
	}
	if item := send(0x81, 0); describe(item) != `text ""` {
		t.Errorf("the message behind it: %s", describe(item))
	}
	for _, length := range []uint64{largest + 1, 1 << 31, 1 << 32, math.MaxInt64} {
		p := websocket.Parser{SkipOversize: true}
		if _, _, err := p.Next(header(false, 0x81, length)); err != error(websocket.ErrTooBig) {
			t.Errorf("frame of %d bytes: %v", length, err)
		}
	}
}

// TestBoundlessLimit checks that a length is refused for what it is by a parser
// that is to take whatever comes: 2^63-1 bytes and a header are no int.
func TestBoundlessLimit(t *testing.T) {
	t.Parallel()
	for _, length := range []uint64{1 << 30, 1<<31 - 1, 1<<63 - 1} {
		for _, skip := range []bool{false, true} {
			p := websocket.Parser{MaxMessage: math.MaxInt, SkipOversize: skip}
			header := binary.BigEndian.AppendUint64([]byte{0x81, 127}, length)
			if _, _, err := p.Next(header); err != websocket.ErrTooBig {
				t.Errorf("a frame of %d bytes: %v, and it needs %d", length, err, p.Need())
			}
		}
	}
}
