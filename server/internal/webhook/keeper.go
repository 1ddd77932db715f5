package webhook

import (
	"log/slog"
	"time"
)

// keeper is what one goroutine at a time uses: who is held, what the store is
// to write, and what goes out when that is written.
type keeper struct {
	queue *Queue
	store store // nil: in memory only
	holds holds
	seq   uint64

	changes  changes
	outgoing []delivery
	urgent   bool // something in changes is worth more than a duplicate
	unsaved  int  // bytes in changes.places while the store fails

	committed time.Duration // when the last commit ended
	broken    bool          // it failed
}

// delivery is an item that was accepted for an endpoint.
type delivery struct {
	to *endpoint
	*item
}

// restore goes on with what the process before this one has left.
func (k *keeper) restore(had *stored) {
	q := k.queue
	k.seq = had.last
	k.clear()
	gone := had.damaged
	for _, e := range had.events {
		to := q.endpoints[e.endpoint]
		if to == nil {
			gone = append(gone, e.item.seq)
			continue
		}
		to.adopt(e.item)
	}
	for _, n := range gone {
		k.changes.events[n] = nil
	}
	if len(gone) > 0 {
		q.dropped.Add(int64(len(gone)))
		q.log.Error("dropped webhooks from the queue's file: their endpoints are not configured any more, or the file is damaged",
			slog.Int("events", len(gone)), slog.Int("damaged", len(had.damaged)))
	}
	// Members first: they are gone before their channel is empty.
	for _, members := range []bool{true, false} {
		for _, p := range had.places {
			if (p.user != "") != members {
				continue
			}
			if q.sources[p.app] == nil {
				k.changes.places[string(appendPlace(nil, p))] = nil
				continue
			}
			k.holds.leave(p, restartHold)
		}
	}
}

func (k *keeper) clear() {
	k.changes = changes{events: make(map[uint64][]byte), places: make(map[string][]byte)}
	k.urgent, k.unsaved = false, 0
}

// next is when there is something to do although nothing comes.
func (k *keeper) next() (at time.Duration, any bool) {
	at, any = k.holds.next()
	if k.store != nil && !k.changes.empty() {
		if commit := k.due(); !any || commit < at {
			at, any = commit, true
		}
	}
	return at, any
}

// due is when the next commit is.
func (k *keeper) due() time.Duration {
	switch {
	case k.broken:
		return k.committed + retryCommit
	case k.urgent:
		return k.committed + commitEvery
	}
	return k.committed + doneEvery
}

// turn does what there is to do.
func (k *keeper) turn(told []told, done []*item) {
	for i := range told {
		one := &told[i]
		one.source.waiting.Add(-int64(one.event.size()))
		k.release(one.at)
		k.hear(one.source, &one.event, one.at)
	}
	now := k.queue.now()
	k.release(now)
	for _, i := range done {
		k.forget(i)
	}
	switch {
	case k.store == nil || k.broken && now < k.due():
		k.push()
	case !k.changes.empty() && now >= k.due():
		k.commit()
		k.push()
	}
}

// hear sends an event on, unless it is to be held, or undoes one that is.
func (k *keeper) hear(s *Source, e *Event, at time.Duration) {
	p := place{s.id, e.Channel, e.UserID}
	switch e.Kind {
	case ChannelVacated, MemberRemoved:
		k.holds.leave(p, at+hold)
		return
	case ChannelOccupied, MemberAdded:
		if k.holds.back(p) {
			return
		}
		if k.store != nil {
			k.place(p, here)
		}
	}
	k.send(s, e)
}

// release sends on what was held for long enough.
func (k *keeper) release(now time.Duration) {
	for {
		p, any := k.holds.due(now)
		if !any {
			return
		}
		if k.store != nil {
			k.place(p, nil)
		}
		k.queue.mu.Lock()
		s := k.queue.sources[p.app]
		k.queue.mu.Unlock()
		if s != nil {
			k.send(s, &Event{Kind: p.went(), Channel: p.channel, UserID: p.user})
		}
	}
}

// place notes who is somewhere.
func (k *keeper) place(p place, value []byte) {
	key := string(appendPlace(nil, p))
	k.changes.places[key] = value
	k.urgent = true
	if !k.broken {
		return
	}
	if k.unsaved += len(key) + overhead; k.unsaved > unsavedBytes {
		k.changes.places, k.changes.afresh, k.unsaved = make(map[string][]byte), true, 0
		k.queue.log.Error("more has changed than is kept while the queue of webhooks cannot be written: should this process die, some channels that are occupied now will never be vacated")
	}
}

// send queues an event for every endpoint that takes it.
func (k *keeper) send(s *Source, e *Event) {
	q := k.queue
	now := q.now()
	if n := s.lost.report(now); n > 0 {
		q.log.Error("dropped events for webhooks: more came than could be queued", slog.String("app", s.id), slog.Int64("events", n))
	}
	rules := s.rules.Load()
	if rules == nil {
		return
	}
	var json []byte
	for _, to := range rules.endpoints {
		if !to.takes(e.Kind, e.Channel) {
			continue
		}
		if json == nil {
			json = e.appendJSON(nil)
		}
		k.seq++
		i := &item{seq: k.seq, since: now, ms: time.Now().UnixMilli(), channel: e.Channel, json: json}
		accepted := to.endpoint.accept(i)
		if n := to.endpoint.lost.report(now); n > 0 {
			q.log.Error("dropped webhooks: as many wait for the endpoint as may", append(to.attributes(), slog.Int64("events", n), slog.Int("limit_bytes", q.config.Limit))...)
		}
		if !accepted {
			q.dropped.Add(1)
			continue
		}
		k.outgoing = append(k.outgoing, delivery{to.endpoint, i})
		if k.store != nil {
			k.changes.events[i.seq] = appendRecord(make([]byte, 0, len(i.channel)+len(json)+40), to.endpoint.id, i)
			k.urgent = true
		}
	}
}

// forget is for what need not be stored any more.
func (k *keeper) forget(i *item) {
	if k.changes.events[i.seq] != nil {
		delete(k.changes.events, i.seq) // it was never written
		return
	}
	k.changes.events[i.seq] = nil
}

// commit writes the changes. If it cannot, they wait.
func (k *keeper) commit() {
	q := k.queue
	err := k.store.commit(&k.changes)
	k.committed = q.now()
	if err != nil {
		q.storeErrors.Add(1)
		if !k.broken {
			q.log.Error("cannot write the queue of webhooks; they go on from memory, and what waits would be lost with this process: make room on the disk, or see what is wrong with it",
				slog.String("path", q.config.Path), slog.Any("error", err))
		}
		k.broken = true
		return
	}
	if k.broken {
		q.log.Info("the queue of webhooks is written again", slog.String("path", q.config.Path))
	}
	k.broken = false
	k.clear()
}

// push hands over what was accepted.
func (k *keeper) push() {
	for i, d := range k.outgoing {
		if !d.to.push(d.item) {
			k.queue.dropped.Add(1)
			if k.store != nil {
				k.forget(d.item)
			}
		}
		k.outgoing[i] = delivery{}
	}
	k.outgoing = k.outgoing[:0]
}

// flush does at the end what would be done later.
func (k *keeper) flush() {
	if k.store == nil {
		k.release(1<<63 - 1)
	} else if !k.changes.empty() {
		k.commit()
	}
	k.push()
}

// end is after the last request. So many items are left.
func (k *keeper) end(done []*item, left int) {
	q := k.queue
	if k.store == nil {
		if left > 0 {
			q.dropped.Add(int64(left))
			q.log.Error("dropped webhooks: they were not delivered before the end, and there is no file to keep them in", slog.Int("events", left))
		}
		return
	}
	for _, i := range done {
		k.forget(i)
	}
	if !k.changes.empty() {
		k.commit()
	}
	if err := k.store.close(); err != nil {
		q.log.Error("cannot close the queue of webhooks", slog.String("path", q.config.Path), slog.Any("error", err))
	}
	switch {
	case left > 0 && k.broken:
		q.dropped.Add(int64(left))
		q.log.Error("dropped webhooks: they were not delivered before the end, and the file cannot be written", slog.Int("events", left))
	case left > 0:
		q.log.Info("webhooks wait in the file for the next start", slog.String("path", q.config.Path), slog.Int("events", left))
	}
}
