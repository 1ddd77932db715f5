package main

// sensor warms up while nobody cools it.
type sensor struct{}

func (sensor) ReadTemperature() (int32, error) {
	return 20000 + int32(clock().Seconds())%10*100, nil
}

// led is one that says what it does.
type led struct{}

func (led) Set(on bool) {
	if on {
		println("LED on")
		return
	}
	println("LED off")
}

// quiet shows no state: what is printed tells it.
type quiet struct{}

func (quiet) Set(bool) {}

// dice are numbers that look random. The emulated processors have no source of
// entropy, and nothing that is worth guarding goes through an emulator: a real
// board takes crypto/rand, and has an error if there is none.
type dice struct{ state uint64 }

func newDice(seed string) *dice {
	d := &dice{14695981039346656037}
	for i := range len(seed) {
		d.state = (d.state ^ uint64(seed[i])) * 1099511628211
	}
	return d
}

func (d *dice) Read(b []byte) (int, error) {
	for i := range b {
		d.state ^= d.state << 13
		d.state ^= d.state >> 7
		d.state ^= d.state << 17
		b[i] = byte(d.state >> 32)
	}
	return len(b), nil
}
