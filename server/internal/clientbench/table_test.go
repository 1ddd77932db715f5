package main

import (
	"strings"
	"testing"
)

func TestMessageSize(t *testing.T) {
	t.Parallel()
	if n := len(message()); n != messageSize {
		t.Errorf("%d bytes", n)
	}
}

// TestRatiosAreOfTheSameRound has a machine that is ten times as slow in one
// round: what is compared was measured beside each other.
func TestRatiosAreOfTheSameRound(t *testing.T) {
	t.Parallel()
	f := measured{contenders: []*contender{
		{name: nameThimble, results: []result{{Events: 3000000, Seconds: 1, CPU: 0.9}, {Events: 300000, Seconds: 1, CPU: 0.9}, {Events: 3000000, Seconds: 1, CPU: 0.9}}},
		{name: namePusher, results: []result{{Version: "8.6.0 Node v20", Events: 100000, Seconds: 1, CPU: 1}, {Events: 10000, Seconds: 1, CPU: 1}, {Events: 90000, Seconds: 1, CPU: 1}}},
		{name: nameSkip, results: []result{{Events: 15000000, Seconds: 1, CPU: 0.6}, {Events: 2000000, Seconds: 1, CPU: 0.6}, {Events: 15000000, Seconds: 1, CPU: 0.6}}},
	}}
	got := f.markdown()
	for _, want := range []string{
		"median of 3 rounds",
		"| 3,000,000 | 300 ns | 0 |  |  |",
		"| pusher-js 8.6.0 in Node | 90,000 | 11,111 ns |  | 30.0 times the events | 3.0% of the CPU time |",
		"| 15,000,000 | 40 ns | 0 | 20% of the events | 7.5 times the CPU time |",
		", Node v20.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
}
