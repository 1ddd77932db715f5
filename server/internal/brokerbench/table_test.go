package main

import (
	"strings"
	"testing"
)

// TestRatiosAreOfTheSameRound has a machine that is ten times as slow in one
// round: what is compared was measured beside each other.
func TestRatiosAreOfTheSameRound(t *testing.T) {
	t.Parallel()
	one := func(idle, rate, cost float64) round {
		return round{Idle: idle, Subscribed: 2 * idle, Connect: 50e-6, Saturated: rate, paced: paced{Cost: cost, P50: 0.004, P99: 0.012}}
	}
	m := &measured{
		plan: &plan{rounds: 3, idle: 10000, subscribers: 1000, rate: 50000},
		contenders: []*contender{
			{name: nameThimble, rounds: []round{one(1024, 300000, 8e-6), one(1024, 30000, 8e-6), one(1024, 300000, 8e-6)}},
			{name: nameCentrifugo, rounds: []round{one(30720, 150000, 16e-6), one(30720, 15000, 16e-6), one(30720, 140000, 16e-6)}},
		},
		slow: &slow{
			Without: []paced{{P99: 0.012}, {P99: 0.100}, {P99: 0.012}}, With: []paced{{P99: 0.0126}, {P99: 0.101}, {P99: 0.013}},
			Memory: []float64{1024, 1024, 1024}, Kernel: []float64{2048, 2048, 2048}, Closed: 1200,
		},
		joins: &joins{Few: []float64{20e-6}, Many: []float64{21e-6}},
		crowd: &crowd{Connections: 100000, Memory: 1100, After: 1200, Took: 4, Cost: 30e-6},
	}
	got := m.markdown()
	for _, want := range []string{
		"median of 3 rounds",
		"| Thimble | 1.0 KiB | 2.0 KiB | 50.0 us | 300,000 | 8.0 us | 4.0 ms | 12.0 ms |",
		"| Centrifugo | 3.3% | 3.3% | 2.0 times | 50% |",
		"13.0 ms in place of 12.0 ms, 105% in the median of 3 pairs; each slow one holds 1.0 KiB here and 2.0 KiB in the kernel; 1,200 of them were closed meanwhile |",
		"20.0 us of CPU time among up to 1,000 subscribers, 21.0 us among 10,000",
		"| 100,000 connections, subscribed | 1.1 KiB each;",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}

	// Fewer are no property of the broker, and the row says whose.
	m.crowd.Connections, m.crowd.Files = 17500, 20000
	if got, want := m.markdown(), "| 17,500 connections, which is what the 20,000 open files of a process here have room for, subscribed | 1.1 KiB each;"; !strings.Contains(got, want) {
		t.Errorf("there is no %q in\n%s", want, got)
	}
}
