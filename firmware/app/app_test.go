package app

import (
	"errors"
	"testing"

	"github.com/thimble-go/thimble"
)

func TestCelsius(t *testing.T) {
	t.Parallel()
	for milli, want := range map[int32]string{
		0: "0.00", 21534: "21.53", 21535: "21.54", 4: "0.00", 5: "0.01", -4: "0.00", -5: "-0.01", -21536: "-21.54",
		999: "1.00", -40000: "-40.00", 2147483647: "2147483.65", -2147483648: "-2147483.65",
	} {
		if got := string(appendCelsius(nil, milli)); got != want {
			t.Errorf("%d: %s, want %s", milli, got, want)
		}
	}
}

type part struct{}

func (part) ReadTemperature() (int32, error) { return 0, errors.New("unplugged") }
func (part) Set(bool)                        {}

func TestNewNeedsAllParts(t *testing.T) {
	t.Parallel()
	client, err := thimble.New(thimble.Config{Key: "k", Host: "127.0.0.1:1", Plaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]Config{
		"no client": {Sensor: part{}, LED: part{}},
		"no sensor": {Client: client, LED: part{}},
		"no LED":    {Client: client, Sensor: part{}},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
