package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/thimble-go/thimble/server/internal/settings"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// acmeFirst and acmeEvery are when certificates are asked for again after the
// authority has given none: twice as late each time. acmeEvery is also how often
// those that are there are looked at.
const (
	acmeFirst   = 2 * time.Minute // autocert itself remembers a failure for one
	acmeEvery   = 6 * time.Hour
	acmeTimeout = 3 * time.Minute // one attempt
)

// automatic are certificates that an ACME authority gives (RFC 8555), and that
// are renewed long before they end. They are asked for at the start, not with
// the first client, so that what is wrong is in the log at once.
type automatic struct {
	manager *autocert.Manager
	domains []string
	log     *slog.Logger

	mu   sync.Mutex
	ends map[string]time.Time // of the certificates that are there
}

func newAutomatic(t settings.TLS, log *slog.Logger) (*automatic, error) {
	client := &acme.Client{DirectoryURL: t.ACMEDirectory}
	if t.ACMECA != "" {
		pem, err := os.ReadFile(t.ACMECA)
		if err != nil {
			return nil, fmt.Errorf("cannot read acme_ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("acme_ca: there is no certificate in %s", t.ACMECA)
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		client.HTTPClient = &http.Client{Transport: transport}
	}
	if err := os.MkdirAll(t.ACMECache, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make acme_cache: %w", err)
	}
	return &automatic{
		manager: &autocert.Manager{
			Prompt:     autocert.AcceptTOS,
			Cache:      autocert.DirCache(t.ACMECache),
			HostPolicy: autocert.HostWhitelist(t.ACMEDomains...),
			Email:      t.ACMEEmail,
			Client:     client,
		},
		domains: t.ACMEDomains,
		log:     log,
		ends:    make(map[string]time.Time),
	}, nil
}

func (a *automatic) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: a.manager.GetCertificate,
		NextProtos:     []string{"http/1.1", acme.ALPNProto},
	}
}

// run asks for what is missing, until ctx ends.
func (a *automatic) run(ctx context.Context) {
	wait := acmeFirst
	for {
		if a.ask(ctx) {
			wait = acmeEvery
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			wait = min(2*wait, acmeEvery)
		}
	}
}

// ask has the certificate of each domain made, or renewed, and says whether all
// are there.
func (a *automatic) ask(ctx context.Context) bool {
	all := true
	for _, domain := range a.domains {
		pair, err := a.one(ctx, domain)
		if ctx.Err() != nil {
			return false
		}
		if err != nil {
			all = false
			a.log.Error("no certificate from the ACME authority; is this broker what "+domain+" leads to, on port 443, or 80 with acme_http?", slog.String("domain", domain), slog.Any("error", err))
			continue
		}
		a.mu.Lock()
		before := a.ends[domain]
		a.ends[domain] = pair.Leaf.NotAfter
		a.mu.Unlock()
		if !before.Equal(pair.Leaf.NotAfter) {
			a.log.Info("have a certificate", slog.String("domain", domain), slog.Time("expires", pair.Leaf.NotAfter))
		}
		if time.Until(pair.Leaf.NotAfter) < warnBefore {
			a.log.Warn("the certificate ends soon, and has not been renewed", slog.String("domain", domain), slog.Time("expires", pair.Leaf.NotAfter))
		}
	}
	return all
}

// one is a handshake without a client: autocert does the rest. It takes no
// context, and gives up by itself; at the end nobody waits for it.
func (a *automatic) one(ctx context.Context, domain string) (*tls.Certificate, error) {
	type answer struct {
		pair *tls.Certificate
		err  error
	}
	ctx, cancel := context.WithTimeout(ctx, acmeTimeout)
	defer cancel()
	got := make(chan answer, 1)
	go func() {
		pair, err := a.manager.GetCertificate(&tls.ClientHelloInfo{
			ServerName:       domain,
			SupportedCurves:  []tls.CurveID{tls.CurveP256},
			SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
			CipherSuites:     []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		})
		got <- answer{pair, err}
	}()
	select {
	case a := <-got:
		return a.pair, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// valid is for readiness.
func (a *automatic) valid() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, domain := range a.domains {
		if ends, ok := a.ends[domain]; !ok {
			return fmt.Errorf("there is no certificate for %s yet", domain)
		} else if time.Now().After(ends) {
			return fmt.Errorf("the certificate for %s has ended on %s", domain, ends.Format(time.DateOnly))
		}
	}
	return nil
}

// expires says when the first one ends, the zero time while there is none.
func (a *automatic) expires() (first time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ends := range a.ends {
		if first.IsZero() || ends.Before(first) {
			first = ends
		}
	}
	return first
}

// reload does nothing: there are no files of the user's.
func (a *automatic) reload() {}

// challenges serves challenges over HTTP, and leads everybody else to TLS.
func (a *automatic) challenges(addr string) (*side, error) {
	handler := a.manager.HTTPHandler(nil)
	return startSide(addr, "acme_http", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host, _, err := net.SplitHostPort(r.Host); err == nil {
			r.Host = host // autocert knows names without a port
		}
		handler.ServeHTTP(w, r)
	}), a.log)
}

// side is a small server beside the broker.
type side struct {
	server *http.Server
	done   chan struct{}
	addr   net.Addr
}

func startSide(addr, option string, handler http.Handler, log *slog.Logger) (*side, error) {
	l, err := listen(addr, option)
	if err != nil {
		return nil, err
	}
	s := &side{
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: sideTimeout,
			ReadTimeout:       sideTimeout,
			WriteTimeout:      4 * sideTimeout,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		done: make(chan struct{}),
		addr: l.Addr(),
	}
	go func() {
		defer close(s.done)
		if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("a server beside the broker has ended", slog.String("address", l.Addr().String()), slog.Any("error", err))
		}
	}()
	return s, nil
}

// sideTimeout bounds reading a request.
const sideTimeout = 5 * time.Second

// stop ends it at once: a scrape can be made again.
func (s *side) stop() {
	s.server.Close()
	<-s.done
}
