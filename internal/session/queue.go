package session

// queue holds events until the driver asks for them. It keeps its memory.
type queue struct {
	events []Event
	first  int
}

func (q *queue) push(ev Event) { q.events = append(q.events, ev) }

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
