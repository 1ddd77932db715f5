package broker

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// An alarm rings once, not before it is due, and less than two ticks after the
// wheel has been turned there; one that is taken back never does.
func TestWheel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := &wheel{}
		now := time.Duration(0)
		due := make(map[*line]time.Duration)
		lines := make([]line, 20)
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			n := &lines[rapid.IntRange(0, len(lines)-1).Draw(r, "line")]
			wait := time.Duration(rapid.Int64Range(0, int64(3*wheelSlots*wheelTick/2)).Draw(r, "wait"))
			switch rapid.SampledFrom([]string{"set", "lower", "unset", "turn", "sleep"}).Draw(r, "step") {
			case "set":
				w.set(n, now+wait)
				due[n] = now + wait
			case "lower":
				w.lower(n, now+wait)
				if old, ok := due[n]; !ok || now+wait < old {
					due[n] = now + wait
				}
			case "unset":
				w.unset(n)
				delete(due, n)
			case "sleep":
				if next, ok := w.next(); ok {
					now = max(now, next)
				}
				fallthrough
			case "turn":
				if rapid.Bool().Draw(r, "far") {
					now += wait
				}
				w.turn(now, func(n *line) {
					at, ok := due[n]
					if !ok {
						r.Fatal("an alarm rings that is not set")
					}
					if at > now { // it is farther away than the wheel reaches
						w.set(n, at)
						return
					}
					delete(due, n)
				})
				for _, at := range due {
					if at+2*wheelTick <= now {
						r.Fatalf("an alarm of %v has not rung at %v", at, now)
					}
				}
			}
			if _, ok := w.next(); ok != (len(due) > 0) {
				r.Fatalf("the wheel has alarms: %t; %d are set", ok, len(due))
			}
		}
	})
}
