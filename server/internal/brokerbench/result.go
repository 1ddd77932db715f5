package main

import (
	"fmt"
	"time"
)

// dataSize is how long the data of an event is.
const dataSize = 100

// publishers is how many publish at a time when all that can be is published.
const publishers = 4

// plan is what is measured, and for how long.
type plan struct {
	rounds, idle, subscribers, rate, most int

	warm, span time.Duration
	only       string

	centrifugoPath string // of its program, if it need not be built
	dir            string // of programs and settings, for the time of the run
}

// measured is all that was measured.
type measured struct {
	plan       *plan
	contenders []*contender
	slow       *slow
	joins      *joins
	crowd      *crowd
}

// round is what one contender did in one round. Memory is in bytes for each
// connection, time in seconds.
type round struct {
	Idle, Subscribed float64
	Connect          float64 // CPU time for each connection that is made
	Saturated        float64 // deliveries a second
	paced
}

// paced is what deliveries at a fixed rate are like.
type paced struct {
	Cost     float64 // CPU time for each
	P50, P99 float64 // delay
}

func (r round) String() string {
	return fmt.Sprintf("idle %.0f B, subscribed %.0f B, %.0f us to connect; %.0f deliveries/s; %.1f us each, %.1f ms, p99 %.1f ms",
		r.Idle, r.Subscribed, r.Connect*1e6, r.Saturated, r.Cost*1e6, r.P50*1e3, r.P99*1e3)
}

// slow is what slow readers do to the others, and the memory that each takes, in
// the broker and in the kernel. What has the same index was measured one behind
// the other.
type slow struct {
	Without, With  []paced
	Memory, Kernel []float64
	Closed         int // of the slow ones, while it was measured
}

func (s *slow) String() string {
	line := func(all []paced) (text string) {
		for _, one := range all {
			text += fmt.Sprintf(" %.1f/%.1f ms at %.1f us", one.P50*1e3, one.P99*1e3, one.Cost*1e6)
		}
		return text
	}
	return fmt.Sprintf("without slow readers%s; with%s", line(s.Without), line(s.With))
}

// joins is the CPU time of a subscription among few and among many.
type joins struct{ Few, Many []float64 }

// crowd is a great number of connections, and their coming back at once.
type crowd struct {
	Connections   int
	Files         int     // that a process may have open, if that is why there are no more
	Memory, After float64 // bytes for each, before and after they came back
	Took, Cost    float64
}
