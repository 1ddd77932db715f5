package websocket_test

import (
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
				[]string{fmt.Sprintf("oversize text %d", limit+1), `text "b"`}},
			{"binary", join(fin(opBinary, x(70_000)), fin(opText, "b")), len(header(server, 0x82, 70_000)),
				[]string{"oversize binary 70000", `text "b"`}},
			{"two in a row", join(fin(opText, x(2000)), fin(opBinary, x(3000)), fin(opText, "b")), len(header(server, 0x81, 2000)),
				[]string{"oversize text 2000", "oversize binary 3000", `text "b"`}},
			{"what is let pass is not read", join(fin(opText, bad), fin(opText, "b")), len(header(server, 0x81, limit+1)),
				[]string{fmt.Sprintf("oversize text %d", limit+1), `text "b"`}},
			{"first fragment above", join(part(opText, x(limit+1)), fin(opContinuation, "x"), fin(opText, "b")), len(header(server, 0x01, limit+1)),
				[]string{fmt.Sprintf("oversize text %d", limit+2), `text "b"`}},
			{"last fragment above", join(part(opText, x(900)), fin(opContinuation, x(101)), fin(opText, "b")), len(part(opText, x(900))) + len(header(server, 0x80, 101)),
				[]string{fmt.Sprintf("oversize text %d", limit+1), `text "b"`}},
			{"small fragments behind", join(part(opBinary, x(limit)), part(opContinuation, "x"), part(opContinuation, ""), part(opContinuation, "x"), fin(opContinuation, ""), fin(opText, "b")), len(part(opBinary, x(limit))) + len(header(server, 0x00, 1)),
				[]string{fmt.Sprintf("oversize binary %d", limit+2), `text "b"`}},
			{"control frames between", join(
				part(opText, x(limit)), fin(opPing, "1"), part(opContinuation, x(200)), fin(opPong, "2"), part(opContinuation, "x"), fin(opPing, "3"), fin(opContinuation, ""), fin(opText, "b"),
			), len(part(opText, x(limit))) + len(fin(opPing, "1")) + len(header(server, 0x00, 200)),
				[]string{`ping "1"`, `pong "2"`, `ping "3"`, fmt.Sprintf("oversize text %d", limit+201), `text "b"`}},
			{"close between", join(part(opText, x(limit+1)), fin(opClose, "")), len(header(server, 0x01, limit+1)), []string{`close 1005 ""`}},
			{"cut character before", join(part(opText, "a\xe2"), fin(opContinuation, x(limit)), fin(opText, "é")), len(part(opText, "a\xe2")) + len(header(server, 0x80, limit)),
				[]string{fmt.Sprintf("oversize text %d", limit+2), `text "é"`}},
			{"fragmented message behind", join(part(opText, x(900)), fin(opContinuation, x(900)), part(opText, "é"), fin(opContinuation, "b")), len(part(opText, x(900))) + len(header(server, 0x80, 900)),
				[]string{"oversize text 1800", `text "éb"`}},
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

// What is let pass is used as it comes, and takes no memory of the parser's.
func TestSkippingAllocatesNothing(t *testing.T) {
	const chunks = 100
	in := [][]byte{header(false, 0x02, chunks*4096)}
	in = append(in, slices.Repeat([][]byte{make([]byte, 4096)}, chunks)...)
	in = append(in, header(false, 0x80, 0))
	if n := testing.AllocsPerRun(10, func() {
		p := websocket.Parser{MaxMessage: 1000, SkipOversize: true}
		for i, b := range in {
			used, item, err := p.Next(b)
			if err != nil || used != len(b) || (item.Kind == websocket.Oversize) != (i == len(in)-1) {
				t.Fatalf("piece %d: used %d of %d, %s, %v", i, used, len(b), describe(item), err)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A message may be let pass for ever. Its size is counted as far as an int of
// 32 bits safely can, and it never turns into a message that was received.
func TestSkippingCountsSafely(t *testing.T) {
	t.Parallel()
	const largest = 1<<30 - 1
	p := websocket.Parser{SkipOversize: true}
	chunk := make([]byte, 1<<20)
	send := func(first byte, length int) (websocket.Item, error) {
		b := header(false, first, uint64(length))
		used, item, err := p.Next(b)
		for err == nil && item.Kind == websocket.None && length > 0 {
			if used != len(b) {
				t.Fatalf("used %d of %d", used, len(b))
			}
			b = chunk[:min(len(chunk), length)]
			length -= len(b)
			used, item, err = p.Next(b)
		}
		return item, err
	}
	for _, first := range []byte{0x01, 0x00, 0x00} {
		if item, err := send(first, largest); err != nil || item.Kind != websocket.None {
			t.Fatalf("fragment: %s, %v", describe(item), err)
		}
	}
	item, err := send(0x80, largest)
	if got, want := describe(item), fmt.Sprintf("oversize text %d", largest); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if item, err := send(0x81, 0); err != nil || describe(item) != `text ""` {
		t.Errorf("the message behind it: %s, %v", describe(item), err)
	}
	for _, length := range []uint64{largest + 1, 1 << 31, 1 << 32, math.MaxInt64} {
		p := websocket.Parser{SkipOversize: true}
		if _, _, err := p.Next(header(false, 0x81, length)); err != error(websocket.ErrTooBig) {
			t.Errorf("frame of %d bytes: %v", length, err)
		}
	}
}
