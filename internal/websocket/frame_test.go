package websocket_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/websocket"
)

var lengths = []int{0, 1, 7, 8, 125, 126, 127, 65535, 65536, 100_000}

func TestAppendFrame(t *testing.T) {
	t.Parallel()
	for _, n := range lengths {
		for _, masked := range []bool{false, true} {
			for _, before := range []string{"", "before"} {
				for _, room := range []int{0, 3, 200_000} {
					name := fmt.Sprintf("%d bytes, mask %v, %d before, room %d", n, masked, len(before), room)
					payload := make([]byte, n)
					for i := range payload {
						payload[i] = byte(i * 7)
					}
					var mask *[4]byte
					if masked {
						mask = &[4]byte{key[0], key[1], key[2], key[3]}
					}
					want := before + string(fin(masked, opBinary, string(payload)))
					dst := append(make([]byte, 0, len(before)+room), before...)

					if got := websocket.AppendFrame(dst, websocket.Binary, payload, mask); string(got) != want {
						t.Errorf("%s: bytes: %.40x, want %.40x", name, got, want)
					}
					if got := websocket.AppendFrame(dst, websocket.Binary, string(payload), mask); string(got) != want {
						t.Errorf("%s: string: %.40x, want %.40x", name, got, want)
					}
					b := append(websocket.Begin(dst), payload...)
					if got := websocket.Finish(b, len(before), websocket.Binary, mask); string(got) != want {
						t.Errorf("%s: Begin and Finish: %.40x, want %.40x", name, got, want)
					}
					if masked && *mask != key {
						t.Errorf("%s: the mask was changed", name)
					}
				}
			}
		}
	}
}

func TestAppendFrameLeavesThePayloadAlone(t *testing.T) {
	t.Parallel()
	payload := []byte("hello")
	websocket.AppendFrame(nil, websocket.Text, payload, &key)
	if string(payload) != "hello" {
		t.Errorf("payload became %q", payload)
	}
}

// The examples of RFC 6455 5.7.
func TestAppendFrameVectors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		got  []byte
		want string
	}{
		{"unmasked text", websocket.AppendFrame(nil, websocket.Text, "Hello", nil), "\x81\x05\x48\x65\x6c\x6c\x6f"},
		{"masked text", websocket.AppendFrame(nil, websocket.Text, "Hello", &[4]byte{0x37, 0xfa, 0x21, 0x3d}), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"},
		{"unmasked ping", websocket.AppendFrame(nil, websocket.Ping, "Hello", nil), "\x89\x05\x48\x65\x6c\x6c\x6f"},
		{"masked pong", websocket.AppendFrame(nil, websocket.Pong, "Hello", &[4]byte{0x37, 0xfa, 0x21, 0x3d}), "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"},
	} {
		if string(tt.got) != tt.want {
			t.Errorf("%s: got %x, want %x", tt.name, tt.got, tt.want)
		}
	}
}

func TestAppendClose(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		code   int
		reason string
		want   string // what the peer reads
	}{
		{"no code", 0, "", `close 1005 ""`},
		{"the code for no code", websocket.CodeNoStatus, "is not sent", `close 1005 ""`},
		{"no code, so no reason", 0, "is not sent", `close 1005 ""`},
		{"code", websocket.CodeNormal, "", `close 1000 ""`},
		{"code and reason", 4009, "unauthorized", `close 4009 "unauthorized"`},
		{"longest reason", 1001, strings.Repeat("x", websocket.MaxReason), fmt.Sprintf("close 1001 %q", strings.Repeat("x", websocket.MaxReason))},
		{"reason one too long", 1001, strings.Repeat("x", websocket.MaxReason+1), fmt.Sprintf("close 1001 %q", strings.Repeat("x", websocket.MaxReason))},
		{"reason far too long", 1001, strings.Repeat("x", 1000), fmt.Sprintf("close 1001 %q", strings.Repeat("x", websocket.MaxReason))},
		{"reason ends with a character at the limit", 1001, strings.Repeat("x", websocket.MaxReason-2) + "éy", fmt.Sprintf("close 1001 %q", strings.Repeat("x", websocket.MaxReason-2)+"é")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, masked := range []bool{false, true} {
				var mask *[4]byte
				if masked {
					mask = &key
				}
				const before = "before"
				b := websocket.AppendClose([]byte(before), tt.code, tt.reason, mask)
				if !bytes.HasPrefix(b, []byte(before)) {
					t.Fatalf("what stood before became %q", b[:len(before)])
				}
				f := feeder{p: &websocket.Parser{Server: masked}}
				if err := f.feed(b[len(before):]); err != nil {
					t.Fatal(err)
				}
				if len(f.items) != 1 || f.items[0] != tt.want || len(f.b) != 0 {
					t.Errorf("mask %v: got %q and %d bytes, want %q", masked, f.items, len(f.b), tt.want)
				}
			}
		})
	}
}

func TestAppendCloseCutsBetweenCharacters(t *testing.T) {
	t.Parallel()
	for _, char := range []string{"é", "€", "😀"} {
		for before := websocket.MaxReason - 8; before <= websocket.MaxReason+1; before++ {
			reason := strings.Repeat("x", before) + strings.Repeat(char, 4)
			b := websocket.AppendClose(nil, 1000, reason, nil)
			_, item, err := new(websocket.Parser).Next(b)
			got := string(item.Payload)
			if err != nil || !utf8.ValidString(got) || !strings.HasPrefix(reason, got) {
				t.Errorf("%d bytes before %s: %q, %v", before, char, got, err)
			}
			if len(got) < websocket.MaxReason-len(char)+1 {
				t.Errorf("%d bytes before %s: only %d bytes", before, char, len(got))
			}
		}
	}
}

func TestFramesAllocate(t *testing.T) {
	payload := strings.Repeat("x", 70_000)
	dst := make([]byte, 0, 80_000)
	for _, n := range lengths[:len(lengths)-1] {
		for _, mask := range []*[4]byte{nil, &key} {
			if allocs := testing.AllocsPerRun(10, func() {
				b := websocket.AppendFrame(dst, websocket.Text, payload[:n], mask)
				websocket.AppendClose(b, 1000, "reason", mask)
			}); allocs != 0 {
				t.Errorf("%d bytes, mask %v: %v allocations", n, mask != nil, allocs)
			}
		}
	}
}

func BenchmarkFinish200(b *testing.B) {
	payload := strings.Repeat("x", 200)
	dst := make([]byte, 0, 256)
	for _, role := range []struct {
		name string
		mask *[4]byte
	}{{"masked", &key}, {"unmasked", nil}} {
		b.Run(role.name, func(b *testing.B) {
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for range b.N {
				websocket.AppendFrame(dst, websocket.Text, payload, role.mask)
			}
		})
	}
}
