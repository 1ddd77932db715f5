package webhook

import (
	"container/heap"
	"time"
)

// item is an event on its way to one endpoint.
type item struct {
	seq     uint64 // the order of all; its key in the store
	since   time.Duration
	ms      int64 // when it happened, Unix time
	channel string
	json    []byte
}

func (i *item) size() int { return len(i.channel) + len(i.json) + overhead }

// lanes are what waits for one endpoint: a lane for each channel. In a lane
// the order is kept, also by what has to be tried again; lanes do not wait for
// each other.
type lanes struct {
	batch bool
	// spread makes a random delay of one that is given.
	spread func(time.Duration) time.Duration

	byChannel map[string]*lane
	ready     []*lane // first come, first served
	later     laneHeap
	flying    int // requests
	final     bool
}

// lane is never empty, and is in ready, in later, or flying.
type lane struct {
	channel  string
	queue    []*item
	failures int // since the last success
	due      time.Duration
}

// request is what goes out at once: some items from the front of each lane.
type request struct {
	lanes []*lane
	each  []int
	items []*item
}

// add puts an item behind the others of its channel.
func (l *lanes) add(i *item) {
	if one := l.byChannel[i.channel]; one != nil {
		one.queue = append(one.queue, i)
		return
	}
	if l.byChannel == nil {
		l.byChannel = make(map[string]*lane)
	}
	one := &lane{channel: i.channel, queue: []*item{i}}
	l.byChannel[i.channel] = one
	l.ready = append(l.ready, one)
}

// take returns what is to be sent now, nil if nothing is.
func (l *lanes) take(now time.Duration) *request {
	for len(l.later) > 0 && l.later[0].due <= now {
		l.ready = append(l.ready, heap.Pop(&l.later).(*lane))
	}
	most, events, bytes := requestsAtOnce, 1, 0
	if l.batch {
		most, events, bytes = 1, batchEvents, batchBytes
	}
	if len(l.ready) == 0 || l.flying >= most {
		return nil
	}
	r := &request{}
	for len(l.ready) > 0 {
		one := l.ready[0]
		n := 0
		for n < len(one.queue) && (len(r.items) == 0 || len(r.items) < events && bytes >= len(one.queue[n].json)) {
			bytes -= len(one.queue[n].json)
			r.items = append(r.items, one.queue[n])
			n++
		}
		if n == 0 {
			break
		}
		r.lanes, r.each = append(r.lanes, one), append(r.each, n)
		l.ready[0] = nil
		l.ready = l.ready[1:]
	}
	l.flying++
	return r
}

// done is the end of a request that was taken.
func (l *lanes) done(r *request) {
	l.flying--
	for i, one := range r.lanes {
		one.failures = 0
		l.drop(one, r.each[i])
		l.again(one)
	}
}

// failed is the end of a request that was not. What has been waiting for too
// long is dropped, and returned; the rest is tried again later.
func (l *lanes) failed(r *request, now time.Duration) (dropped []*item) {
	l.flying--
	for _, one := range r.lanes {
		n := 0
		for n < len(one.queue) && now-one.queue[n].since >= keepTrying && !l.final {
			n++
		}
		dropped = append(dropped, one.queue[:n]...)
		l.drop(one, n)
		switch {
		case len(one.queue) == 0:
			delete(l.byChannel, one.channel)
		case l.final:
			// Nothing more is tried: it stays in its lane, for leave.
		default:
			one.failures++
			one.due = now + l.spread(min(firstDelay<<min(one.failures-1, 10), mostDelay))
			if last := one.queue[0].since + keepTrying; last > now && one.due > last {
				one.due = last
			}
			heap.Push(&l.later, one)
		}
	}
	return dropped
}

// drop takes items from the front of a lane.
func (l *lanes) drop(one *lane, n int) {
	clear(one.queue[:n])
	one.queue = one.queue[n:]
}

// again lines a lane up that has not failed.
func (l *lanes) again(one *lane) {
	if len(one.queue) == 0 {
		delete(l.byChannel, one.channel)
		return
	}
	l.ready = append(l.ready, one)
}

// finish has everything tried once more now, and nothing after that.
func (l *lanes) finish() {
	l.final = true
	for len(l.later) > 0 {
		l.ready = append(l.ready, heap.Pop(&l.later).(*lane))
	}
}

// next is when take may have something that it has not now.
func (l *lanes) next() (at time.Duration, any bool) {
	if len(l.later) == 0 {
		return 0, false
	}
	return l.later[0].due, true
}

// leave takes everything out.
func (l *lanes) leave() (left []*item) {
	for _, one := range l.byChannel {
		left = append(left, one.queue...)
	}
	l.byChannel, l.ready, l.later = nil, nil, nil
	return left
}

type laneHeap []*lane

func (h laneHeap) Len() int           { return len(h) }
func (h laneHeap) Less(i, j int) bool { return h[i].due < h[j].due }
func (h laneHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *laneHeap) Push(x any)        { *h = append(*h, x.(*lane)) }
func (h *laneHeap) Pop() any {
	last := len(*h) - 1
	one := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return one
}
