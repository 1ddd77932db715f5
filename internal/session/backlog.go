package session

import (
	"time"

	"github.com/thimble-go/thimble/internal/wire"
)

// backlog holds client events that could not be sent when they were triggered,
// in order, bounded in bytes. It is used only if the user wants it.
type backlog struct {
	waiting []waitingEvent
	size    int           // bytes, names included
	retryAt time.Duration // when flushing is worth another try; 0: when something changes
}

type waitingEvent struct {
	ch    *Channel
	event string
	data  []byte
}

func (w *waitingEvent) size() int { return len(w.event) + len(w.ch.Name) + len(w.data) }

// queueRetry is how soon a full output queue is looked at again.
const queueRetry = 50 * time.Millisecond

// wait puts an event into the backlog.
func (s *Session) wait(ch *Channel, event string, data []byte) error {
	if len(data) == 0 {
		data = []byte("{}")
	}
	w := waitingEvent{ch, event, data}
	switch {
	case !wire.Valid(data):
		return ErrNotJSON
	case s.backlog.size+w.size() > s.cfg.Backlog:
		return ErrQueueFull
	}
	s.parts.backlog = &backlogs
	s.backlog.waiting = append(s.backlog.waiting, w)
	s.backlog.size += w.size()
	ch.waiting++
	return nil
}

// flushBacklog sends what can be sent now. Events of a channel keep their
// order; a channel that is not subscribed does not hold up the others.
func (s *Session) flushBacklog(now time.Duration) {
	b := &s.backlog
	b.retryAt = 0
	if len(b.waiting) == 0 || s.phase != ready {
		return
	}
	kept := b.waiting[:0]
	for i := range b.waiting {
		w := &b.waiting[i]
		if w.ch.state == subscribed && b.retryAt == 0 {
			switch err := send(s, now, w.ch, w.event, w.data); err {
			case nil:
				s.settled(w)
				continue
			case ErrRateLimited:
				b.retryAt = s.limit.at()
			case ErrQueueFull:
				b.retryAt = now + queueRetry
			}
		}
		kept = append(kept, *w)
	}
	clear(b.waiting[len(kept):])
	b.waiting = kept
}

// dueBacklog tries again when that is due. To try before, at each event that
// comes, would cost ever more the longer the backlog is.
func (s *Session) dueBacklog(now time.Duration) {
	if s.backlog.retryAt != 0 && now >= s.backlog.retryAt {
		s.parts.backlog.flush(s, now)
	}
}

// settled takes an event off the account.
func (s *Session) settled(w *waitingEvent) {
	s.backlog.size -= w.size()
	w.ch.waiting--
}

// discard drops a channel's events, since the user takes the channel back or the
// subscription is refused for good, and says so.
func (s *Session) discard(ch *Channel) {
	s.fail(&DiscardedError{ch.Name, ch.waiting})
	b := &s.backlog
	kept := b.waiting[:0]
	for i := range b.waiting {
		if w := &b.waiting[i]; w.ch != ch {
			kept = append(kept, *w)
		} else {
			s.settled(w)
		}
	}
	clear(b.waiting[len(kept):])
	b.waiting = kept
}
