package webhook

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Config says what a Queue is.
type Config struct {
	// Path is the file of the store; empty means that what waits is lost with
	// the process.
	Path string

	// Limit is how many bytes may wait for each endpoint; zero means
	// DefaultLimit. What finds no room is dropped, logged and counted.
	Limit int

	// Log takes what an operator wants to know; it must be set.
	Log *slog.Logger

	// Transport makes the requests, for tests; nil means net/http with a pool of
	// connections for each endpoint.
	Transport http.RoundTripper
}

// Stats are counts. QueueBytes is of now, the others since Open.
type Stats struct {
	Sent        int64 // events that were delivered
	Failed      int64 // requests that were not answered with 2xx
	Dropped     int64 // events that were not delivered and never will be
	QueueBytes  int64 // that wait in memory
	StoreErrors int64 // writes to the store that failed
}

// Queue delivers the events of all applications. Its methods may be called
// from any goroutine. It has one only while there is something to do.
type Queue struct {
	config  Config
	log     *slog.Logger
	started time.Time

	sent, failed, dropped, bytes, storeErrors atomic.Int64

	mu        sync.Mutex
	idle      sync.Cond // working has become false
	told      []told
	done      []*item // delivered or dropped
	working   bool    // somebody runs turn
	closed    bool
	alarm     *time.Timer
	sources   map[string]*Source
	endpoints map[endpointID]*endpoint

	keeper // used by whoever has set working
}

// told is an event that was told and is not yet looked at.
type told struct {
	source *Source
	event  Event
	at     time.Duration
}

// Open makes a Queue for these applications. With a file it goes on with what
// waits there.
func Open(c Config, apps []App) (*Queue, error) {
	if c.Limit == 0 {
		c.Limit = DefaultLimit
	}
	q := &Queue{config: c, log: c.Log, started: time.Now(), sources: make(map[string]*Source), endpoints: make(map[endpointID]*endpoint)}
	q.idle.L = &q.mu
	q.keeper.queue = q
	had := &stored{}
	if c.Path != "" {
		var err error
		if q.store, had, err = openStore(c.Path); err != nil {
			return nil, err
		}
	}
	q.Configure(apps)
	q.working = true
	q.restore(had)
	q.work()
	return q, nil
}

// openStore keeps a nil file from becoming a store that is not nil.
func openStore(path string) (store, *stored, error) {
	f, had, err := openFile(path)
	if err != nil {
		return nil, nil, err
	}
	return f, had, nil
}

// now is the time of the queue, which no change of the clock moves.
func (q *Queue) now() time.Duration { return time.Since(q.started) }

// Stats returns the counts.
func (q *Queue) Stats() Stats {
	return Stats{Sent: q.sent.Load(), Failed: q.failed.Load(), Dropped: q.dropped.Load(), QueueBytes: q.bytes.Load(), StoreErrors: q.storeErrors.Load()}
}

// tell puts an event down, in the order of the calls.
func (q *Queue) tell(s *Source, e Event) {
	size := int64(e.size())
	if s.waiting.Add(size) > toldBytes {
		s.waiting.Add(-size)
		s.lost.add(1)
		q.dropped.Add(1)
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.told = append(q.told, told{s, e, q.now()})
	q.kick()
}

// finished takes note of what need not be stored any more.
func (q *Queue) finished(items []*item) {
	if q.store == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.done = append(q.done, items...)
	q.kick()
}

// kick has somebody look at what there is. The lock is held.
func (q *Queue) kick() {
	if !q.working {
		q.working = true
		go q.work()
	}
}

// work runs turn while there is something to do.
func (q *Queue) work() {
	for {
		q.mu.Lock()
		told, done := q.told, q.done
		q.told, q.done = nil, nil
		now := q.now()
		at, any := q.next()
		if len(told) == 0 && len(done) == 0 && !(any && at <= now) {
			if q.alarm != nil {
				q.alarm.Stop()
			}
			if any && !q.closed {
				q.alarm = time.AfterFunc(at-now, func() {
					q.mu.Lock()
					defer q.mu.Unlock()
					q.kick()
				})
			}
			q.working = false
			q.idle.Broadcast()
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		q.turn(told, done)
	}
}

// Close ends the Queue. What waits is tried once more, until ctx ends; what is
// left then is kept in the file, or lost without one. What is held is not told
// if there is a file: clients may come back to the next process.
func (q *Queue) Close(ctx context.Context) {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return
	}
	q.closed = true
	for q.working {
		q.idle.Wait()
	}
	q.working = true // for good
	if q.alarm != nil {
		q.alarm.Stop()
	}
	told, done := q.told, q.done
	q.told, q.done = nil, nil
	var endpoints []*endpoint
	for _, e := range q.endpoints {
		endpoints = append(endpoints, e)
	}
	q.mu.Unlock()

	q.turn(told, done)
	q.flush()
	var all sync.WaitGroup
	for _, e := range endpoints {
		all.Go(func() { e.finish(ctx) })
	}
	all.Wait()
	left := 0
	for _, e := range endpoints {
		left += len(e.stop())
	}
	q.mu.Lock()
	done = q.done
	q.mu.Unlock()
	q.end(done, left)
}
