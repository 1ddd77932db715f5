package websocket_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/websocket"
)

// The rules that the Autobahn test suite checks, under its numbers, for both
// roles: what the parser finds in each case's frames, and with which byte it
// refuses those that break a rule. How an endpoint answers is checked by the
// tests of the echo program.

// suiteCase is what a peer sends, and what is found in it.
type suiteCase struct {
	name string
	in   []byte
	want []string
	// err is what ends it, with byte at, counted from 1; 0: with the last one.
	err *websocket.Error
	at  int
}

// run feeds the case in pieces of many sizes: the suite has cases that are
// chopped by frames or by octets, and it must make no difference.
func (c *suiteCase) run(t *testing.T, server bool) {
	t.Helper()
	at := c.at
	if at == 0 {
		at = len(c.in)
	}
	for _, size := range append([]int{997}, sizes...) {
		if size < len(c.in)/2000 {
			continue // long input byte by byte shows nothing new
		}
		f := feeder{p: &websocket.Parser{Server: server}}
		err := f.feedPieces(c.in, size)
		if c.err == nil && err != nil || c.err != nil && err != error(c.err) {
			t.Fatalf("pieces of %d: got %v, want %v", size, err, c.err)
		}
		if !slices.Equal(f.items, c.want) {
			t.Fatalf("pieces of %d: got %.200q, want %.200q", size, f.items, c.want)
		}
		if c.err == nil && f.used != len(c.in) {
			t.Fatalf("pieces of %d: used %d bytes of %d", size, f.used, len(c.in))
		}
	}
	if c.err == nil {
		return
	}
	f := feeder{p: &websocket.Parser{Server: server}}
	if err := f.feedPieces(c.in[:at-1], 1); err != nil {
		t.Fatalf("refused before byte %d: %v", at, err)
	}
	if err := f.feed(c.in[at-1 : at]); err != error(c.err) {
		t.Fatalf("at byte %d: got %v, want %v", at, err, c.err)
	}
}

func runSuite(t *testing.T, cases func(server bool) []suiteCase) {
	t.Helper()
	t.Parallel()
	bothRoles(t, func(t *testing.T, server bool) {
		for _, c := range cases(server) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, server)
			})
		}
	})
}

func TestSuiteFraming(t *testing.T) { // 1.*
	runSuite(t, func(server bool) (cases []suiteCase) {
		for i, n := range []int{0, 125, 126, 127, 128, 65535, 65536, 65536} {
			text, octets := strings.Repeat("*", n), strings.Repeat("\xfe", n)
			cases = append(cases,
				suiteCase{fmt.Sprintf("1.1.%d text of %d", i+1, n), fin(server, opText, text), []string{fmt.Sprintf("text %q", text)}, nil, 0},
				suiteCase{fmt.Sprintf("1.2.%d binary of %d", i+1, n), fin(server, opBinary, octets), []string{fmt.Sprintf("binary %q", octets)}, nil, 0})
		}
		return cases
	})
}

func TestSuitePings(t *testing.T) { // 2.*
	runSuite(t, func(server bool) []suiteCase {
		ping := func(payload string) []byte { return fin(server, opPing, payload) }
		pong := func(payload string) []byte { return fin(server, opPong, payload) }
		long := strings.Repeat("\xfe", 125)
		var ten []byte
		var wantTen []string
		for i := range 10 {
			ten = append(ten, ping(fmt.Sprintf("payload-%d", i))...)
			wantTen = append(wantTen, fmt.Sprintf(`ping "payload-%d"`, i))
		}
		return []suiteCase{
			{"2.1 ping without payload", ping(""), []string{`ping ""`}, nil, 0},
			{"2.2 ping with text", ping("Hello, world!"), []string{`ping "Hello, world!"`}, nil, 0},
			{"2.3 ping with octets that are no text", ping("\x00\xff\xfe\xfd\xfc\xfb\x00\xff"), []string{`ping "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"`}, nil, 0},
			{"2.4 longest ping", ping(long), []string{fmt.Sprintf("ping %q", long)}, nil, 0},
			{"2.5 ping too long", ping(long + "\xfe"), nil, websocket.ErrControl, 2},
			{"2.6 longest ping in octets", ping(long), []string{fmt.Sprintf("ping %q", long)}, nil, 0},
			{"2.7 pong that nobody asked for", pong(""), []string{`pong ""`}, nil, 0},
			{"2.8 pong with payload that nobody asked for", pong("unsolicited"), []string{`pong "unsolicited"`}, nil, 0},
			{"2.9 such a pong, then a ping", join(pong("unsolicited"), ping("p")), []string{`pong "unsolicited"`, `ping "p"`}, nil, 0},
			{"2.10 ten pings", ten, wantTen, nil, 0},
			{"2.11 ten pings in octets", ten, wantTen, nil, 0},
		}
	})
}

func TestSuiteReserved(t *testing.T) { // 3.* and 4.*
	runSuite(t, func(server bool) []suiteCase {
		hello, ping := fin(server, opText, "Hello, world!"), fin(server, opPing, "")
		found := []string{`text "Hello, world!"`}
		// bits and op make a frame that breaks the rule, with more behind it.
		bits := func(rsv, op byte, payload string) []byte {
			return join(raw(server, 0x80|rsv<<4|op, payload), ping)
		}
		op := func(op byte, payload string) []byte { return join(fin(server, op, payload), ping) }
		behind := len(hello)
		return []suiteCase{
			{"3.1 text with RSV 1", bits(1, opText, "Hello, world!"), nil, websocket.ErrReserved, 1},
			{"3.2 text, then text with RSV 2", join(hello, bits(2, opText, "x")), found, websocket.ErrReserved, behind + 1},
			{"3.3 text, then text with RSV 3", join(hello, bits(3, opText, "x")), found, websocket.ErrReserved, behind + 1},
			{"3.4 text, then text with RSV 4", join(hello, bits(4, opText, "x")), found, websocket.ErrReserved, behind + 1},
			{"3.5 binary with RSV 5", bits(5, opBinary, "\x00\xff"), nil, websocket.ErrReserved, 1},
			{"3.6 ping with RSV 6", bits(6, opPing, "x"), nil, websocket.ErrReserved, 1},
			{"3.7 close with RSV 7", bits(7, opClose, ""), nil, websocket.ErrReserved, 1},
			{"4.1.1 opcode 3", op(3, ""), nil, websocket.ErrOpcode, 2},
			{"4.1.2 opcode 4 with payload", op(4, "reserved"), nil, websocket.ErrOpcode, 2},
			{"4.1.3 text, then opcode 5", join(hello, op(5, "")), found, websocket.ErrOpcode, behind + 2},
			{"4.1.4 text, then opcode 6 with payload", join(hello, op(6, "x")), found, websocket.ErrOpcode, behind + 2},
			{"4.1.5 text, then opcode 7 with payload", join(hello, op(7, "x")), found, websocket.ErrOpcode, behind + 2},
			{"4.2.1 opcode 11", op(11, ""), nil, websocket.ErrOpcode, 2},
			{"4.2.2 opcode 12 with payload", op(12, "reserved"), nil, websocket.ErrOpcode, 2},
			{"4.2.3 text, then opcode 13", join(hello, op(13, "")), found, websocket.ErrOpcode, behind + 2},
			{"4.2.4 text, then opcode 14 with payload", join(hello, op(14, "x")), found, websocket.ErrOpcode, behind + 2},
			{"4.2.5 text, then opcode 15 with payload", join(hello, op(15, "x")), found, websocket.ErrOpcode, behind + 2},
		}
	})
}

func TestSuiteFragmentation(t *testing.T) { // 5.*
	runSuite(t, func(server bool) []suiteCase {
		fin := func(op byte, payload string) []byte { return fin(server, op, payload) }
		part := func(op byte, payload string) []byte { return part(server, op, payload) }
		two := join(part(opText, "fragment1"), fin(opContinuation, "fragment2"))
		between := join(part(opText, "fragment1"), fin(opPing, "ping"), fin(opContinuation, "fragment2"))
		whole := `text "fragment1fragment2"`
		pings := join(
			part(opText, "1"), part(opContinuation, "2"), fin(opPing, "a"),
			part(opContinuation, "3"), part(opContinuation, "4"), fin(opPing, "b"), fin(opContinuation, "5"))
		wantPings := []string{`ping "a"`, `ping "b"`, `text "12345"`}
		return []suiteCase{
			{"5.1 ping in two fragments", join(part(opPing, "fragment1"), fin(opContinuation, "fragment2")), nil, websocket.ErrControl, 2},
			{"5.2 pong in two fragments", join(part(opPong, "fragment1"), fin(opContinuation, "fragment2")), nil, websocket.ErrControl, 2},
			{"5.3 text in two fragments", two, []string{whole}, nil, 0},
			{"5.4 the same chopped by frames", two, []string{whole}, nil, 0},
			{"5.5 the same chopped by octets", two, []string{whole}, nil, 0},
			{"5.6 ping between the fragments", between, []string{`ping "ping"`, whole}, nil, 0},
			{"5.7 the same chopped by frames", between, []string{`ping "ping"`, whole}, nil, 0},
			{"5.8 the same chopped by octets", between, []string{`ping "ping"`, whole}, nil, 0},
			{"5.9 last continuation of nothing", join(fin(opContinuation, "x"), fin(opText, "Hello")), nil, websocket.ErrContinuation, 2},
			{"5.10 the same chopped by frames", join(fin(opContinuation, "x"), fin(opText, "Hello")), nil, websocket.ErrContinuation, 2},
			{"5.11 the same chopped by octets", join(fin(opContinuation, "x"), fin(opText, "Hello")), nil, websocket.ErrContinuation, 2},
			{"5.12 continuation of nothing", join(part(opContinuation, "x"), fin(opText, "Hello")), nil, websocket.ErrContinuation, 2},
			{"5.13 the same chopped by frames", join(part(opContinuation, "x"), fin(opText, "Hello")), nil, websocket.ErrContinuation, 2},
			{"5.14 the same chopped by octets", join(part(opContinuation, "x"), fin(opText, "Hello")), nil, websocket.ErrContinuation, 2},
			{"5.15 continuation behind the last fragment", join(two, part(opContinuation, "fragment3"), fin(opText, "Hello")), []string{whole}, websocket.ErrContinuation, len(two) + 2},
			{"5.16 continuation of nothing, then a fragmented text, twice", join(part(opContinuation, "1"), part(opText, "2"), fin(opContinuation, "3"), part(opContinuation, "1"), part(opText, "2"), fin(opContinuation, "3")), nil, websocket.ErrContinuation, 2},
			{"5.17 last continuation of nothing, then a fragmented text, twice", join(fin(opContinuation, "1"), part(opText, "2"), fin(opContinuation, "3"), fin(opContinuation, "1"), part(opText, "2"), fin(opContinuation, "3")), nil, websocket.ErrContinuation, 2},
			{"5.18 two fragments that both say text", join(part(opText, "fragment1"), fin(opText, "fragment2")), nil, websocket.ErrInterleaved, len(part(opText, "fragment1")) + 2},
			{"5.19 five fragments with pings between", pings, wantPings, nil, 0},
			{"5.20 the same at once", pings, wantPings, nil, 0},
		}
	})
}

func TestSuiteClosing(t *testing.T) { // 7.*
	runSuite(t, func(server bool) []suiteCase {
		fin := func(op byte, payload string) []byte { return fin(server, op, payload) }
		bye := func(code int, reason string) []byte { return fin(opClose, closePayload(code, reason)) }
		x := func(n int) string { return strings.Repeat("*", n) }
		cases := []suiteCase{
			{"7.1.1 text, then close", join(fin(opText, "Hello"), bye(1000, "")), []string{`text "Hello"`, `close 1000 ""`}, nil, 0},
			{"7.1.5 close between fragments", join(part(server, opText, "fragment1"), bye(1000, "")), []string{`close 1000 ""`}, nil, 0},
			{"7.3.1 no payload", fin(opClose, ""), []string{`close 1005 ""`}, nil, 0},
			{"7.3.2 payload of 1", fin(opClose, "a"), nil, websocket.ErrClosePayload, 0},
			{"7.3.3 payload of 2", bye(1000, ""), []string{`close 1000 ""`}, nil, 0},
			{"7.3.4 with a reason", bye(1000, "Hello World!"), []string{`close 1000 "Hello World!"`}, nil, 0},
			{"7.3.5 with the longest reason", bye(1000, x(123)), []string{fmt.Sprintf("close 1000 %q", x(123))}, nil, 0},
			{"7.3.6 with a reason too long", bye(1000, x(124)), nil, websocket.ErrControl, 2},
			{"7.5.1 reason that is no UTF-8", bye(1000, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"), nil, websocket.ErrUTF8, 0},
		}
		for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
			cases = append(cases, suiteCase{fmt.Sprintf("7.7.%d code %d", i+1, code), bye(code, ""), []string{fmt.Sprintf(`close %d ""`, code)}, nil, 0})
		}
		for i, code := range []int{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999} {
			cases = append(cases, suiteCase{fmt.Sprintf("7.9.%d code %d", i+1, code), bye(code, ""), nil, websocket.ErrCloseCode, 0})
		}
		for i, code := range []int{5000, 65535} {
			cases = append(cases, suiteCase{fmt.Sprintf("7.13.%d code %d", i+1, code), bye(code, ""), nil, websocket.ErrCloseCode, 0})
		}
		return cases
	})
}

// Sizes up to 16 MiB, whole, in fragments and in chops: of 9.* and 10.1.1 the
// smallest and the largest of each kind.
func TestSuiteLimits(t *testing.T) {
	t.Parallel()
	forms := []struct {
		name                 string
		op                   byte
		size, fragment, chop int
	}{
		{"9.1.1 text of 64 KiB", opText, 64 << 10, 64 << 10, 0},
		{"9.1.6 text of 16 MiB", opText, 16 << 20, 16 << 20, 0},
		{"9.2.1 binary of 64 KiB", opBinary, 64 << 10, 64 << 10, 0},
		{"9.3.1 text in fragments of 64 bytes", opText, 4 << 20, 64, 0},
		{"9.3.9 text in a fragment of 4 MiB", opText, 4 << 20, 4 << 20, 0},
		{"9.4.8 binary in fragments of 1 MiB", opBinary, 4 << 20, 1 << 20, 0},
		{"9.5.1 text in chops of 64 bytes", opText, 1 << 20, 1 << 20, 64},
		{"9.6.6 binary in chops of 2 KiB", opBinary, 1 << 20, 1 << 20, 2 << 10},
		{"10.1.1 text in fragments of 1300 bytes", opText, 64 << 10, 1300, 0},
	}
	const most = 16 << 20
	text := strings.Repeat("BAsd7&jh23", most/10+1)[:most]
	bothRoles(t, func(t *testing.T, server bool) {
		for _, form := range forms { // one after the other, for the memory
			t.Run(form.name, func(t *testing.T) {
				mask := (*[4]byte)(nil)
				if server {
					mask = &key
				}
				op, in := form.op, []byte(nil)
				for start := 0; start < form.size; start += form.fragment {
					end := min(start+form.fragment, form.size)
					at := len(in)
					in = websocket.AppendFrame(in, websocket.Opcode(op), text[start:end], mask)
					if end < form.size {
						in[at] &^= 0x80
					}
					op = opContinuation
				}
				p := websocket.Parser{Server: server, MaxMessage: most}
				chop := form.chop
				if chop == 0 {
					chop = 997 << 10
				}
				for come := 0; ; {
					come = min(come+chop, len(in))
					used, item, err := p.Next(in[:come])
					if err != nil {
						t.Fatal(err)
					}
					in, come = in[used:], come-used
					if item.Kind == websocket.None {
						if come == len(in) {
							t.Fatal("nothing was found")
						}
						continue
					}
					if item.Kind != websocket.Message || item.Opcode != websocket.Opcode(form.op) || string(item.Payload) != text[:form.size] || len(in) > 0 {
						t.Fatalf("found %.80s and %d bytes more", describe(item), len(in))
					}
					return
				}
			})
		}
	})
}
