package webhook

import (
	"sync/atomic"
	"time"
)

// lost counts what there was no room for, until the log is told: not each time,
// for there may be much.
type lost struct {
	count atomic.Int64
	told  time.Duration // only the goroutine that logs uses it
}

func (l *lost) add(n int64) { l.count.Add(n) }

// report returns what is to be logged now, 0 for nothing.
func (l *lost) report(now time.Duration) int64 {
	if l.count.Load() == 0 || l.told > 0 && now-l.told < logEvery {
		return 0
	}
	l.told = max(now, 1)
	return l.count.Swap(0)
}
