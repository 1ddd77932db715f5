package console

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// nobody is a broker without anything.
type nobody struct {
	Broker
	observed []bool
}

func (n *nobody) Observe(on bool) { n.observed = append(n.observed, on) }

func lines(t *testing.T, w *watcher) (rows []row) {
	t.Helper()
	for line := range strings.Lines(string(w.take(nil))) {
		var r row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		rows = append(rows, r)
	}
	return rows
}

// A page that does not read costs a bounded amount of memory, and is told what
// it missed.
func TestSlowWatcherIsBounded(t *testing.T) {
	t.Parallel()
	c := New(Config{Local: true}, &nobody{})
	w := c.watch("1")
	const seconds = 20
	payload := strings.Repeat("\x01", 100_000) // six bytes each in JSON
	for i := range seconds * 1000 {
		w.tell(&Event{Kind: APIMessage, App: "1", Data: payload}, time.Duration(i)*time.Millisecond, time.Unix(0, 0))
		if cap(w.queue) > 2*maxQueue {
			t.Fatalf("%d bytes wait", cap(w.queue))
		}
	}
	counts, left := w.account()
	rows := lines(t, w)
	if counts["API message"] != seconds*1000 {
		t.Errorf("counted %v", counts)
	}
	if len(left) != 1 || left[0].Left+int64(len(rows)) != seconds*1000 {
		t.Errorf("%d rows and %+v", len(rows), left)
	}
	if one := rows[0]; one.Size != len(payload) || len(one.Data) != maxData || !one.Cut {
		t.Errorf("%d bytes, %d of them shown, cut is %t", one.Size, len(one.Data), one.Cut)
	}
}

// A payload is cut between two characters.
func TestCutInWholeCharacters(t *testing.T) {
	t.Parallel()
	for n := range 4 {
		text := strings.Repeat("x", n) + strings.Repeat("€", maxData)
		got, cut := shorten(text, maxData)
		if !cut || len(got) > maxData || len(got) < maxData-2 || !strings.HasPrefix(text, got) || strings.ContainsRune(got, '\uFFFD') {
			t.Errorf("%d: %d bytes, ends with %q", n, len(got), got[len(got)-4:])
		}
	}
}

// What a page looks for is shown among many times more of the same kind.
func TestLook(t *testing.T) {
	t.Parallel()
	c := New(Config{Local: true}, &nobody{})
	w := c.watch("1")
	w.sampler.began = 0 // seconds begin at whole ones
	w.seek(look{Kinds: []string{"API message"}, Channel: "ORD", Text: `"id"`})
	found := 0
	for i := range 5000 {
		e := Event{Kind: APIMessage, App: "1", Channel: "busy", Data: `{"id":1}`}
		if i >= 1000 && i%250 == 0 {
			e.Channel = "orders"
		}
		w.tell(&e, time.Duration(i)*time.Millisecond, time.Unix(0, 0))
		if i%1000 == 999 {
			for _, r := range lines(t, w) {
				if r.Channel == "orders" {
					found++
				}
			}
		}
	}
	if found != 16 {
		t.Errorf("%d of 16 are shown", found)
	}
	for _, one := range func() []omission { _, left := w.account(); return left }() {
		if one.Matched {
			t.Errorf("left out %+v", one)
		}
	}
}

// The broker is told when the first page comes and when the last one goes; only
// so many may come.
func TestWatched(t *testing.T) {
	t.Parallel()
	b := &nobody{}
	c := New(Config{Local: true}, b)
	var all []*watcher
	for range maxWatchers {
		all = append(all, c.watch("1"))
	}
	if c.watch("1") != nil {
		t.Error("one more than may")
	}
	if c.watcher(all[3].id) != all[3] || c.watcher("") != nil {
		t.Error("a watcher is not found by its id")
	}
	for _, w := range all {
		if !c.Watched() {
			t.Error("nobody is said to watch")
		}
		c.unwatch(w)
	}
	if c.Watched() || len(b.observed) != 2 || !b.observed[0] || b.observed[1] {
		t.Errorf("observed: %v", b.observed)
	}
	c.Close()
	c.Close()
	if c.watch("1") != nil {
		t.Error("somebody watches after the end")
	}
}

func TestUnwatchedCostsNothing(t *testing.T) {
	c := New(Config{Local: true}, &nobody{})
	e := Event{Kind: APIMessage, App: "1", Data: "{}"}
	if n := testing.AllocsPerRun(1000, func() {
		if c.Watched() {
			c.Tell(&e)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	// Nor does an event that is only counted.
	w := c.watch("1")
	for range 10_000 {
		w.tell(&e, 0, time.Unix(0, 0))
	}
	if n := testing.AllocsPerRun(1000, func() { w.tell(&e, 0, time.Unix(0, 0)) }); n != 0 {
		t.Errorf("%v allocations for an event that is not shown", n)
	}
}
