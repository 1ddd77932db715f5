package load

import (
	"context"
	"crypto/rand"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// run is one load on its way.
type run struct {
	Config
	id    string
	event string
	start time.Time

	shards    [16]shard
	connect   histogram
	subscribe histogram
	publishes histogram

	reconnected atomic.Int64
	published   atomic.Int64
	expected    atomic.Int64
	refusals    atomic.Int64 // of the HTTP API, or of a client
	lastPublish atomic.Int64 // when

	mu      sync.Mutex
	ready   int
	failed  int
	changed chan struct{} // ready or failed has
	errors  map[string]int
	refused bool // an error was the server's no
}

// shard is what some of the clients count, so that not all write to one place.
type shard struct {
	latency                                   histogram
	delivered, duplicates, reordered, foreign atomic.Int64
	last                                      atomic.Int64 // when something came
}

// Run puts the load on the server and says what came of it. When ctx ends it
// stops publishing, and reports what there is. The Config has been checked.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	r := &run{
		Config: cfg, id: rand.Text()[:12], event: clientEvent, start: time.Now(),
		changed: make(chan struct{}, 1), errors: make(map[string]int),
	}
	if cfg.API != nil {
		r.event = apiEvent
		transport := http.DefaultTransport.(*http.Transport).Clone()
		if own := cfg.API.HTTP; own != nil {
			transport = own.Transport.(*http.Transport).Clone()
		}
		transport.MaxIdleConnsPerHost = cfg.Senders
		transport.MaxIdleConns = cfg.Senders
		defer transport.CloseIdleConnections()
		api := *cfg.API
		api.HTTP = &http.Client{Transport: transport, Timeout: connectTime}
		r.API = &api
	}
	clients := make([]*client, cfg.Clients)
	for i := range clients {
		var err error
		if clients[i], err = r.newClient(i); err != nil {
			return nil, err
		}
	}
	// The clients outlive ctx, until the report is made.
	live, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer end()
	stopTelling := r.tell()
	defer stopTelling()

	r.connectAll(ctx, live, clients, &running)
	var began, ended time.Duration
	if ctx.Err() == nil && r.Rate > 0 && r.anyReady() {
		began = r.now()
		r.publishAll(ctx, clients)
		ended = max(began, time.Duration(r.lastPublish.Load()))
		r.settle(ctx)
	}
	return r.report(ctx.Err() != nil, began, ended), nil
}

func (r *run) anyReady() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ready > 0
}

// now is the time since the run began.
func (r *run) now() time.Duration { return time.Since(r.start) }

// connectAll starts the clients at their rate, and waits until each is ready or
// has failed. Those that are neither in time count as failed, and are ended.
func (r *run) connectAll(ctx, live context.Context, clients []*client, running *sync.WaitGroup) {
	limit := rate.NewLimiter(rate.Limit(r.ConnectRate), 1)
	started := 0
	for _, c := range clients {
		if limit.Wait(ctx) != nil {
			break
		}
		started++
		var own context.Context
		own, c.end = context.WithCancel(live)
		running.Go(func() { c.live(own) })
	}
	patience := time.NewTimer(connectTime)
	defer patience.Stop()
	for {
		r.mu.Lock()
		done := r.ready + r.failed
		r.mu.Unlock()
		if done == started {
			return
		}
		select {
		case <-r.changed:
		case <-ctx.Done():
			return
		case <-patience.C:
			for _, c := range clients[:started] {
				c.settle(false)
				if !c.ready.Load() {
					c.end()
				}
			}
			return
		}
	}
}

// settled counts a client.
func (r *run) settled(ready bool) {
	r.mu.Lock()
	if ready {
		r.ready++
	} else {
		r.failed++
	}
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default: // somebody is going to look
	}
}

// settle waits for what is still on its way.
func (r *run) settle(ctx context.Context) {
	most := Settle
	if ctx.Err() != nil {
		most = settleInterrupted
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	done := ctx.Done()
	for r.delivered() < r.expected.Load() {
		select {
		case <-look.C:
		case <-timer.C:
			return
		case <-done:
			done = nil
			timer.Reset(settleInterrupted)
		}
	}
}

func (r *run) delivered() (n int64) {
	for i := range r.shards {
		n += r.shards[i].delivered.Load()
	}
	return n
}

// tell reports progress, until the function is called.
func (r *run) tell() (stop func()) {
	if r.Progress == nil {
		return func() {}
	}
	end := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				r.mu.Lock()
				p := Progress{Connected: r.ready, Failed: r.failed, Clients: r.Clients}
				r.mu.Unlock()
				p.Publishing = p.Connected+p.Failed == p.Clients
				p.Published, p.Delivered, p.Expected = r.published.Load(), r.delivered(), r.expected.Load()
				r.Progress(p)
			case <-end:
				return
			}
		}
	})
	return func() { close(end); done.Wait() }
}
