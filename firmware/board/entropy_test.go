package board

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestWords(t *testing.T) {
	t.Parallel()
	next := uint32(0x04030201)
	r := Words(func() (uint32, error) {
		next += 0x04040404
		return next, nil
	})
	got := make([]byte, 6)
	if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, []byte{5, 6, 7, 8, 9, 10}) {
		t.Errorf("%v, %v", got, err)
	}
	broken := errors.New("broken")
	if _, err := io.ReadFull(Words(func() (uint32, error) { return 0, broken }), got); err != broken {
		t.Errorf("got %v", err)
	}
}

func TestNoise(t *testing.T) {
	// An analog pin whose lowest bits vary.
	pin := func(seed uint32) func() uint16 {
		return func() uint16 {
			seed = seed*1664525 + 1013904223
			return 2000 + uint16(seed>>28)
		}
	}
	read := func(r io.Reader, n int) []byte {
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	one, two := Noise(pin(1)), Noise(pin(2))
	a, b := read(one, 100), read(two, 100)
	if bytes.Equal(a, b) || bytes.Equal(a[:32], a[32:64]) || bytes.Equal(a, read(one, 100)) {
		t.Error("it repeats itself")
	}
	buf := make([]byte, 4)
	if n := testing.AllocsPerRun(100, func() { _, _ = one.Read(buf) }); n != 0 {
		t.Errorf("%v allocations for each mask", n)
	}
	if _, err := Noise(func() uint16 { return 4095 }).Read(buf); err != errNoise {
		t.Errorf("a pin that is tied: %v", err)
	}
}
