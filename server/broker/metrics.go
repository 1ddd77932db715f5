package broker

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics returns a handler that answers in the format of Prometheus: what
// [Broker.Collector] has, what the Go runtime and the operating system know of
// the process, and more, if there is any. It says how many users which
// application has, so keep it from the public.
func (b *Broker) Metrics(more ...prometheus.Collector) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(b.Collector(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(more...)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// Collector returns the Broker's metrics for a registry of your own. The names
// that soketi has are soketi's, so that its dashboards go on; all others begin
// with thimble_.
func (b *Broker) Collector() prometheus.Collector { return scrape{b} }

// scrape reads the counters when it is asked; the instruments keep
// themselves.
type scrape struct{ b *Broker }

// perApp are read for each application.
var perApp = []struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*counters) int64
}{
	{soketi("connected", "The number of currently connected sockets."), prometheus.GaugeValue, func(c *counters) int64 {
		ended := c.ended.Load() // first, or one could have ended that was never opened
		return c.opened.Load() - ended
	}},
	{soketi("new_connections_total", "Connections that were taken."), prometheus.CounterValue, func(c *counters) int64 { return c.opened.Load() }},
	{soketi("new_disconnections_total", "Connections that have ended."), prometheus.CounterValue, func(c *counters) int64 { return c.ended.Load() }},
	{soketi("socket_received_bytes", "Bytes received over WebSocket, with its frames, without TLS."), prometheus.CounterValue, func(c *counters) int64 { return c.bytesIn.Load() }},
	{soketi("socket_transmitted_bytes", "Bytes sent over WebSocket, with its frames, without TLS."), prometheus.CounterValue, func(c *counters) int64 { return c.bytesOut.Load() }},
	{soketi("ws_messages_received_total", "Messages of clients."), prometheus.CounterValue, func(c *counters) int64 { return c.messagesIn.Load() }},
	{soketi("ws_messages_sent_total", "Messages queued for clients, once for each."), prometheus.CounterValue, func(c *counters) int64 { return c.messagesOut.Load() }},
	{soketi("http_received_bytes", "Bytes of the bodies of requests of the HTTP API."), prometheus.CounterValue, func(c *counters) int64 { return c.callBytesIn.Load() }},
	{soketi("http_transmitted_bytes", "Bytes of the bodies of answers of the HTTP API."), prometheus.CounterValue, func(c *counters) int64 { return c.callBytesOut.Load() }},
	{soketi("http_calls_received_total", "Requests of the HTTP API."), prometheus.CounterValue, func(c *counters) int64 { return c.calls.Load() }},
	{prometheus.NewDesc("thimble_subscriptions", "Subscriptions that there are.", []string{"app_id", "port"}, nil), prometheus.GaugeValue, func(c *counters) int64 { return c.subscriptions.Load() }},
}

func soketi(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("soketi_"+name, help, []string{"app_id", "port"}, nil)
}

// Of the Broker as a whole, or of applications that there are now.
var (
	channelsDesc = prometheus.NewDesc("thimble_channels", "Channels with at least one subscriber.", []string{"app_id"}, nil)
	usersDesc    = prometheus.NewDesc("thimble_users", "Users who are signed in, or watched by one who is.", []string{"app_id"}, nil)
	cacheDesc    = prometheus.NewDesc("thimble_cache_bytes", "Memory for the last events of cache channels.", []string{"app_id"}, nil)
	queueDesc    = prometheus.NewDesc("thimble_queue_bytes", "Bytes that wait to be sent to clients.", nil, nil)
	readyDesc    = prometheus.NewDesc("thimble_ready", "1 if more clients may be sent here, as /readyz says.", nil, nil)
	mostDesc     = prometheus.NewDesc("thimble_connections_max", "How many connections there may be, 0 for no cap.", nil, nil)
	webhookDesc  = prometheus.NewDesc("thimble_webhooks_total", "Events for webhooks that were sent or dropped, and requests that failed.", []string{"result"}, nil)
	hookedDesc   = prometheus.NewDesc("thimble_webhook_queue_bytes", "Bytes that wait for the endpoints of webhooks.", nil, nil)
	storeDesc    = prometheus.NewDesc("thimble_webhook_queue_errors_total", "How often the file with the queue of webhooks could not be written.", nil, nil)
	slowDesc     = prometheus.NewDesc("thimble_slow_readers_total", "Connections closed since more was sent than they read.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c scrape) Describe(to chan<- *prometheus.Desc) {
	for _, m := range perApp {
		to <- m.desc
	}
	for _, desc := range []*prometheus.Desc{channelsDesc, usersDesc, cacheDesc, queueDesc, readyDesc, mostDesc, slowDesc, webhookDesc, hookedDesc, storeDesc} {
		to <- desc
	}
	for _, one := range c.b.instruments.all() {
		one.Describe(to)
	}
}

// Collect implements prometheus.Collector.
func (c scrape) Collect(to chan<- prometheus.Metric) {
	b := c.b
	port, _ := b.port.Load().(string)
	b.tally.Range(func(id, counted any) bool {
		if id == "" {
			return true // those who named no application
		}
		for _, m := range perApp {
			to <- prometheus.MustNewConstMetric(m.desc, m.kind, float64(m.read(counted.(*counters))), id.(string), port)
		}
		return true
	})
	gauge := func(desc *prometheus.Desc, value int, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
	}
	for id, a := range b.apps.Load().byID {
		gauge(channelsDesc, a.hub.size(), id)
		gauge(usersDesc, a.users.size(), id)
		gauge(cacheDesc, a.hub.cache.size(), id)
	}
	gauge(queueDesc, b.waiting())
	gauge(mostDesc, b.room.most)
	ready := 0
	if b.Ready() == nil {
		ready = 1
	}
	gauge(readyDesc, ready)
	to <- prometheus.MustNewConstMetric(slowDesc, prometheus.CounterValue, float64(b.slowReaders.Load()))
	if q := b.webhooks.Load(); q != nil {
		s := q.Stats()
		for result, n := range map[string]int64{"sent": s.Sent, "failed": s.Failed, "dropped": s.Dropped} {
			to <- prometheus.MustNewConstMetric(webhookDesc, prometheus.CounterValue, float64(n), result)
		}
		gauge(hookedDesc, int(s.QueueBytes))
		to <- prometheus.MustNewConstMetric(storeDesc, prometheus.CounterValue, float64(s.StoreErrors))
	}
	for _, one := range b.instruments.all() {
		one.Collect(to)
	}
}

// waiting is how many bytes wait for all connections. They are counted when
// somebody asks: a counter would cost something for each delivery.
func (b *Broker) waiting() int {
	b.mu.Lock()
	connections := slices.Clone(b.connections)
	b.mu.Unlock()
	n := 0
	for _, c := range connections {
		n += c.transport().queued()
	}
	return n
}

// measured counts the requests of a route.
func (b *Broker) measured(route string, handle http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		m := &meter{ResponseWriter: w, status: http.StatusOK}
		handle.ServeHTTP(m, r)
		b.instruments.request.WithLabelValues(route, strconv.Itoa(m.status)).Observe(time.Since(start).Seconds())
		if a := b.apps.Load().byID[r.PathValue("app")]; a != nil {
			a.counters.calls.Add(1)
			a.counters.callBytesOut.Add(m.written)
		}
	})
}

// meter sees what is answered.
type meter struct {
	http.ResponseWriter
	status  int
	written int64
}

func (m *meter) WriteHeader(status int) {
	m.status = status
	m.ResponseWriter.WriteHeader(status)
}

func (m *meter) Write(b []byte) (int, error) {
	n, err := m.ResponseWriter.Write(b)
	m.written += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (m *meter) Unwrap() http.ResponseWriter { return m.ResponseWriter }
