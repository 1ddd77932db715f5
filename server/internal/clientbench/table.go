package main

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/thimble-go/thimble/server/internal/figures"
)

// markdown is the section of the README.
func (f *measured) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Receiving events of %d bytes from one sender over loopback, median of %d rounds in one run:\n\n", messageSize, f.rounds())
	b.WriteString("| | events per second | CPU time per event | allocations per event | Thimble receives | and for an event takes |\n|---|--:|--:|--:|--:|--:|\n")
	for _, c := range f.contenders {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", c.title(),
			rate(c.median(result.rate)), nanoseconds(c.median(result.cost)), c.allocations(),
			f.ratio(c, result.rate, "the events"), f.ratio(c, result.cost, "the CPU time"))
	}
	if f.idle != nil || f.sending != nil || len(f.connecting) > 0 {
		b.WriteString("\n| | |\n|---|---|\n")
	}
	if f.sending != nil {
		fmt.Fprintf(&b, "| sending a client event, one write each | %s, %s allocations |\n",
			nanoseconds(f.sending.Seconds/float64(f.sending.Events)), perEvent(*f.sending))
	}
	if i := f.idle; i != nil {
		fmt.Fprintf(&b, "| one of %s idle, subscribed clients in a process, 4 KiB read buffer each | %s of the heap, and %g goroutine with %s of stack; with all that the process has resident %s, and %s in the kernel for both ends of its connection |\n",
			figures.Thousands(i.Clients), figures.KiB(i.Heap), i.Goroutines, figures.KiB(i.Stack), figures.KiB(i.RSS), figures.KiB(i.Kernel))
	}
	if n := len(f.connecting); n > 0 {
		all := slices.SortedFunc(slices.Values(f.connecting), func(a, b connection) int { return cmp.Compare(a.took, b.took) })
		c := all[n/2]
		fmt.Fprintf(&b, "| from dialling to the first private channel, %d ms each way | %d ms: %d round trips to the server, %d to the authorization endpoint, opening the connections included |\n",
			oneWay.Milliseconds(), c.took.Milliseconds(), roundTrips(c.socket), roundTrips(c.asked))
	}
	fmt.Fprintf(&b, "\nOn %d cores, %s/%s, %s%s.\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), f.node())
	return b.String()
}

func (f *measured) rounds() int {
	if len(f.contenders) == 0 {
		return 0
	}
	return len(f.contenders[0].results)
}

// ratio compares Thimble with another: the median of the rounds' ratios, since
// what disturbs the machine disturbs neighbours in time alike.
func (f *measured) ratio(c *contender, of func(result) float64, noun string) string {
	if f.contenders[0].name != nameThimble || c.name == nameThimble {
		return ""
	}
	var ratios []float64
	for i, r := range c.results {
		ratios = append(ratios, of(f.contenders[0].results[i])/of(r))
	}
	return figures.Times(figures.Median(ratios)) + " " + noun
}

func (c *contender) median(of func(result) float64) float64 {
	var values []float64
	for _, r := range c.results {
		values = append(values, of(r))
	}
	return figures.Median(values)
}

// title is the name with versions.
func (c *contender) title() string {
	switch c.name {
	case nameGorilla:
		return strings.Replace(c.name, "websocket", "websocket "+figures.ModuleVersion("github.com/gorilla/websocket"), 1)
	case namePusher:
		version, _, _ := strings.Cut(c.results[0].Version, " ")
		return c.name + " " + version + " in Node"
	}
	return c.name
}

// allocations tells those of Go; Node does not count.
func (c *contender) allocations() string {
	if c.name == namePusher {
		return ""
	}
	return perEvent(c.results[0])
}

func perEvent(r result) string {
	allocations := fmt.Sprintf("%.2f", float64(r.Mallocs)/float64(r.Events))
	return strings.TrimSuffix(allocations, ".00")
}

// node is Node's version, behind a comma.
func (f *measured) node() string {
	for _, c := range f.contenders {
		if _, node, ok := strings.Cut(c.results[0].Version, " "); ok {
			return ", " + node
		}
	}
	return ""
}

func rate(perSecond float64) string      { return figures.Thousands(int(perSecond/1000)) + ",000" }
func nanoseconds(seconds float64) string { return figures.Thousands(int(seconds*1e9+0.5)) + " ns" }
