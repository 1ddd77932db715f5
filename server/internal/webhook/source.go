package webhook

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
)

// App is an application, with what its webhooks are signed with.
type App struct {
	ID          string
	Key, Secret string
	Endpoints   []Endpoint
}

// Source is where the events of one application come in.
type Source struct {
	id      string
	queue   *Queue
	rules   atomic.Pointer[rules] // nil when the application has no endpoints any more
	waiting atomic.Int64          // bytes that were told and not yet looked at
	lost    lost
}

// rules say who is told what. They are replaced as a whole.
type rules struct {
	wanted    Kind // by any of them, with what undoes a hold
	endpoints []rule
}

// rule is a target as it was when the rules were made.
type rule struct {
	*target
	endpoint *endpoint
}

// Tell hands an event over and returns at once, whatever the endpoints do. A
// nil Source has no endpoints.
func (s *Source) Tell(e Event) {
	if s == nil {
		return
	}
	r := s.rules.Load()
	if r == nil || r.wanted&e.Kind == 0 {
		return
	}
	any := pair(e.Kind)
	for i := range r.endpoints {
		if r.endpoints[i].takes(any, e.Channel) {
			s.queue.tell(s, e)
			return
		}
	}
}

// pair returns a kind with the one that it may undo, or be undone by.
func pair(k Kind) Kind {
	for _, both := range [...]Kind{ChannelOccupied | ChannelVacated, MemberAdded | MemberRemoved} {
		if k&both != 0 {
			k |= both
		}
	}
	return k
}

// Source returns where the events of an application come in; nil if it has no
// endpoints. It is for Tell until Configure is called again, and for
// applications that have endpoints then too, longer.
func (q *Queue) Source(app string) *Source {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.sources[app]
}

// Wanted returns the kinds that any endpoint wants to be told.
func (q *Queue) Wanted() Kind {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all Kind
	for _, s := range q.sources {
		all |= s.rules.Load().wanted
	}
	return all
}

// Configure replaces the endpoints. Those that stay, which is to say those of
// an application with the same URL, keep what waits for them. What waits for
// others is dropped.
func (q *Queue) Configure(apps []App) {
	q.mu.Lock()
	sources, endpoints := make(map[string]*Source), make(map[endpointID]*endpoint)
	for _, a := range apps {
		if len(a.Endpoints) == 0 {
			continue
		}
		s := q.sources[a.ID]
		if s == nil {
			s = &Source{id: a.ID, queue: q}
		}
		sources[a.ID] = s
		r := &rules{}
		for _, to := range a.Endpoints {
			id := endpointIDOf(a.ID, to.URL, 0)
			for n := 1; endpoints[id] != nil; n++ {
				id = endpointIDOf(a.ID, to.URL, n)
			}
			e := q.endpoints[id]
			if e == nil {
				e = newEndpoint(q, id)
			}
			endpoints[id] = e
			t := &target{Endpoint: to, app: a.ID, key: a.Key, secret: a.Secret}
			e.configure(t)
			r.wanted |= pair(to.Kinds)
			r.endpoints = append(r.endpoints, rule{t, e})
		}
		s.rules.Store(r)
	}
	var gone []*endpoint
	for id, e := range q.endpoints {
		if endpoints[id] == nil {
			gone = append(gone, e)
		}
	}
	for id, s := range q.sources {
		if sources[id] == nil {
			s.rules.Store(nil)
		}
	}
	q.sources, q.endpoints = sources, endpoints
	q.mu.Unlock()
	for _, e := range gone {
		q.discard(e)
	}
}

// discard ends an endpoint that is not configured any more.
func (q *Queue) discard(e *endpoint) {
	left := e.stop()
	if len(left) == 0 {
		return
	}
	q.dropped.Add(int64(len(left)))
	q.finished(left)
	q.log.Warn("dropped webhooks: their endpoint is not configured any more", append(e.to.attributes(), slog.Int("events", len(left)))...)
}

// endpointIDOf tells endpoints apart: n counts those of an application that
// have the same URL.
func endpointIDOf(app, url string, n int) (id endpointID) {
	digest := sha256.Sum256(fmt.Appendf(nil, "%d %s %d %s", len(app), app, n, strings.TrimSpace(url)))
	copy(id[:], digest[:])
	return id
}
