package websocket_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/websocket"
)

// verdict is what a stream holds. Where several rules are broken by the same
// two octets, each of the errors is right.
type verdict struct {
	items  []string
	errors []error
	rest   int // bytes of a frame at the end that is not complete
}

// judge reads a stream frame by frame, with all of it at hand and no care for
// memory: slow and plain, so that it shares no mistake with the parser.
func judge(in []byte, server, skip bool, limit int) (v verdict) {
	var (
		open    byte // opcode of the message that is not finished
		whole   []byte
		size    int
		tooBig  bool
		told    bool // that it is
		refuse  = func(err error) verdict { v.errors = append(v.errors, err); return v }
		missing = func(n int) bool { v.rest = len(in); return len(in) < n }
	)
	for {
		if missing(1) {
			return v
		}
		first := in[0]
		if first&0x70 != 0 {
			v.errors = append(v.errors, websocket.ErrReserved)
		}
		if missing(2) {
			return v
		}
		op, fin, control, second := first&0x0F, first >= 0x80, first&0x08 != 0, in[1]
		if !slices.Contains([]byte{opContinuation, opText, opBinary, opClose, opPing, opPong}, op) {
			v.errors = append(v.errors, websocket.ErrOpcode)
		}
		if second >= 0x80 != server {
			v.errors = append(v.errors, map[bool]error{true: websocket.ErrUnmasked, false: websocket.ErrMasked}[server])
		}
		if control && (!fin || second&0x7F > 125) {
			v.errors = append(v.errors, websocket.ErrControl)
		}
		if !control && op == 0 && open == 0 {
			v.errors = append(v.errors, websocket.ErrContinuation)
		}
		if !control && op != 0 && open != 0 {
			v.errors = append(v.errors, websocket.ErrInterleaved)
		}
		if len(v.errors) > 0 {
			return v
		}

		length, head := uint64(second&0x7F), 2
		if length >= 126 {
			head += map[uint64]int{126: 2, 127: 8}[length]
			if missing(head) {
				return v
			}
			var wide [8]byte
			copy(wide[10-head:], in[2:head])
			length = binary.BigEndian.Uint64(wide[:])
			if head == 4 && length < 126 || head == 10 && length < 65536 || length > 1<<63-1 {
				return refuse(websocket.ErrLength)
			}
		}
		var mask []byte
		if server {
			if missing(head + 4) {
				return v
			}
			mask = in[head : head+4]
			head += 4
		}
		if !control {
			if tooBig || length > uint64(limit) || uint64(size)+length > uint64(limit) {
				if !skip || length >= 1<<30 {
					return refuse(websocket.ErrTooBig)
				}
				tooBig = true
			}
			if op != 0 {
				open = op
			}
		}

		come := uint64(len(in) - head)
		complete := come >= length
		payload := bytes.Clone(in[head : head+int(min(come, length))])
		for i := range mask[:min(len(mask), 1)] {
			for j := range payload {
				payload[j] ^= mask[i+j%4]
			}
		}
		if !control && !tooBig {
			whole = append(whole, payload...)
			if state := textState(whole); open == opText && (state < 0 || state > 0 && complete && fin) {
				return refuse(websocket.ErrUTF8)
			}
		}
		name := map[byte]string{opText: "text", opBinary: "binary"}[open]
		if shown := min(length, websocket.OversizeShown); !control && tooBig && !told && (len(whole) > 0 || come >= shown) {
			begin := whole[:min(len(whole), websocket.OversizeShown)]
			if len(whole) == 0 {
				begin = payload[:shown]
			}
			told = true
			v.items = append(v.items, fmt.Sprintf("oversize %s %d %q", name, min(size+int(length), 1<<30-1), begin))
		}
		if !complete {
			return v
		}
		in = in[head+int(length):]
		if !control {
			size += int(length)
		}
		switch {
		case control && op == opClose && len(payload) == 0:
			v.items = append(v.items, `close 1005 ""`)
		case control && op == opClose && len(payload) == 1:
			return refuse(websocket.ErrClosePayload)
		case control && op == opClose:
			code := int(binary.BigEndian.Uint16(payload))
			if code < 1000 || slices.Contains([]int{1004, 1005, 1006}, code) || code > 1014 && code < 3000 || code > 4999 {
				return refuse(websocket.ErrCloseCode)
			}
			if textState(payload[2:]) != 0 {
				return refuse(websocket.ErrUTF8)
			}
			v.items = append(v.items, fmt.Sprintf("close %d %q", code, payload[2:]))
		case control:
			v.items = append(v.items, fmt.Sprintf("%s %q", map[byte]string{opPing: "ping", opPong: "pong"}[op], payload))
		case fin:
			if tooBig {
				v.items = append(v.items, fmt.Sprintf("end of %s %d %q", name, size, payload[max(len(payload)-websocket.OversizeShown, 0):]))
			} else {
				v.items = append(v.items, fmt.Sprintf("%s %q", name, whole))
			}
			open, whole, size, tooBig, told = 0, nil, 0, false, false
		}
	}
}

// FuzzParser: a stream gives the same items and the same error however it is
// cut into pieces, and those that a plain reading of the RFC gives.
func FuzzParser(f *testing.F) {
	for _, server := range []bool{false, true} {
		fin := func(op byte, payload string) []byte { return fin(server, op, payload) }
		part := func(op byte, payload string) []byte { return part(server, op, payload) }
		for _, in := range [][]byte{
			join(fin(opText, "hello"), fin(opPing, "p"), fin(opBinary, "\xff"), fin(opClose, closePayload(1000, "é"))),
			join(part(opText, "a\xf0\x9f"), fin(opPing, "\xff"), part(opContinuation, ""), fin(opContinuation, "\x98\x80"), fin(opText, "é")),
			join(part(opBinary, "0123456789"), fin(opPong, ""), fin(opContinuation, "0123456789"), fin(opText, "b")),
			join(part(opText, string(bytes.Repeat([]byte("x"), 600))), fin(opPing, ""), fin(opContinuation, string(bytes.Repeat([]byte("0123456789"), 130)))),
			join(fin(opText, "0123456789abcdef0"), fin(opText, "b"), part(opText, "0123456789abcdef0"), fin(opContinuation, "")),
			fin(opText, string(bytes.Repeat([]byte("é"), 100))),
			fin(opClose, ""), fin(opClose, "\x03"), fin(opClose, closePayload(1006, "")), fin(opClose, closePayload(4000, "\xff")),
			fin(opText, "ab\xe2\x82"), fin(opText, "\xed\xa0\x80"), part(opText, "\xc0\xaf"),
			header(server, 0x81, 1<<16), header(server, 0x82, 1<<40), header(server, 0x81, 1<<63),
			header(!server, 0x81, 1), header(server, 0xC1, 0), header(server, 0x83, 0), header(server, 0x09, 0), header(server, 0x80, 0),
			{0x81, 0x7E, 0, 1}, {0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF},
		} {
			for _, skip := range []bool{false, true} {
				f.Add(in, server, skip, uint16(16), uint64(1))
			}
			f.Add(in, server, false, uint16(0), uint64(2))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, server, skip bool, limit uint16, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		atMost := 1 + random.IntN(20)
		feeds := []struct {
			name string
			size func() int
		}{
			{"whole", func() int { return len(in) }},
			{"byte by byte", func() int { return 1 }},
			{"in random pieces", func() int { return 1 + random.IntN(atMost) }},
		}

		bound := int(limit)
		if bound == 0 {
			bound = websocket.DefaultMaxMessage
		}
		want := judge(in, server, skip, bound)
		for _, feed := range feeds {
			p := feeder{p: &websocket.Parser{Server: server, SkipOversize: skip, MaxMessage: int(limit)}}
			var err error
			for rest := in; len(rest) > 0 && err == nil; {
				n := min(feed.size(), len(rest))
				err = p.feed(rest[:n])
				rest = rest[n:]
			}
			if errors.Is(err, errContract) {
				t.Fatalf("%s: %v", feed.name, err)
			}
			if err == nil && len(want.errors) > 0 || err != nil && !slices.Contains(want.errors, err) {
				t.Fatalf("%s: got %v, want one of %v", feed.name, err, want.errors)
			}
			if !slices.Equal(p.items, want.items) {
				t.Fatalf("%s: got %q, want %q", feed.name, p.items, want.items)
			}
			if err == nil && len(p.b) > want.rest {
				t.Fatalf("%s: %d bytes are not used, only %d belong to no whole frame", feed.name, len(p.b), want.rest)
			}
			if len(want.errors) > 1 {
				want.errors = []error{err} // the same however it is cut
			}
		}
	})
}

// FuzzFinish: what is written can be read, by the parser of the other role,
// and is what went in.
func FuzzFinish(f *testing.F) {
	for i, n := range lengths {
		f.Add([]byte("é€😀 text"), uint32(n), byte(i), i%2 == 0, uint32(0x37fa213d), "before", uint16(1000+i))
	}
	f.Add([]byte("\xff"), uint32(1), byte(0), true, uint32(0), "", uint16(0))
	f.Add([]byte("é"), uint32(123), byte(0), true, uint32(1), "", uint16(1005))
	f.Fuzz(func(t *testing.T, unit []byte, length uint32, which byte, masked bool, maskBits uint32, before string, code uint16) {
		// The payload is unit over and over, so that long ones come cheaply.
		var payload []byte
		for n := int(length % 140_000); len(payload) < n && len(unit) > 0; {
			payload = append(payload, unit[:min(len(unit), n-len(payload))]...)
		}
		op := []websocket.Opcode{websocket.Text, websocket.Binary, websocket.Ping, websocket.Pong}[which%4]
		if op >= websocket.Close {
			payload = payload[:min(len(payload), 125)]
		}
		var mask *[4]byte
		if masked {
			mask = new([4]byte)
			binary.BigEndian.PutUint32(mask[:], maskBits)
		}
		reason := string(payload)

		b := websocket.AppendFrame([]byte(before), op, payload, mask)
		if twin := websocket.Finish(append(websocket.Begin([]byte(before)), reason...), len(before), op, mask); !bytes.Equal(b, twin) {
			t.Fatalf("AppendFrame and Finish differ: %.40x, %.40x", b, twin)
		}
		end := len(b)
		b = websocket.AppendClose(b, int(code), reason, mask)
		if string(b[:len(before)]) != before {
			t.Fatal("what stood before was changed")
		}
		if n := end - len(before) - len(payload); n < 2 || n > 14 || len(b)-end > 2+4+125 {
			t.Fatalf("header of %d bytes, close frame of %d", n, len(b)-end)
		}

		p := websocket.Parser{Server: masked}
		used, item, err := p.Next(b[len(before):])
		if op == websocket.Text && !utf8.Valid(payload) {
			if err != error(websocket.ErrUTF8) {
				t.Fatalf("text that is no UTF-8: %v", err)
			}
			return
		}
		if err != nil || item.Opcode != op || !bytes.Equal(item.Payload, payload) || used != end-len(before) {
			t.Fatalf("read back as %.80s, %v", describe(item), err)
		}
		_, item, err = p.Next(b[end:])
		if code != 0 && code != websocket.CodeNoStatus && (code < 1000 || !utf8.ValidString(reason)) {
			return // the caller's mistake, which the parser may refuse
		}
		if err != nil && err != error(websocket.ErrCloseCode) {
			t.Fatalf("the close frame is refused: %v", err)
		}
		wantCode := int(code)
		if code == 0 {
			wantCode = websocket.CodeNoStatus
		}
		if err == nil && (item.Code != wantCode || !bytes.HasPrefix(payload, item.Payload)) {
			t.Fatalf("close %d %q read back as %s", code, reason, describe(item))
		}
	})
}
