package main

import "github.com/thimble-go/thimble/firmware/emulated/virt"

// sensor warms up while nobody cools it.
type sensor struct{}

func (sensor) ReadTemperature() (int32, error) {
	return 20000 + int32(virt.Clock().Seconds())%10*100, nil
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
