package load

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// subBits has durations told apart to one in 64: finer than any two runs agree.
const subBits = 6

// histogram counts durations. Any number of goroutines may add to it.
type histogram struct {
	counts [64 << subBits]atomic.Int64
	most   atomic.Int64
}

func (h *histogram) add(d time.Duration) {
	v := max(d, 0)
	h.counts[bucket(uint64(v))].Add(1)
	for {
		most := h.most.Load()
		if int64(v) <= most || h.most.CompareAndSwap(most, int64(v)) {
			return
		}
	}
}

// bucket is where a number counts: by its highest bits.
func bucket(v uint64) int {
	shift := max(0, bits.Len64(v)-subBits-1)
	return shift<<subBits + int(v>>shift)
}

// highest is the largest number of a bucket.
func highest(i int) uint64 {
	shift := max(0, i>>subBits-1)
	return uint64(i-shift<<subBits+1)<<shift - 1
}

// merge adds what another has.
func (h *histogram) merge(from *histogram) {
	for i := range from.counts {
		h.counts[i].Add(from.counts[i].Load())
	}
	h.most.Store(max(h.most.Load(), from.most.Load()))
}

// Distribution is how long things took.
type Distribution struct {
	Count              int64
	P50, P90, P99, Max time.Duration
}

func (h *histogram) distribution() Distribution {
	var d Distribution
	for i := range h.counts {
		d.Count += h.counts[i].Load()
	}
	d.Max = time.Duration(h.most.Load())
	for _, p := range []struct {
		to   *time.Duration
		part int64 // of 100
	}{{&d.P50, 50}, {&d.P90, 90}, {&d.P99, 99}} {
		rank, sum := (d.Count*p.part+99)/100, int64(0)
		for i := range h.counts {
			if sum += h.counts[i].Load(); sum >= rank && d.Count > 0 {
				*p.to = min(time.Duration(highest(i)), d.Max)
				break
			}
		}
	}
	return d
}
