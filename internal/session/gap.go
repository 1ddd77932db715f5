package session

import "time"

// leave notes, when a connection ends, until when the channel's messages have
// come: up to the last byte heard. Who was there then is kept on request.
func (s *Session) leave(ch *Channel) {
	ch.joined, ch.left = nil, nil
	if ch.state != subscribed {
		return
	}
	ch.heard, ch.told = s.heard, false
	if s.cfg.MemberChanges && ch.members != nil && !ch.partial() {
		ch.before = ch.members
	}
}

// gap returns for how long the channel's messages have not come, 0 if none can
// have been missed since it was first subscribed.
func (ch *Channel) gap(now time.Duration) time.Duration {
	if ch.heard == 0 {
		return 0
	}
	return max(now-ch.heard, 1)
}

// caughtUp ends the gap and says how long it was.
func (ch *Channel) caughtUp(now time.Duration) time.Duration {
	gap := ch.gap(now)
	ch.heard, ch.told = 0, false
	return gap
}

// early returns the gap for a message that overtakes the confirmation, once.
func (ch *Channel) early(now time.Duration) time.Duration {
	if ch.told {
		return 0
	}
	ch.told = true
	return ch.gap(now)
}

// compare finds out who has come and gone since the connection before.
func (ch *Channel) compare() {
	if ch.before == nil || ch.partial() { // of a part nothing can be told
		ch.before = nil
		return
	}
	for id, info := range ch.members {
		if _, ok := ch.before[id]; !ok {
			ch.joined = append(ch.joined, Member{id, info})
		}
	}
	for id, info := range ch.before {
		if _, ok := ch.members[id]; !ok {
			ch.left = append(ch.left, Member{id, info})
		}
	}
	ch.before = nil
}

// MemberChanges returns who has joined and who has left across the last gap,
// if the session was asked to keep track. It is there from the confirmation
// until the connection ends.
func (ch *Channel) MemberChanges() (joined, left []Member) { return ch.joined, ch.left }

// endGap forgets what the channel has missed: the user ends it himself.
func (ch *Channel) endGap() {
	ch.heard, ch.told = 0, false
	ch.before, ch.joined, ch.left = nil, nil, nil
}
