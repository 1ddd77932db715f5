package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// markdown is the section of the README.
func (f *figures) markdown() string {
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
			thousands(i.Clients), kib(i.Heap), i.Goroutines, kib(i.Stack), kib(i.RSS), kib(i.Kernel))
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

func (f *figures) rounds() int {
	if len(f.contenders) == 0 {
		return 0
	}
	return len(f.contenders[0].results)
}

// ratio compares Thimble with another: the median of the rounds' ratios, since
// what disturbs the machine disturbs neighbours in time alike.
func (f *figures) ratio(c *contender, of func(result) float64, noun string) string {
	if f.contenders[0].name != nameThimble || c.name == nameThimble {
		return ""
	}
	var ratios []float64
	for i, r := range c.results {
		ratios = append(ratios, of(f.contenders[0].results[i])/of(r))
	}
	return times(median(ratios)) + " " + noun
}

func (c *contender) median(of func(result) float64) float64 {
	var values []float64
	for _, r := range c.results {
		values = append(values, of(r))
	}
	return median(values)
}

// title is the name with versions.
func (c *contender) title() string {
	switch c.name {
	case nameGorilla:
		return strings.Replace(c.name, "websocket", "websocket "+moduleVersion("github.com/gorilla/websocket"), 1)
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
func (f *figures) node() string {
	for _, c := range f.contenders {
		if _, node, ok := strings.Cut(c.results[0].Version, " "); ok {
			return ", " + node
		}
	}
	return ""
}

func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, dep := range info.Deps {
		if dep.Path == path {
			return strings.TrimPrefix(dep.Version, "v")
		}
	}
	return ""
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func rate(perSecond float64) string      { return thousands(int(perSecond/1000)) + ",000" }
func nanoseconds(seconds float64) string { return thousands(int(seconds*1e9+0.5)) + " ns" }
func kib(bytes float64) string           { return fmt.Sprintf("%.1f KiB", bytes/1024) }

// times says how many times as much something is; what is less, as a part.
func times(ratio float64) string {
	switch {
	case ratio >= 1.95:
		return fmt.Sprintf("%.1f times", ratio)
	case ratio >= 0.1:
		return fmt.Sprintf("%.0f%% of", 100*ratio)
	}
	return fmt.Sprintf("%.1f%% of", 100*ratio)
}

// thousands writes a number with commas.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// The marks around the section that is written.
const (
	markBegin = "<!-- figures: client -->"
	markEnd   = "<!-- end of figures: client -->"
)

// rewrite puts text between the marks in a file.
func rewrite(path, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed, err := replace(old, text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, changed, 0o644)
}

func replace(old []byte, text string) ([]byte, error) {
	before, rest, ok := bytes.Cut(old, []byte(markBegin))
	_, after, end := bytes.Cut(rest, []byte(markEnd))
	if !ok || !end {
		return nil, fmt.Errorf("put a line %s and a line %s where the figures belong", markBegin, markEnd)
	}
	return slices.Concat(before, []byte(markBegin+"\n"+text+markEnd), after), nil
}
