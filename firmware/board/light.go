package board

import (
	"time"

	"github.com/thimble-go/thimble/firmware/app"
)

// Stage is how far a device has come.
type Stage uint8

const (
	Seeking    Stage = iota // the Wi-Fi network
	Connecting              // to the server
	Joining                 // the channel: the authorization endpoint is asked
	Ready
	Stopped // for good: what it prints says why
)

const flash = 100 * time.Millisecond

// patterns are what the LED shows, on and off in turn. Ready has none: then the
// LED is the application's.
var patterns = [...][]time.Duration{
	Seeking:    {flash, flash},
	Connecting: {5 * flash, 5 * flash},
	Joining:    {flash, flash, flash, 7 * flash},
	Stopped:    {flash, 2 * flash, flash, 2 * flash, flash, 13 * flash},
}

// lit says whether the LED is on at a time of a stage.
func lit(stage Stage, at time.Duration) bool {
	var period time.Duration
	for _, d := range patterns[stage] {
		period += d
	}
	at %= period
	for i, d := range patterns[stage] {
		if at < d {
			return i%2 == 0
		}
		at -= d
	}
	return false
}

// light is an LED that shows the stage until the application has it.
type light struct {
	led    app.LED // the application's
	status app.LED // what shows the stage
	shared bool    // they are the same
	stage  Stage
	wanted bool // by the application
	shown  bool
	begun  bool
}

// Set is the application's.
func (l *light) Set(on bool) {
	l.wanted = on
	switch {
	case !l.shared:
		l.led.Set(on)
	case l.stage == Ready:
		l.led.Set(on)
		l.shown = on
	}
}

// show is called again and again.
func (l *light) show(stage Stage, now time.Duration) {
	on := false
	switch {
	case stage != Ready:
		on = lit(stage, now)
	case l.shared:
		on = l.wanted
	}
	if on != l.shown || stage != l.stage || !l.begun {
		l.status.Set(on)
	}
	l.stage, l.shown, l.begun = stage, on, true
}
