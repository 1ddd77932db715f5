package broker

import (
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// counters are those of one application that rise all the time: an atomic
// addition each, and none per delivery. They outlive the application, so that
// one that is taken out and put in again goes on counting.
type counters struct {
	opened, ended atomic.Int64 // connections that were welcome

	messagesIn, messagesOut atomic.Int64
	bytesIn, bytesOut       atomic.Int64 // of WebSocket, with its frames

	calls, callBytesIn, callBytesOut atomic.Int64 // of the HTTP API

	subscriptions atomic.Int64 // of now
}

// read is for transports: n bytes of a client have come.
func (a *app) read(n int) { a.counters.bytesIn.Add(int64(n)) }

// wrote is for transports: n bytes for a client have gone.
func (a *app) wrote(n int) { a.counters.bytesOut.Add(int64(n)) }

// limit counts that somebody has reached a limit.
func (a *app) limit(name peer.Limit) {
	a.broker.instruments.limits.WithLabelValues(a.id, string(name)).Inc()
}

// Limits that the Broker keeps itself; peer has those of one connection.
const (
	limitConnections      peer.Limit = "max_connections"
	limitConnectionsPerIP peer.Limit = "max_connections_per_ip"
	limitRequestRate      peer.Limit = "request_rate"
	limitQueue            peer.Limit = "queue_bytes"
	limitWrite            peer.Limit = "write_timeout"
)

// slow counts a client that is closed since it does not read: because of
// limitQueue, or limitWrite.
func (a *app) slow(why peer.Limit) {
	a.broker.slowReaders.Add(1)
	a.limit(why)
}

// instruments count what happens seldom.
type instruments struct {
	limits  *prometheus.CounterVec // app_id, limit
	refused *prometheus.CounterVec // reason
	closed  *prometheus.CounterVec // by, code
	publish prometheus.Histogram   // seconds
	request *prometheus.HistogramVec
}

func newInstruments() *instruments {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return &instruments{
		limits:  counter("thimble_limits_reached_total", "How often a limit was reached, by the name that it has in the settings.", "app_id", "limit"),
		refused: counter("thimble_connections_refused_total", "Connections that were not taken.", "reason"),
		closed:  counter("thimble_connections_closed_total", "Connections that were open, by who ended them (server, client, or network: without a word) and the code of the close frame.", "by", "code"),
		publish: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "thimble_publish_seconds",
			Help:    "How long it took to queue a published event for all its subscribers.",
			Buckets: prometheus.ExponentialBuckets(10e-6, 4, 10), // 10 us to 2.6 s
		}),
		request: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "thimble_http_request_seconds",
			Help:    "How long requests of the HTTP API took, their bodies included.",
			Buckets: prometheus.ExponentialBuckets(100e-6, 4, 9), // 100 us to 6.6 s
		}, []string{"route", "status"}),
	}
}

// all are those that a registry is to know.
func (i *instruments) all() []prometheus.Collector {
	return []prometheus.Collector{i.limits, i.refused, i.closed, i.publish, i.request}
}

// count counts how a connection ends, once for each.
func (c *client) count(a *peer.Action) {
	if a.Limit != "" {
		c.app.limit(a.Limit)
	}
	if a.Code == 0 || a.Kind == peer.Send || c.counted {
		return // an error event has a code too, and ends nothing
	}
	c.counted = true
	by, code := "server", strconv.Itoa(a.Code)
	if a.ByClient {
		by = "client"
		if a.Code > 1015 { // a client may send any, and each would be a series
			code = "other"
		}
	}
	c.app.broker.instruments.closed.WithLabelValues(by, code).Inc()
}

// lost counts a connection that has ended without a close frame of anybody.
func (c *client) lost() {
	if !c.counted {
		c.counted = true
		c.app.broker.instruments.closed.WithLabelValues("network", "").Inc()
	}
}

// refuse counts a connection that is not taken.
func (b *Broker) refuse(reason string) { b.instruments.refused.WithLabelValues(reason).Inc() }

// reasonOf is a Refusal as a label: the message may have a key in it.
func reasonOf(why *peer.Refusal) string {
	switch why {
	case peer.RefuseAddress:
		return "address"
	case peer.RefuseOrigin:
		return "origin"
	case peer.RefuseRestarting:
		return "shutdown"
	}
	switch why.Code {
	case peer.CodeTLS:
		return "tls_only"
	case peer.CodeUnknownApp:
		return "unknown_app"
	case peer.CodeDisabled:
		return "disabled"
	case peer.CodeQuota:
		return "app_quota"
	case peer.CodePath:
		return "path"
	case peer.CodeVersion:
		return "version"
	case peer.CodeUnsupportedProtocol, peer.CodeNoProtocol:
		return "protocol"
	case peer.CodeOverCapacity:
		return "capacity"
	}
	return strconv.Itoa(why.Code)
}
