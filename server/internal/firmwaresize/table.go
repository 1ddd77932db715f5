package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/thimble-go/thimble/server/internal/figures"
)

// tolerance is by how much a figure that is measured while the firmware runs
// may differ from the README's, as a part of it: the collector and the
// network's timing decide about the last hundred bytes. What the linker says is
// exact.
const tolerance = 0.1

// sizes is what all programs take on all targets.
type sizes map[string]map[string]size // by target and program

// row is a line of the second table.
type row struct {
	title string
	value int
	unit  string
}

// running are the figures of the firmware that measures itself.
func running(found map[string]int) []row {
	perEvent := 0
	if found["events"] > 0 {
		perEvent = (found["mallocs"] + found["events"]*9/10) / found["events"]
	}
	return []row{
		{"heap in use, connected and subscribed", found["heap"], "bytes"},
		{"the most while it connects", found["peak-connect"], "bytes"},
		{"the most while it reconnects", found["peak-reconnect"], "bytes"},
		{"allocated in a reconnection, goroutines' stacks included, for the collector to take back", found["reconnection"], "bytes"},
		{"heap in use after five reconnections", found["heap-after"], "bytes"},
		{"allocations per event; fewer than one in ten events count as none", perEvent, ""},
		{"the deepest stack", found["stack"], "bytes"},
	}
}

// markdown is the section of the README.
func markdown(all sizes, found map[string]int) string {
	var b strings.Builder
	b.WriteString("Flash and static memory (`.data` and `.bss`) in bytes, with TinyGo's own settings; the client's programs have a handler of errors, and all but the empty one the same network beneath, which is next to nothing: that of a real board comes on top, and may bring package fmt along itself:\n\n|")
	for _, t := range targets {
		fmt.Fprintf(&b, " | %s | static", t.title)
	}
	b.WriteString(" |\n|---|" + strings.Repeat("--:|--:|", len(targets)) + "\n")
	for _, p := range programs {
		fmt.Fprintf(&b, "| %s", p.title)
		for _, t := range targets {
			s := all[t.name][p.dir]
			fmt.Fprintf(&b, " | %s | %s", figures.Thousands(s.flash), figures.Thousands(s.static))
		}
		b.WriteString(" |\n")
	}
	b.WriteString("\nIn QEMU, on a presence channel of ten members, with a receive buffer of 4,096 bytes. Stacks of goroutines count as heap; they were zeros before they were used:\n\n| | |\n|---|--:|\n")
	for _, r := range running(found) {
		fmt.Fprintf(&b, "| %s | %s |\n", r.title, strings.TrimSpace(figures.Thousands(r.value)+" "+r.unit))
	}
	return b.String()
}

// cells are the numbers in a table's lines, by the line's title.
func cells(section string) map[string][]int {
	found := make(map[string][]int)
	for line := range strings.Lines(section) {
		columns := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(columns) < 2 {
			continue
		}
		var numbers []int
		for _, c := range columns[1:] {
			text, _, _ := strings.Cut(strings.TrimSpace(c), " ")
			if n, err := strconv.Atoi(strings.ReplaceAll(text, ",", "")); err == nil {
				numbers = append(numbers, n)
			}
		}
		if len(numbers) == len(columns)-1 {
			found[strings.TrimSpace(columns[0])] = numbers
		}
	}
	return found
}

// differences says where the document's section is not what was measured.
func differences(document, measured string) []string {
	var found []string
	was, is := cells(document), cells(measured)
	exact := make(map[string]bool)
	for _, p := range programs {
		exact[p.title] = true
	}
	for line := range strings.Lines(measured) {
		title, _, _ := strings.Cut(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		now, ok := is[title]
		if !ok {
			continue
		}
		before := was[title]
		if len(before) != len(now) {
			found = append(found, title+": the README has no such line")
			continue
		}
		for i := range now {
			off := float64(max(now[i]-before[i], before[i]-now[i]))
			if exact[title] && off > 0 || off > tolerance*float64(before[i]) {
				found = append(found, fmt.Sprintf("%s: measured %s, the README says %s", title, figures.Thousands(now[i]), figures.Thousands(before[i])))
			}
		}
	}
	return found
}
