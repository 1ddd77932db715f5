// Package virt is what the machines have that QEMU emulates: a serial port, a
// clock, and what passes for randomness.
package virt

// Dice are numbers that look random. The emulated processors have no source of
// entropy, and nothing that is worth guarding goes through an emulator: a real
// board takes crypto/rand, and has an error if there is none.
type Dice struct{ state uint64 }

// NewDice returns some for a seed.
func NewDice(seed string) *Dice {
	d := &Dice{14695981039346656037}
	for i := range len(seed) {
		d.state = (d.state ^ uint64(seed[i])) * 1099511628211
	}
	return d
}

// Read fills b.
func (d *Dice) Read(b []byte) (int, error) {
	for i := range b {
		d.state ^= d.state << 13
		d.state ^= d.state >> 7
		d.state ^= d.state << 17
		b[i] = byte(d.state >> 32)
	}
	return len(b), nil
}
