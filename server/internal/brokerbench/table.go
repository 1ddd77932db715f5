package main

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/thimble-go/thimble/server/internal/figures"
)

// markdown is the section of the README.
func (m *measured) markdown() string {
	var b strings.Builder
	p := m.plan
	fmt.Fprintf(&b, "%s connections that are idle, and then subscribed to one channel; events of %d bytes to %s subscribers, as fast as they go and at %s deliveries a second. Over loopback, with the load on the same cores, median of %d rounds:\n\n",
		figures.Thousands(p.idle), dataSize, figures.Thousands(p.subscribers), figures.Thousands(p.rate), p.rounds)
	b.WriteString("| | memory, idle | subscribed | CPU time to connect | deliveries a second | CPU time for each | delay, half | 99 of 100 |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, c := range m.contenders {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", c.title(),
			figures.KiB(c.median(func(r round) float64 { return r.Idle })),
			figures.KiB(c.median(func(r round) float64 { return r.Subscribed })),
			microseconds(c.median(func(r round) float64 { return r.Connect })),
			figures.Thousands(int(c.median(func(r round) float64 { return r.Saturated })/1000)*1000),
			microseconds(c.median(func(r round) float64 { return r.Cost })),
			milliseconds(c.median(func(r round) float64 { return r.P50 })),
			milliseconds(c.median(func(r round) float64 { return r.P99 })))
	}
	m.ratios(&b)
	if m.slow != nil || m.joins != nil || m.crowd != nil {
		b.WriteString("\n| this broker alone | |\n|---|---|\n")
	}
	if s := m.slow; s != nil {
		s.row(&b)
	}
	if j := m.joins; j != nil {
		fmt.Fprintf(&b, "| subscribing | %s of CPU time among up to %s subscribers, %s among %s |\n",
			microseconds(figures.Median(j.Few)), figures.Thousands(p.subscribers), microseconds(figures.Median(j.Many)), figures.Thousands(p.idle))
	}
	if c := m.crowd; c != nil {
		limited := ""
		if c.Files > 0 {
			limited = fmt.Sprintf(", which is what the %s open files of a process here have room for", figures.Thousands(c.Files))
		}
		fmt.Fprintf(&b, "| %s connections%s, subscribed | %s each; when all are cut and come back at once, the last is subscribed after %.1f s, each at %s of CPU time, and then has %s |\n",
			figures.Thousands(c.Connections), limited, figures.KiB(c.Memory), c.Took, microseconds(c.Cost), figures.KiB(c.After))
	}
	fmt.Fprintf(&b, "\nOn %d cores, %s/%s, %s.\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	return b.String()
}

// ratios compares the first contender with each other one, in the same rounds.
func (m *measured) ratios(b *strings.Builder) {
	if len(m.contenders) < 2 {
		return
	}
	first := m.contenders[0]
	fmt.Fprintf(b, "\n| %s beside | memory, idle | subscribed | deliveries | CPU time for each |\n|---|--:|--:|--:|--:|\n", first.name)
	for _, c := range m.contenders[1:] {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", c.name,
			first.beside(c, func(r round) float64 { return r.Idle }),
			first.beside(c, func(r round) float64 { return r.Subscribed }),
			first.beside(c, func(r round) float64 { return r.Saturated }),
			first.beside(c, func(r round) float64 { return r.Cost }))
	}
}

// beside is the median of the rounds' ratios: what disturbs the machine
// disturbs neighbours in time alike.
func (c *contender) beside(other *contender, of func(round) float64) string {
	var ratios []float64
	for i, r := range other.rounds {
		ratios = append(ratios, of(c.rounds[i])/of(r))
	}
	return strings.TrimSuffix(figures.Times(figures.Median(ratios)), " of")
}

func (c *contender) median(of func(round) float64) float64 {
	var values []float64
	for _, r := range c.rounds {
		values = append(values, of(r))
	}
	return figures.Median(values)
}

// title is the name with versions.
func (c *contender) title() string {
	switch c.name {
	case nameCentrifugo:
		return c.name + " " + strings.TrimPrefix(centrifugoVersion, "v") + ", its own protocol"
	case nameGorilla:
		return c.name + " " + figures.ModuleVersion("github.com/gorilla/websocket")
	}
	return c.name
}

func microseconds(seconds float64) string { return fmt.Sprintf("%.1f us", seconds*1e6) }
func milliseconds(seconds float64) string { return fmt.Sprintf("%.1f ms", seconds*1e3) }

// row compares delays with and without slow readers, pair by pair.
func (s *slow) row(b *strings.Builder) {
	var without, with, ratios []float64
	for i, one := range s.With {
		without, with = append(without, s.Without[i].P99), append(with, one.P99)
		ratios = append(ratios, one.P99/s.Without[i].P99)
	}
	fmt.Fprintf(b, "| as many on the same channel that read nothing, so that all waits for them; by turns with and without | 99 of 100 deliveries to the others take up to %s in place of %s, %.0f%% in the median of %d pairs; each slow one holds %s here and %s in the kernel",
		milliseconds(figures.Median(with)), milliseconds(figures.Median(without)), 100*figures.Median(ratios), len(ratios),
		figures.KiB(figures.Median(s.Memory)), figures.KiB(figures.Median(s.Kernel)))
	if s.Closed > 0 {
		fmt.Fprintf(b, "; %s of them were closed meanwhile", figures.Thousands(s.Closed))
	}
	b.WriteString(" |\n")
}
