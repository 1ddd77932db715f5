package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"

	"github.com/thimble-go/thimble/internal/websocket"
)

// testCase is what a fuzzing peer does on one connection, of either role. The
// names carry the numbers of the suite's cases that they stand for.
type testCase struct {
	name string
	send []frame
	chop int      // writes of so many bytes; 0: everything at once
	want []string // what must come back before the close frame
	code int      // of the close frame that must come back
}

// frame is one frame octet by octet, apart from the code under test.
type frame struct {
	first   byte
	payload string
	missing int // so many bytes at the end are never sent
}

// First octets.
const (
	text     = 0x81
	binary_  = 0x82
	closing  = 0x88
	ping     = 0x89
	pong     = 0x8A
	textPart = 0x01
	binPart  = 0x02
	contPart = 0x00
	contLast = 0x80
)

var testKey = [4]byte{0xA1, 0x02, 0x7F, 0xFE}

func (f frame) append(b []byte, masked bool) []byte {
	var mask byte
	if masked {
		mask = 0x80
	}
	b = append(b, f.first)
	switch n := len(f.payload); {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if !masked {
		return append(b, f.payload[:len(f.payload)-f.missing]...)
	}
	b = append(b, testKey[:]...)
	for i := range len(f.payload) - f.missing {
		b = append(b, f.payload[i]^testKey[i%4])
	}
	return b
}

func closeFrame(code int, reason string) frame {
	return frame{first: closing, payload: string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason}
}

// told says in short what a frame holds, so that 16 MiB can be compared and
// shown.
func told(op websocket.Opcode, payload []byte) string {
	name := map[websocket.Opcode]string{websocket.Text: "text", websocket.Binary: "binary", websocket.Pong: "pong"}[op]
	if len(payload) <= 130 {
		return fmt.Sprintf("%s %q", name, payload)
	}
	return fmt.Sprintf("%s of %d bytes, %08x", name, len(payload), crc32.ChecksumIEEE(payload))
}

func toldText(s string) string   { return told(websocket.Text, []byte(s)) }
func toldBinary(s string) string { return told(websocket.Binary, []byte(s)) }
func toldPong(s string) string   { return told(websocket.Pong, []byte(s)) }

// chars is text of n bytes with characters of each length, so that borders of
// any kind fall into the middle of one.
func chars(n int) string {
	const unit = "aé€😀"
	return strings.Repeat(unit, n/len(unit)) + strings.Repeat("x", n%len(unit))
}

// fragments cuts a message into frames of n bytes.
func fragments(first byte, message string, n int) (frames []frame) {
	for len(message) > n {
		frames = append(frames, frame{first: first, payload: message[:n]})
		first, message = contPart, message[n:]
	}
	return append(frames, frame{first: first | 0x80, payload: message})
}

// allCases is a selection of what the suite does, and a little more.
var allCases = sync.OnceValue(func() []testCase {
	normal := closeFrame(1000, "")
	var cases []testCase
	add := func(c testCase) { cases = append(cases, c) }

	for i, n := range []int{0, 125, 126, 127, 65535, 65536} {
		add(testCase{name: fmt.Sprintf("1.1.%d text of %d bytes", i+1, n), send: []frame{{first: text, payload: chars(n)}, normal}, want: []string{toldText(chars(n))}, code: 1000})
		add(testCase{name: fmt.Sprintf("1.2.%d binary of %d bytes", i+1, n), send: []frame{{first: binary_, payload: strings.Repeat("\xfe", n)}, normal}, want: []string{toldBinary(strings.Repeat("\xfe", n))}, code: 1000})
	}
	add(testCase{name: "1.1.8 text of 65536 bytes in pieces of 997", send: []frame{{first: text, payload: chars(65536)}, normal}, chop: 997, want: []string{toldText(chars(65536))}, code: 1000})

	full := strings.Repeat("\xfe", 125)
	add(testCase{name: "2.1 empty ping", send: []frame{{first: ping}, normal}, want: []string{toldPong("")}, code: 1000})
	add(testCase{name: "2.4 ping of 125 bytes", send: []frame{{first: ping, payload: full}, normal}, want: []string{toldPong(full)}, code: 1000})
	add(testCase{name: "2.5 ping of 126 bytes", send: []frame{{first: ping, payload: full + "x"}}, code: 1002})
	add(testCase{name: "2.6 ping of 125 bytes, octet by octet", send: []frame{{first: ping, payload: full}, normal}, chop: 1, want: []string{toldPong(full)}, code: 1000})
	add(testCase{name: "2.9 pong that nobody asked for, and a ping", send: []frame{{first: pong, payload: "unasked"}, {first: ping, payload: "asked"}, normal}, want: []string{toldPong("asked")}, code: 1000})
	var pings []frame
	var pongs []string
	for i := range 10 {
		pings = append(pings, frame{first: ping, payload: fmt.Sprint("payload-", i)})
		pongs = append(pongs, toldPong(fmt.Sprint("payload-", i)))
	}
	add(testCase{name: "2.10 ten pings", send: append(pings, normal), want: pongs, code: 1000})

	add(testCase{name: "3.1 reserved bit", send: []frame{{first: text | 0x10, payload: "a"}}, code: 1002})
	for i, chop := range []int{0, 1} {
		add(testCase{name: fmt.Sprintf("3.%d reserved bit behind a message", 2+2*i), send: []frame{{first: text, payload: "good"}, {first: text | 0x20, payload: "bad"}, {first: ping}}, chop: chop, want: []string{toldText("good")}, code: 1002})
	}
	add(testCase{name: "4.1.3 reserved opcode behind a message", send: []frame{{first: text, payload: "good"}, {first: 0x85}, {first: ping}}, want: []string{toldText("good")}, code: 1002})
	add(testCase{name: "4.2.1 reserved control opcode", send: []frame{{first: 0x8B}}, code: 1002})

	add(testCase{name: "5.1 ping in two fragments", send: []frame{{first: 0x09, payload: "a"}, {first: contLast, payload: "b"}}, code: 1002})
	add(testCase{name: "5.7 ping between fragments", send: []frame{{first: textPart, payload: "he"}, {first: ping, payload: "p"}, {first: contLast, payload: "llo"}, normal}, want: []string{toldPong("p"), toldText("hello")}, code: 1000})
	add(testCase{name: "5.8 ping between fragments, octet by octet", send: []frame{{first: textPart, payload: "h\xc3"}, {first: ping, payload: "p"}, {first: contLast, payload: "\xa9llo"}, normal}, chop: 1, want: []string{toldPong("p"), toldText("héllo")}, code: 1000})
	add(testCase{name: "5.9 continuation of nothing", send: []frame{{first: contLast, payload: "a"}, {first: text, payload: "b"}}, code: 1002})
	add(testCase{name: "5.15 continuation behind the last fragment", send: []frame{{first: textPart, payload: "a"}, {first: contLast, payload: "b"}, {first: contPart, payload: "c"}, {first: text, payload: "d"}}, want: []string{toldText("ab")}, code: 1002})
	add(testCase{name: "5.18 text between fragments", send: []frame{{first: textPart, payload: "a"}, {first: text, payload: "b"}}, code: 1002})
	add(testCase{name: "5.19 five fragments and two pings", send: []frame{
		{first: binPart, payload: "1"}, {first: contPart, payload: "2"}, {first: ping, payload: "x"}, {first: contPart, payload: "3"}, {first: contPart, payload: "4"}, {first: ping, payload: "y"}, {first: contLast, payload: "5"}, normal,
	}, want: []string{toldPong("x"), toldPong("y"), toldBinary("12345")}, code: 1000})

	add(testCase{name: "6.2.4 text with a fragment for each octet", send: append(fragments(textPart, "aé€😀", 1), normal), want: []string{toldText("aé€😀")}, code: 1000})
	add(testCase{name: "6.3.1 surrogate", send: []frame{{first: text, payload: "é\xed\xa0\x80edited"}}, code: 1007})
	add(testCase{name: "6.4.1 bad octet, and the fragment goes on", send: []frame{{first: textPart, payload: "κόσμε"}, {first: contPart, payload: "\xf4\x90 and more", missing: 9}}, code: 1007})
	add(testCase{name: "6.4.3 bad octet, and the frame goes on", send: []frame{{first: text, payload: "κόσμε\xf4\x90\x80\x80edited", missing: 8}}, chop: 1, code: 1007})
	add(testCase{name: "6.6.1 character cut by the end", send: []frame{{first: text, payload: "a\xce"}}, code: 1007})
	add(testCase{name: "6 bad octet in binary", send: []frame{{first: binary_, payload: "\xff\xfe"}, normal}, want: []string{toldBinary("\xff\xfe")}, code: 1000})

	add(testCase{name: "7.1.1 message, then close", send: []frame{{first: text, payload: "a"}, normal}, want: []string{toldText("a")}, code: 1000})
	add(testCase{name: "7.1.3 ping behind the close", send: []frame{normal, {first: ping}}, code: 1000})
	add(testCase{name: "7.1.4 text behind the close", send: []frame{normal, {first: text, payload: "late"}}, code: 1000})
	add(testCase{name: "7.1.5 close between fragments", send: []frame{{first: textPart, payload: "a"}, normal, {first: contLast, payload: "b"}}, code: 1000})
	add(testCase{name: "7.1.6 256 KiB, close, ping", send: []frame{{first: text, payload: chars(1 << 18)}, normal, {first: ping}}, want: []string{toldText(chars(1 << 18))}, code: 1000})
	add(testCase{name: "7.3.1 close without a code", send: []frame{{first: closing}}, code: 1005})
	add(testCase{name: "7.3.2 close with half a code", send: []frame{{first: closing, payload: "a"}}, code: 1002})
	add(testCase{name: "7.3.5 close with the longest reason", send: []frame{closeFrame(1000, strings.Repeat("*", 123))}, code: 1000})
	add(testCase{name: "7.3.6 close with a reason too long", send: []frame{closeFrame(1000, strings.Repeat("*", 124))}, code: 1002})
	add(testCase{name: "7.5.1 reason that is no UTF-8", send: []frame{closeFrame(1000, "κόσμε\xed\xa0\x80edited")}, code: 1007})
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		add(testCase{name: fmt.Sprintf("7.7.%d close with %d", i+1, code), send: []frame{closeFrame(code, "")}, code: code})
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		add(testCase{name: fmt.Sprintf("7.9.%d close with %d", i+1, code), send: []frame{closeFrame(code, "")}, code: 1002})
	}

	const most = 16 << 20
	add(testCase{name: "9.1.6 text of 16 MiB", send: []frame{{first: text, payload: chars(most)}, normal}, want: []string{toldText(chars(most))}, code: 1000})
	add(testCase{name: "9.2.6 binary of 16 MiB", send: []frame{{first: binary_, payload: chars(most)}, normal}, want: []string{toldBinary(chars(most))}, code: 1000})
	add(testCase{name: "9.3.5 text of 4 MiB in fragments of 16 KiB", send: append(fragments(textPart, chars(4<<20), 16<<10), normal), want: []string{toldText(chars(4 << 20))}, code: 1000})
	add(testCase{name: "9 one byte above the limit", send: []frame{{first: binary_, payload: chars(most + 1), missing: most + 1}}, code: 1009})
	add(testCase{name: "10.1.1 text of 64 KiB in fragments of 1300", send: append(fragments(textPart, chars(1<<16), 1300), normal), want: []string{toldText(chars(1 << 16))}, code: 1000})
	return cases
})
