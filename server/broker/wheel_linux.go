package broker

import (
	"math/bits"
	"time"
)

// wheel holds the alarms of one loop, each in the slot of the tick in which it
// is due: to set one costs the same with ten or a hundred thousand, and no
// timer of the runtime is behind any. What is due in more than one turn waits
// in the last slot, and is looked at again then.
type wheel struct {
	at    int64 // the last tick that is over
	slots [wheelSlots]*line
	used  [wheelSlots / 64]uint64 // a bit for each slot that is not empty
}

// alarm is the place of a line in the wheel.
type alarm struct {
	next *line
	back **line // where the pointer to this one is; nil when it is not set
	slot int32
}

// set has a line's alarm rung at a time, in place of the one that it was set to.
func (w *wheel) set(n *line, due time.Duration) {
	w.unset(n)
	tick := int64((due + wheelTick - 1) / wheelTick)
	tick = min(max(tick, w.at+1), w.at+wheelSlots-1)
	a := &n.alarm
	a.slot = int32(tick % wheelSlots)
	head := &w.slots[a.slot]
	a.next, a.back = *head, head
	if a.next != nil {
		a.next.alarm.back = &a.next
	}
	*head = n
	w.used[a.slot/64] |= 1 << (a.slot % 64)
}

// lower has a line's alarm rung at a time, unless it rings before.
func (w *wheel) lower(n *line, due time.Duration) {
	if n.alarm.back != nil {
		ahead := (int64(n.alarm.slot) - w.at - 1) % wheelSlots
		if ahead < 0 {
			ahead += wheelSlots
		}
		if time.Duration(w.at+1+ahead)*wheelTick <= due+wheelTick {
			return
		}
	}
	w.set(n, due)
}

// unset takes a line's alarm back.
func (w *wheel) unset(n *line) {
	a := &n.alarm
	if a.back == nil {
		return
	}
	*a.back = a.next
	if a.next != nil {
		a.next.alarm.back = a.back
	}
	if w.slots[a.slot] == nil {
		w.used[a.slot/64] &^= 1 << (a.slot % 64)
	}
	a.next, a.back = nil, nil
}

// turn goes on to a time, and rings what is due. ring may set alarms.
func (w *wheel) turn(now time.Duration, ring func(*line)) {
	last := int64(now / wheelTick)
	if last-w.at > wheelSlots {
		w.at = last - wheelSlots // all slots once
	}
	for w.at < last {
		w.at++
		slot := w.at % wheelSlots
		for w.slots[slot] != nil {
			n := w.slots[slot]
			w.unset(n)
			ring(n)
		}
	}
}

// next is when the next slot is due that is not empty; false if all are.
func (w *wheel) next() (time.Duration, bool) {
	first := (w.at + 1) % wheelSlots
	for i := int64(0); i <= wheelSlots/64; i++ {
		word := (first/64 + i) % (wheelSlots / 64)
		set := w.used[word]
		if i == 0 {
			set &= ^uint64(0) << (first % 64)
		}
		if set != 0 {
			slot := word*64 + int64(bits.TrailingZeros64(set))
			ahead := (slot - first + wheelSlots) % wheelSlots
			return time.Duration(w.at+1+ahead) * wheelTick, true
		}
	}
	return 0, false
}
