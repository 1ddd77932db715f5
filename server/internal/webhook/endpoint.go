package webhook

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Endpoint is an address that is told of events.
type Endpoint struct {
	URL     string
	Kinds   Kind              // that it is told
	Prefix  string            // that its channels begin with
	Suffix  string            // that they end with
	Headers map[string]string // more fields for its requests
	Batch   bool              // several events in a request
	Timeout time.Duration     // of a request; zero means DefaultTimeout
}

// takes says whether it is told of one of the kinds on this channel.
func (e *Endpoint) takes(any Kind, channel string) bool {
	return e.Kinds&any != 0 && strings.HasPrefix(channel, e.Prefix) && strings.HasSuffix(channel, e.Suffix)
}

// endpoint is an Endpoint at work: what waits for it, and its requests, each
// in a goroutine that goes on with the next one while there is any.
type endpoint struct {
	id     endpointID
	queue  *Queue
	client http.Client
	ended  context.Context // ends the requests
	end    context.CancelFunc

	requests sync.WaitGroup

	mu      sync.Mutex
	to      *target
	lanes   lanes
	bytes   int // accepted, and neither delivered nor dropped
	gone    bool
	failing bool
	alarm   *time.Timer
	idle    chan struct{} // closed when nothing flies, if somebody waits
	lost    lost          // what found no room
}

func newEndpoint(q *Queue, id endpointID) *endpoint {
	e := &endpoint{id: id, queue: q}
	e.ended, e.end = context.WithCancel(context.Background())
	e.client = http.Client{
		Transport: q.config.Transport,
		// What a redirection asks for is a GET without the body, mostly.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if e.client.Transport == nil {
		e.client.Transport = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: DefaultTimeout}).DialContext,
			ForceAttemptHTTP2:   true,
			MaxConnsPerHost:     requestsAtOnce,
			MaxIdleConnsPerHost: requestsAtOnce,
			IdleConnTimeout:     idleTimeout,
		}
	}
	e.lanes.spread = func(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }
	return e
}

// configure makes a target count for the requests to come.
func (e *endpoint) configure(to *target) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.to, e.lanes.batch = to, to.Batch
}

// accept takes room for an item, if there is any.
func (e *endpoint) accept(i *item) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return true // and lost when it is pushed
	}
	if e.bytes+i.size() > e.queue.config.Limit {
		e.lost.add(1)
		return false
	}
	e.grow(i.size())
	return true
}

// grow needs the lock.
func (e *endpoint) grow(by int) {
	e.bytes += by
	e.queue.bytes.Add(int64(by))
}

func (e *endpoint) shrink(items []*item) {
	for _, i := range items {
		e.grow(-i.size())
	}
}

// adopt takes over an item of the process before this one, whether or not there
// is room.
func (e *endpoint) adopt(i *item) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.grow(i.size())
	e.lanes.add(i)
	e.start()
}

// push has an item delivered that was accepted. It is lost, and false
// returned, if the endpoint is gone by now.
func (e *endpoint) push(i *item) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return false
	}
	e.lanes.add(i)
	e.start()
	return true
}

// start begins what is due, and sets the alarm for the rest. The lock is held.
func (e *endpoint) start() {
	now := e.queue.now()
	for e.ended.Err() == nil {
		r := e.lanes.take(now)
		if r == nil {
			break
		}
		to := e.to
		e.requests.Go(func() { e.run(r, to) })
	}
	if e.alarm != nil {
		e.alarm.Stop()
	}
	if at, any := e.lanes.next(); any && e.ended.Err() == nil {
		e.alarm = time.AfterFunc(at-now, func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.start()
		})
	}
	if e.lanes.flying == 0 && e.idle != nil {
		close(e.idle)
		e.idle = nil
	}
}

// run makes requests while there are any.
func (e *endpoint) run(r *request, to *target) {
	for r != nil {
		err := to.post(e.ended, &e.client, r.items)
		if e.ended.Err() != nil {
			e.mu.Lock()
			e.lanes.failed(r, 0) // which is final
			e.mu.Unlock()
			return
		}
		var dropped []*item
		e.mu.Lock()
		was := e.failing
		e.failing = err != nil
		if err == nil {
			e.lanes.done(r)
			e.shrink(r.items)
		} else {
			dropped = e.lanes.failed(r, e.queue.now())
			e.shrink(dropped)
		}
		e.mu.Unlock()
		e.report(r.items, dropped, err, was, to)

		e.mu.Lock()
		r, to = e.lanes.take(e.queue.now()), e.to
		e.start()
		e.mu.Unlock()
	}
}

// report counts and logs what a request has come to.
func (e *endpoint) report(items, dropped []*item, err error, was bool, to *target) {
	q := e.queue
	if err == nil {
		q.sent.Add(int64(len(items)))
		q.finished(items)
		if was {
			q.log.Info("the endpoint of webhooks works again", to.attributes()...)
		}
		return
	}
	q.failed.Add(1)
	if !was {
		q.log.Warn("an endpoint does not take its webhooks; they are tried again for "+keepTrying.String(), append(to.attributes(), slog.Any("error", err))...)
	}
	if len(dropped) > 0 {
		q.dropped.Add(int64(len(dropped)))
		q.finished(dropped)
		q.log.Error("dropped webhooks: the endpoint has not taken them for "+keepTrying.String()+"; ask the HTTP API what is occupied once it works",
			append(to.attributes(), slog.Int("events", len(dropped)), slog.String("channel", dropped[0].channel), slog.Any("error", err))...)
	}
}

// finish tries everything once more, and returns when that has come to
// something, or ctx ends.
func (e *endpoint) finish(ctx context.Context) {
	e.mu.Lock()
	e.lanes.finish()
	idle := make(chan struct{})
	e.idle = idle
	e.start()
	e.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// stop ends the requests and returns what is left.
func (e *endpoint) stop() []*item {
	e.mu.Lock()
	e.gone, e.lanes.final = true, true
	e.end()
	if e.alarm != nil {
		e.alarm.Stop()
	}
	e.mu.Unlock()
	e.requests.Wait()
	if own, ok := e.client.Transport.(*http.Transport); ok && e.queue.config.Transport == nil {
		own.CloseIdleConnections()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	left := e.lanes.leave()
	e.grow(-e.bytes)
	return left
}

// Host is as much of an address as may be logged: the rest may be secret.
func Host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "?"
	}
	return u.Scheme + "://" + u.Host
}
