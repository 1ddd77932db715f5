package main

import (
	"context"
	"runtime/debug"
	"time"
)

const (
	tidyEvery = 500 * time.Millisecond

	// tidyFrom is how many connections must have come or gone. The memory of
	// fewer is not worth a walk through all of it.
	tidyFrom = 1000
)

// tidier decides when memory is given back to the system. A wave of
// connections leaves behind what their requests were read into, and a wave that
// goes what they were: Go keeps that for what comes next, which may be nothing
// for days.
type tidier struct{ tidied, before int }

// due is asked at regular intervals, with how many connections there are. It
// says yes once behind each wave, when no more come or go.
func (t *tidier) due(now int) bool {
	calm := now == t.before
	t.before = now
	change := now - t.tidied
	if !calm || max(change, -change) < max(tidyFrom, t.tidied/10) {
		return false
	}
	t.tidied = now
	return true
}

// tidy gives memory back until ctx ends.
func tidy(ctx context.Context, connections func() int) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for t := (tidier{}); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if t.due(connections()) {
				debug.FreeOSMemory()
			}
		}
	}
}
