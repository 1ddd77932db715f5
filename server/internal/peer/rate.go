package peer

import "time"

// rate is the limit of client events: a bucket that holds one second's worth
// and fills evenly. It is kept as the time at which the bucket will be full
// again, which takes one word and no timer.
type rate struct{ full time.Duration }

// allow takes one out of a bucket that holds perSecond, false when it is empty.
func (r *rate) allow(now time.Duration, perSecond int) bool {
	one := time.Second / time.Duration(perSecond)
	full := max(r.full, now) + one
	if full > now+time.Second {
		return false
	}
	r.full = full
	return true
}
