package console

import (
	"slices"
	"time"
)

// sampler decides which events are shown. Events come in strata; as long as few
// come all are shown. When more come than rowsPerWindow, the strata share the
// rows: one with few events keeps them all, one with many is shown one in N,
// where N follows from the window before. Within a window rowsPerWindow holds
// in any case, but for the share of each stratum and for reservedRows: a burst
// of one does not take from the others.
//
// It has no clock: now is any monotonic time.
type sampler struct {
	began  time.Duration // of the window
	shown  int           // in the window, of all strata
	strata [strata]stratum
}

// strata is how many there are: each kind, and once more for those events that
// match what the page looks for, so that they are not lost among the others.
const strata = 2 * kinds

type stratum struct {
	seen, shown int // in the window
	every       int // N; up to 1 is all
	share       int // of rowsPerWindow

	// left counts what was not shown, and came everything, since they were taken.
	came, left int64
}

// take counts an event and says whether it is shown.
func (s *sampler) take(i Kind, now time.Duration) bool {
	s.roll(now)
	one := &s.strata[i]
	one.seen++
	one.came++
	inTurn := one.every <= 1 || (one.seen-1)%one.every == 0
	if !inTurn || s.shown >= rowsPerWindow && one.shown >= max(one.share, reservedRows) {
		one.left++
		return false
	}
	one.shown++
	s.shown++
	return true
}

// lose is for an event that was to be shown and could not be.
func (s *sampler) lose(i Kind) { s.strata[i].left++ }

// roll begins a new window if it is time.
func (s *sampler) roll(now time.Duration) {
	passed := (now - s.began) / window
	if passed == 0 {
		return
	}
	s.began += passed * window
	s.shown = 0
	share := rowsPerWindow
	if passed == 1 {
		share = s.share()
	}
	for i := range s.strata {
		one := &s.strata[i]
		one.every, one.share = 1, 0
		if passed == 1 {
			one.every, one.share = (one.seen+share-1)/share, min(one.seen, share)
		}
		one.seen, one.shown = 0, 0
	}
}

// share is how many rows a stratum may have, so that all together have
// rowsPerWindow: what some do not need is divided among the others.
func (s *sampler) share() int {
	var seen []int
	for i := range s.strata {
		if n := s.strata[i].seen; n > 0 {
			seen = append(seen, n)
		}
	}
	slices.Sort(seen)
	rest := rowsPerWindow
	for i, n := range seen {
		fair := rest / (len(seen) - i)
		if n > fair {
			return max(fair, 1)
		}
		rest -= n
	}
	return rowsPerWindow
}

// omission says how much of a stratum was left out.
type omission struct {
	Kind    string `json:"kind"`
	Matched bool   `json:"matched"` // what the page looks for
	Came    int64  `json:"came"`
	Left    int64  `json:"left"`
}

// omissions returns what was left out since the last call; nil is nothing.
func (s *sampler) omissions() (list []omission) {
	for i := range s.strata {
		one := &s.strata[i]
		if one.left > 0 {
			list = append(list, omission{Kind(i % int(kinds)).String(), i >= int(kinds), one.came, one.left})
		}
		one.came, one.left = 0, 0
	}
	return list
}
