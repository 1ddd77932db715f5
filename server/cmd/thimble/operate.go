package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/thimble-go/thimble/server/broker"
	"github.com/thimble-go/thimble/server/internal/settings"
)

// secured is TLS at work: a certificate of files, or those of an authority.
type secured interface {
	config() *tls.Config
	valid() error       // why clients cannot use it
	expires() time.Time // the zero time if there is none
	reload()
}

// newSecured returns what the settings ask for, nil without TLS.
func newSecured(t settings.TLS, log *slog.Logger) (secured, error) {
	switch {
	case t.Certificate != "":
		c, err := newCertificate(t, log)
		if err != nil {
			return nil, err
		}
		return c, nil
	case len(t.ACMEDomains) > 0:
		a, err := newAutomatic(t, log)
		if err != nil {
			return nil, err
		}
		return a, nil
	}
	return nil, nil
}

// config is for certificates of files.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

// sides are what runs beside a broker: its metrics, and what ACME needs.
type sides struct {
	stops []func()
}

func (s *sides) stop() {
	for _, stop := range s.stops {
		stop()
	}
}

// start starts what the settings ask for.
func (s *sides) start(set *settings.Settings, b *broker.Broker, tls secured, log *slog.Logger) error {
	if a, ok := tls.(*automatic); ok {
		if set.TLS.ACMEHTTP != "" {
			one, err := a.challenges(set.TLS.ACMEHTTP)
			if err != nil {
				return err
			}
			s.stops = append(s.stops, one.stop)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var asking sync.WaitGroup
		asking.Go(func() { a.run(ctx) })
		s.stops = append(s.stops, func() { cancel(); asking.Wait() })
	}
	if set.MetricsListen == "" {
		return nil
	}
	one, err := startSide(set.MetricsListen, "--metrics", metrics(b, tls), log)
	if err != nil {
		return err
	}
	s.stops = append(s.stops, one.stop)
	log.Info("metrics", slog.String("address", one.addr.String()))
	if !local(one.addr) {
		log.Warn("the metrics can be read from other machines, by whoever reaches them", slog.String("address", one.addr.String()))
	}
	return nil
}

// metrics is the handler of a server beside the broker's, which goes on saying
// that the broker is not ready while it ends.
func metrics(b *broker.Broker, tls secured) http.Handler {
	var more []prometheus.Collector
	if tls != nil {
		more = append(more, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "thimble_certificate_expiry_timestamp_seconds",
			Help: "When the certificate ends, the first of them if there are several; 0 while there is none.",
		}, func() float64 { return max(float64(tls.expires().Unix()), 0) }))
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", b.Metrics(more...))
	mux.Handle("/readyz", b.ReadyHandler())
	mux.Handle("/healthz", b.Handler())
	return mux
}
