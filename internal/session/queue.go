package session

// queue holds events until the driver asks for them. Ordinary messages do not
// come through it, so that it need not keep its memory while nothing happens.
type queue struct {
	events []Event
	first  int
}

// push adds an event and returns it, valid until the next one: what else it
// says is filled in where it stands.
func (q *queue) push(kind Kind, ch *Channel, err error) *Event {
	q.events = append(q.events, Event{Kind: kind, Channel: ch, Err: err})
	return &q.events[len(q.events)-1]
}

// rest gives the memory back.
func (q *queue) rest() {
	if q.first == len(q.events) {
		q.events, q.first = nil, 0
	}
}

func (q *queue) pop(ev *Event) bool {
	if q.first == len(q.events) {
		return false
	}
	*ev = q.events[q.first]
	q.events[q.first] = Event{} // so that what it points to can be collected
	q.first++
	if q.first == len(q.events) {
		q.events, q.first = q.events[:0], 0
	}
	return true
}

// drop takes away those that nobody wants any more.
func (q *queue) drop(unwanted func(*Event) bool) {
	kept := q.events[:q.first]
	for i := q.first; i < len(q.events); i++ {
		if !unwanted(&q.events[i]) {
			kept = append(kept, q.events[i])
		}
	}
	clear(q.events[len(kept):])
	q.events = kept
}
