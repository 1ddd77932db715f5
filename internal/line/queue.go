package line

import "time"

// queue holds the messages that are not acknowledged yet, oldest first, each
// behind a byte with its length. Some of them were sent.
type queue struct {
	buf        []byte
	start, end int   // of what is in buf
	n          int   // messages
	first      uint8 // number of the oldest

	tried    int // of the messages: sent at least once
	sent     int // of the messages, since the last step back
	sentTo   int // in buf: behind the last that was sent
	inFlight int // bytes on the line of those
	window   int // bytes that the other end takes unread

	// Sending again. After a timeout only the oldest goes, to ask how far the
	// other end is: mostly the others are there already.
	asking   bool
	resendAt time.Duration
	wait     time.Duration // until the oldest is sent again

	// The time an acknowledgement takes, of a message that was sent once.
	timed   bool
	timing  uint8 // its number
	timedAt time.Duration
	trip    time.Duration // smoothed; 0: unknown
}

// reset empties the queue for a new session.
func (q *queue) reset() {
	*q = queue{buf: q.buf, window: q.window, trip: q.trip, wait: q.patience()}
}

// patience is the time until the oldest message is sent again, at first.
func (q *queue) patience() time.Duration {
	if q.trip == 0 {
		return firstResend
	}
	return min(max(2*q.trip+minResend/2, minResend), maxResend)
}

// waiting says whether an acknowledgement is due.
func (q *queue) waiting() bool { return q.sent > 0 }

// room is how long a message may be that is added now; negative: none.
func (q *queue) room() int {
	if q.n == maxInFlight {
		return -1
	}
	return min(len(q.buf)-(q.end-q.start)-1, maxMessage, q.window-overhead)
}

// add returns the place for a message of size bytes, for which there is room.
func (q *queue) add(size int) []byte {
	if q.end+1+size > len(q.buf) {
		copy(q.buf, q.buf[q.start:q.end])
		q.end -= q.start
		q.sentTo -= q.start
		q.start = 0
	}
	q.buf[q.end] = byte(size)
	m := q.buf[q.end+1 : q.end+1+size]
	q.end += 1 + size
	q.n++
	return m
}

// ready says whether there is a message to send now.
func (q *queue) ready() bool {
	if q.sent == 0 || q.asking {
		return q.sent == 0 && q.n > 0
	}
	return q.sent < q.n && q.inFlight+overhead+int(q.buf[q.sentTo]) <= q.window
}

// next returns the message to send now, its number, and whether it was sent
// before.
func (q *queue) next(now time.Duration) (number uint8, m []byte, again bool) {
	size := int(q.buf[q.sentTo])
	m = q.buf[q.sentTo+1 : q.sentTo+1+size]
	number = q.first + uint8(q.sent)
	if q.sent == 0 {
		q.resendAt = now + q.wait
	}
	if again = q.sent < q.tried; !again {
		q.tried++
		if !q.timed {
			q.timed, q.timing, q.timedAt = true, number, now
		}
	}
	q.sent++
	q.sentTo += 1 + size
	q.inFlight += overhead + size
	return number, m, again
}

// acknowledge removes what the other end has, and says whether that was
// anything. Numbers that cannot be are ignored.
func (q *queue) acknowledge(now time.Duration, expected uint8) bool {
	n := int(expected - q.first) // in eight bits
	if n == 0 || n > q.tried {
		return false
	}
	if q.timed && int(q.timing-q.first) < n {
		q.timed = false
		if trip := now - q.timedAt; q.trip == 0 {
			q.trip = max(trip, 1)
		} else {
			q.trip = max((7*q.trip+trip)/8, 1)
		}
	}
	for range n {
		size := int(q.buf[q.start])
		q.start += 1 + size
		if q.sent > 0 {
			q.sent--
			q.inFlight -= overhead + size
		}
	}
	q.n -= n
	q.tried -= n
	q.first = expected
	if q.sent == 0 {
		q.sentTo = q.start
	}
	if q.n == 0 {
		q.start, q.end, q.sentTo = 0, 0, 0
	}
	q.wait, q.resendAt = q.patience(), now+q.patience()
	if q.asking {
		q.again() // what it has not got by now is lost
	}
	return true
}

// again makes everything unsent.
func (q *queue) again() {
	q.asking, q.timed = false, false
	q.sent, q.sentTo, q.inFlight = 0, q.start, 0
}

// timeout prepares for sending the oldest message again.
func (q *queue) timeout(now time.Duration) {
	q.again()
	q.wait = min(2*q.wait, maxResend)
	q.asking = true
}
