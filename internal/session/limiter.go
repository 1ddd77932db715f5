package session

import "time"

// limiter lets so many client events through in any one second: the service
// refuses more than ten on a connection. It remembers when the last ones went.
type limiter struct {
	most int // 0: no limit
	sent []time.Duration
	next int // the oldest of sent
}

// window is what the limit is about.
const window = time.Second

// at returns when the next event may be sent; it may have passed.
func (l *limiter) at() time.Duration {
	if l.most == 0 || len(l.sent) < l.most {
		return 0
	}
	return l.sent[l.next] + window
}

func (l *limiter) note(now time.Duration) {
	switch {
	case l.most == 0:
	case len(l.sent) < l.most:
		if len(l.sent) == cap(l.sent) {
			l.expire(now) // a large limit costs no more memory than it is used
		}
		l.sent = append(l.sent, now)
	default:
		l.sent[l.next] = now
		l.next = (l.next + 1) % l.most
	}
}

// expire forgets the older half of the events if those do not count any more;
// sent is in order as long as it is not full.
func (l *limiter) expire(now time.Duration) {
	if half := len(l.sent) / 2; half > 0 && l.sent[half-1]+window <= now {
		l.sent = l.sent[:copy(l.sent, l.sent[half:])]
	}
}

// reset forgets what went over a connection that is gone.
func (l *limiter) reset() { l.sent, l.next = l.sent[:0], 0 }
