package board

import (
	"testing"
	"time"
)

// lamp remembers how it was switched.
type lamp struct{ text string }

func (l *lamp) Set(on bool) {
	if on {
		l.text += "1"
		return
	}
	l.text += "0"
}

// take returns what was switched since.
func (l *lamp) take() string {
	text := l.text
	l.text = ""
	return text
}

// TestPatterns looks at three seconds of each stage, ten times a second.
func TestPatterns(t *testing.T) {
	t.Parallel()
	for stage, want := range map[Stage]string{
		Seeking:    "101010101010101010101010101010",
		Connecting: "111110000011111000001111100000",
		Joining:    "101000000010100000001010000000",
		Stopped:    "100100100000000000001001001000",
	} {
		seen := &lamp{}
		for i := range 30 {
			seen.Set(lit(stage, time.Duration(i)*flash+flash/2))
		}
		if got := seen.take(); got != want {
			t.Errorf("stage %d: %s, want %s", stage, got, want)
		}
	}
}

func TestLight(t *testing.T) {
	t.Parallel()
	led := &lamp{}
	l := newLight(&Config{LED: led})
	step := func(what string, stage Stage, at time.Duration, want string) {
		t.Helper()
		l.show(stage, at)
		if got := led.take(); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	l.Set(true) // by the application, which waits for its turn
	step("the first flash", Seeking, 0, "1")
	step("it goes on", Seeking, flash/2, "")
	step("it ends", Seeking, flash, "0")
	step("the application's, as it was left", Ready, 2*flash, "1")
	l.Set(false)
	step("the application's", Ready, 3*flash, "0")
	step("it stays", Ready, 4*flash, "")
	step("it shows the stage again", Connecting, 10*flash, "1")

	status := &lamp{}
	l = newLight(&Config{LED: led, Status: status})
	led.take()
	l.Set(true)
	if got := led.take(); got != "1" {
		t.Errorf("an LED of its own: %q", got)
	}
	l.show(Connecting, 0)
	l.show(Ready, flash)
	if got := status.take(); got != "10" || led.text != "" {
		t.Errorf("the status: %q, and the LED: %q", got, led.text)
	}
}
