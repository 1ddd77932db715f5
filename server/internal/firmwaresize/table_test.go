package main

import (
	"os"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/server/internal/figures"
)

// What the README may say, in bytes: flash on an ESP32-C3 above a program that
// only calls net.Dial, and above one that connects as the client does; and
// memory.
const (
	mostHeap  = 12 << 10
	mostPeak  = 16 << 10
	mostStack = 4 << 10

	mostReconnection = 16 << 10
)

var mostFlash = []struct {
	dir            string
	dialled, alone int
}{
	{"public", 0, 61 << 10},
	{"private", 23 << 10, 98 << 10},
}

// TestReadmeKeepsTheLimits checks the table that stands in the README.
func TestReadmeKeepsTheLimits(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := figures.Section(document, section)
	if err != nil {
		t.Fatal(err)
	}
	found := cells(text)
	flash := func(dir string) int {
		for _, p := range programs {
			if row := found[p.title]; p.dir == dir && len(row) == 2*len(targets) {
				return row[0]
			}
		}
		t.Fatalf("the table has no line for %s", dir)
		return 0
	}
	for _, most := range mostFlash {
		if above := flash(most.dir) - flash("dial"); above > most.dialled {
			t.Errorf("%s: %d bytes above net.Dial, the limit is %d", most.dir, above, most.dialled)
		}
		if above := flash(most.dir) - flash("socket"); above <= 0 || above > most.alone {
			t.Errorf("%s: %d bytes above a connection, the limit is %d", most.dir, above, most.alone)
		}
	}
	most := []int{mostHeap, mostPeak, mostPeak, mostReconnection, mostHeap, 0, mostStack}
	for i, r := range running(nil) {
		row := found[r.title]
		if len(row) != 1 || row[0] < 0 || row[0] > most[i] || row[0] == 0 && most[i] != 0 {
			t.Errorf("%s: %v, the limit is %d", r.title, row, most[i])
		}
	}
}

func TestParseFlash(t *testing.T) {
	t.Parallel()
	const recorded = "   code    data     bss |   flash     ram\n  89806    1636   35718 |   91442   37354\n"
	if n, err := parseFlash(recorded); err != nil || n != 91442 {
		t.Errorf("%d, %v", n, err)
	}
	for _, bad := range []string{"", "flash", "code flash\n1", "code flash\n1 x", "code ram\n1 2", "error: out of memory\n"} {
		if n, err := parseFlash(bad); err == nil {
			t.Errorf("%q: %d", bad, n)
		}
	}
}

func TestParseFigures(t *testing.T) {
	t.Parallel()
	const recorded = "thimble: no connection\r\nfigure peak-connect 15200\r\nfigure heap 10480\r\nfigure events 100\r\nfigure mallocs 0\r\n"
	if found, err := parseFigures(recorded); found != nil || err != nil {
		t.Errorf("before the end: %v, %v", found, err)
	}
	if found, err := parseFigures(recorded + "figure done 0"); found != nil || err != nil {
		t.Errorf("half a line: %v, %v", found, err)
	}
	found, err := parseFigures(recorded + "figure done 0\n")
	if err != nil || found["heap"] != 10480 || found["peak-connect"] != 15200 || found["events"] != 100 {
		t.Errorf("%v, %v", found, err)
	}
	for _, bad := range []string{"figure heap much\n", "figure heap\n", "figure failed no network\n"} {
		if found, err := parseFigures(bad); err == nil {
			t.Errorf("%q: %v", bad, found)
		}
	}
}

// TestDifferences has a table that is out of date: flash is compared to the
// byte, what is measured while it runs is not.
func TestDifferences(t *testing.T) {
	t.Parallel()
	all := make(sizes)
	for _, target := range targets {
		all[target.name] = make(map[string]size)
		for i, p := range programs {
			all[target.name][p.dir] = size{100_000 + i, 5_000}
		}
	}
	run := map[string]int{"heap": 10_000, "peak-connect": 15_000, "peak-reconnect": 16_000, "heap-after": 11_000, "reconnection": 20_000, "events": 100, "mallocs": 3, "stack": 3_000}
	old := markdown(all, run)
	if found := differences(old, old); len(found) > 0 {
		t.Errorf("the same: %v", found)
	}
	run["heap"] = 10_900
	if found := differences(old, markdown(all, run)); len(found) > 0 {
		t.Errorf("within the tolerance: %v", found)
	}
	run["heap"], run["mallocs"] = 11_100, 100
	all[targets[0].name]["public"] = size{100_004, 5_000}
	found := strings.Join(differences(old, markdown(all, run)), "\n")
	for _, want := range []string{
		"the client with public channels: measured 100,004, the README says 100,003",
		"heap in use, connected and subscribed: measured 11,100, the README says 10,000",
		"allocations per event; fewer than one in ten events count as none: measured 1, the README says 0",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("there is no %q in\n%s", want, found)
		}
	}
	if found := differences("", old); len(found) != len(programs)+len(running(nil)) {
		t.Errorf("an empty section: %v", found)
	}
}
