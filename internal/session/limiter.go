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
		l.sent = append(l.sent, now)
	default:
		l.sent[l.next] = now
		l.next = (l.next + 1) % l.most
	}
}

// reset forgets what went over a connection that is gone.
func (l *limiter) reset() { l.sent, l.next = l.sent[:0], 0 }
