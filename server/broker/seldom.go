package broker

import (
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// seldom bounds lines of the log that somebody outside can cause: some at once,
// then one in a while, which says how many there were not.
type seldom struct {
	lines   *rate.Limiter
	skipped atomic.Int64
}

func newSeldom(atOnce int) *seldom {
	return &seldom{lines: rate.NewLimiter(rate.Every(logEvery), atOnce)}
}

// may says whether there is a line now, and how many were left out before it.
func (s *seldom) may(now time.Time) (skipped int64, ok bool) {
	if !s.lines.AllowN(now, 1) {
		s.skipped.Add(1)
		return 0, false
	}
	return s.skipped.Swap(0), true
}
