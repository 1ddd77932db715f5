package line

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"testing"
)

// stuff makes a frame of a body.
func stuff(body []byte) []byte {
	dst := make([]byte, MaxFrame)
	f := newEncoder(dst)
	for _, b := range body {
		f.put(b)
	}
	return dst[:f.end()]
}

// frames returns what a decoder makes of a stream: the bodies, and the rest.
func frames(d *decoder, p []byte) (bodies [][]byte, junk []byte) {
	for len(p) > 0 {
		var body, rest []byte
		p, body, rest = d.next(p)
		if body != nil {
			bodies = append(bodies, bytes.Clone(body))
		}
		junk = append(junk, rest...)
	}
	return bodies, junk
}

func TestChecksumIsCRC32(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\x00", "123456789", "\xff\xff\xff\xff"} {
		crc := ^uint32(0)
		for i := range len(text) {
			crc = crcAdd(crc, text[i])
		}
		if want := crc32.ChecksumIEEE([]byte(text)); ^crc != want {
			t.Errorf("%q: %08x, want %08x", text, ^crc, want)
		}
	}
}

func TestFrame(t *testing.T) {
	t.Parallel()
	// As docs/serial.md shows it.
	got := stuff([]byte{kindAck, 1, 0, 0, 0, 2})
	want := []byte{0, 3, 4, 1, 1, 1, 6, 2, 0x29, 0xab, 0x3d, 0xf9, 0}
	if !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var stream []byte
	var want [][]byte
	for size := 1; size <= maxBody-checksumSize; size++ {
		for _, values := range []int{1, 2, 256} { // zeros only, half of them, hardly any
			body := make([]byte, size)
			for i := range body {
				body[i] = byte(random.IntN(values))
			}
			frame := stuff(body)
			if len(frame) != size+checksumSize+3 || frame[0] != 0 || bytes.IndexByte(frame[1:], 0) != len(frame)-2 {
				t.Fatalf("%d bytes: % x", size, frame)
			}
			stream = append(stream, frame...)
			want = append(want, body)
		}
	}
	for _, step := range []int{1, 7, len(stream)} {
		var d decoder
		var got [][]byte
		for p := stream; len(p) > 0; p = p[min(step, len(p)):] {
			bodies, junk := frames(&d, p[:min(step, len(p))])
			if len(junk) > 0 {
				t.Fatalf("junk % x", junk)
			}
			got = append(got, bodies...)
		}
		if len(got) != len(want) {
			t.Fatalf("%d frames, want %d", len(got), len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("% x, want % x", got[i], want[i])
			}
		}
	}
}

// TestTextBetweenFrames checks that what a board prints goes past the frames,
// whole, and costs none of them.
func TestTextBetweenFrames(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("panic: "), 200)
	var stream []byte
	for _, text := range [][]byte{[]byte("hello\r\n"), long, {0xff, 0xfe}} {
		stream = append(append(stream, text...), stuff([]byte{5, 0, 0})...)
	}
	var d decoder
	bodies, junk := frames(&d, stream)
	if len(bodies) != 3 || string(junk) != "hello\r\n"+string(long)+"\xff\xfe" {
		t.Errorf("%d frames, and %q", len(bodies), junk)
	}
}

// TestEveryChangedBit checks that no frame with a changed bit is taken for one.
func TestEveryChangedBit(t *testing.T) {
	t.Parallel()
	frame := stuff([]byte("\x05\x01\x02\x00\x04\x00\x00\x03\x07some data\x00and more"))
	for i := range frame {
		for bit := range 8 {
			changed := bytes.Clone(frame)
			changed[i] ^= 1 << bit
			var d decoder
			bodies, _ := frames(&d, changed)
			if inside := i > 0 && i < len(frame)-1; inside && len(bodies) > 0 {
				t.Errorf("byte %d, bit %d: % x", i, bit, bodies)
			}
		}
	}
}

// TestExample is the example of docs/serial.md, between real ends.
func TestExample(t *testing.T) {
	t.Parallel()
	board, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	host, err := New(Config{Session: func() uint32 { return 0x12345678 }, Window: 4096})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := board.Open(0, "localhost:7"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/serial.md")
	if err != nil {
		t.Fatal(err)
	}
	var frame [MaxFrame]byte
	host.Output(0, frame[:]) // its WHO, before the board is there
	board.Advance(0)
	for _, step := range []struct {
		name     string
		from, to *End
	}{{"board ", board, host}, {"host  ", host, board}, {"board ", board, host}, {"host  ", host, board}} {
		n := step.from.Output(0, frame[:])
		line := fmt.Sprintf("%s % x\n", step.name, frame[:n])
		at := bytes.Index(text, []byte("\n"+line))
		if at < 0 {
			t.Fatalf("docs/serial.md does not say next: %s", line)
		}
		text = text[at+1:]
		step.to.Input(0, frame[:n])
	}
}
