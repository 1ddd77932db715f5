package board

import (
	"crypto/sha1"
	"errors"
	"io"
)

// Words makes a source of entropy of one that gives 32 bits at a time, such as
// machine.GetRNG, for chips that package crypto/rand does not know.
func Words(next func() (uint32, error)) io.Reader { return words(next) }

type words func() (uint32, error)

func (w words) Read(p []byte) (int, error) {
	for i := 0; i < len(p); i += 4 {
		v, err := w()
		if err != nil {
			return i, err
		}
		for j := i; j < len(p) && j < i+4; j++ {
			p[j] = byte(v)
			v >>= 8
		}
	}
	return len(p), nil
}

// Noise makes a source of entropy of what is measured where nothing is
// connected, for chips that have no other. It takes 1,024 samples to begin
// with, and their lowest bits count. That is good enough for the masks of
// WebSocket frames and the delays between attempts, which is what the client
// needs it for; make no keys of it.
func Noise(sample func() uint16) io.Reader { return &noise{sample: sample} }

type noise struct {
	sample func() uint16
	seed   [sha1.Size]byte
	block  [sha1.Size]byte
	left   int // of block
	count  uint64
	seeded bool
}

const (
	noiseSamples = 1024

	// noiseRun is how often the same bit may come in a row. With half a bit of
	// entropy in each that happens once in a million starts (NIST SP 800-90B
	// 4.4.1).
	noiseRun = 60
)

var errNoise = errors.New("no noise where nothing should be connected: free the analog pin that randomness comes from")

func (n *noise) Read(p []byte) (int, error) {
	if !n.seeded {
		if err := n.gather(); err != nil {
			return 0, err
		}
	}
	for i := range p {
		if n.left == 0 {
			n.next()
		}
		p[i] = n.block[len(n.block)-n.left]
		n.left--
	}
	return len(p), nil
}

// gather makes the seed. SHA-1 is in the firmware anyway, for WebSocket, and
// mixes well enough.
func (n *noise) gather() error {
	sum := sha1.New()
	run, last := 0, uint16(2)
	for range noiseSamples {
		v := n.sample()
		if v&1 != last {
			run, last = 0, v&1
		}
		if run++; run > noiseRun {
			return errNoise
		}
		sum.Write([]byte{byte(v), byte(v >> 8)})
	}
	sum.Sum(n.seed[:0])
	n.seeded = true
	return nil
}

// next makes a block of the seed and a count, which allocates nothing.
func (n *noise) next() {
	var in [sha1.Size + 8]byte
	copy(in[:], n.seed[:])
	for i := range 8 {
		in[sha1.Size+i] = byte(n.count >> (8 * i))
	}
	n.count++
	n.block = sha1.Sum(in[:])
	n.left = len(n.block)
}
