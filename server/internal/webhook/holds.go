package webhook

import (
	"container/heap"
	"time"
)

// place is what may be left and come back to: a channel, or a channel by one
// user.
type place struct {
	app     string
	channel string
	user    string // empty for the channel itself
}

// went is what is told of those who are gone.
func (p place) went() Kind {
	if p.user != "" {
		return MemberRemoved
	}
	return ChannelVacated
}

// holds keeps back that somebody has gone until it is clear that they do not
// come back at once. Those who come back in time have never been away: neither
// is told.
type holds struct {
	byPlace map[place]*held
	order   heldHeap
	count   uint64
}

type held struct {
	place place
	due   time.Duration
	n     uint64 // of two that are due at the same time, the first to go is first
	index int
}

// leave begins to hold.
func (h *holds) leave(p place, due time.Duration) {
	if old := h.byPlace[p]; old != nil {
		return // what has come in between was lost; the first one counts
	}
	if h.byPlace == nil {
		h.byPlace = make(map[place]*held)
	}
	h.count++
	one := &held{place: p, due: due, n: h.count}
	h.byPlace[p] = one
	heap.Push(&h.order, one)
}

// back says whether somebody who comes is one who was held.
func (h *holds) back(p place) bool {
	one := h.byPlace[p]
	if one == nil {
		return false
	}
	delete(h.byPlace, p)
	heap.Remove(&h.order, one.index)
	return true
}

// due returns who is gone for good by now, one at a time.
func (h *holds) due(now time.Duration) (place, bool) {
	if len(h.order) == 0 || h.order[0].due > now {
		return place{}, false
	}
	one := heap.Pop(&h.order).(*held)
	delete(h.byPlace, one.place)
	return one.place, true
}

// next is when due has the next one.
func (h *holds) next() (at time.Duration, any bool) {
	if len(h.order) == 0 {
		return 0, false
	}
	return h.order[0].due, true
}

type heldHeap []*held

func (h heldHeap) Len() int { return len(h) }
func (h heldHeap) Less(i, j int) bool {
	return h[i].due < h[j].due || h[i].due == h[j].due && h[i].n < h[j].n
}
func (h heldHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *heldHeap) Push(x any) {
	one := x.(*held)
	one.index = len(*h)
	*h = append(*h, one)
}
func (h *heldHeap) Pop() any {
	last := len(*h) - 1
	one := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return one
}
