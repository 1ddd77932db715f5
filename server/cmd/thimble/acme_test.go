//go:build unix

package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// authority is Pebble, the ACME server that Let's Encrypt tests clients with,
// for the domain thimble.test. It answers nothing before it is opened, with the
// ports on which it then looks for its challenges.
type authority struct {
	t      *testing.T
	server *httptest.Server
	file   string // with its own certificate
	opened chan struct{}
	pebble http.Handler
	chain  *x509.CertPool
	db     *db.MemoryStore
	ca     *ca.CAImpl
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	a := &authority{t: t, opened: make(chan struct{})}
	a.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-a.opened:
			// Let's Encrypt names the order in the answer to a request to
			// finalize it, and autocert relies on that. Pebble does not.
			if order, ok := strings.CutPrefix(r.URL.Path, "/finalize-order/"); ok {
				w.Header().Set("Location", a.server.URL+"/my-order/"+order)
			}
			a.pebble.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(a.server.Close)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
	a.file = write(t, filepath.Join(t.TempDir(), "authority.pem"), string(text))
	return a
}

func (a *authority) open(httpPort, tlsPort int) {
	a.t.Helper()
	silent := log.New(io.Discard, "", 0)
	a.db = db.NewMemoryStore()
	a.ca = ca.New(silent, a.db, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "default"}})
	validator := va.New(silent, httpPort, tlsPort, true, names(a.t), a.db)
	front := wfe.New(silent, a.db, validator, a.ca, []string{"pebble.letsencrypt.org"}, true, false, 1, 1)
	a.pebble = front.Handler()
	a.chain = x509.NewCertPool()
	a.chain.AddCert(a.ca.GetRootCert(0).Cert)
	close(a.opened)
}

// names is a DNS server that has 127.0.0.1 for everybody.
func names(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg)
		answer.SetReply(q)
		for _, question := range q.Question {
			if question.Qtype == dns.TypeA {
				answer.Answer = append(answer.Answer, &dns.A{Hdr: dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: net.IPv4(127, 0, 0, 1)})
			}
		}
		w.WriteMsg(answer)
	})}
	done := make(chan struct{})
	go func() { defer close(done); server.ActivateAndServe() }()
	t.Cleanup(func() { server.Shutdown(); <-done })
	return l.Addr().String()
}

func port(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// handshake connects to a broker as thimble.test, and returns the serial number
// of its certificate.
func (a *authority) handshake(address string) (string, error) {
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: a.chain, ServerName: "thimble.test"})
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// TestServeACME gets a certificate over TLS from an authority that is not ours,
// and has it again after a restart.
func TestServeACME(t *testing.T) {
	a := newAuthority(t)
	cache := filepath.Join(t.TempDir(), "acme")
	file := write(t, filepath.Join(t.TempDir(), "thimble.toml"), fmt.Sprintf(`
listen = "127.0.0.1:0"
metrics_listen = "127.0.0.1:0"
[tls]
acme_domains = ["thimble.test"]
acme_cache = %q
acme_email = "operator@thimble.test"
acme_directory = %q
acme_ca = %q
%s`, cache, a.server.URL+wfe.DirectoryPath, a.file, app("1")))

	r := background(t, "serve", "--config", file)
	address := addressOf(t, r)
	side := r.metrics(t)
	if status, text := get(t, "http://"+side+"/readyz"); status != 503 || !strings.Contains(text, "no certificate for thimble.test yet") {
		t.Errorf("readyz: status %d, %s", status, text)
	}
	a.open(1, port(t, address)) // nothing listens on port 1
	r.logs(t, "have a certificate")
	if status, text := get(t, "http://"+side+"/readyz"); status != 200 {
		t.Errorf("readyz: status %d, %s", status, text)
	}
	if _, text := get(t, "http://"+side+"/metrics"); !strings.Contains(text, "\nthimble_certificate_expiry_timestamp_seconds 1.") && !strings.Contains(text, "\nthimble_certificate_expiry_timestamp_seconds 2.") {
		t.Error("no metric of the certificate's end")
	}
	first, err := a.handshake(address)
	if err != nil {
		t.Fatalf("%v\n%s", err, r.errs.String())
	}
	if _, err := tls.Dial("tcp", address, &tls.Config{RootCAs: a.chain, ServerName: "another.test"}); err == nil {
		t.Error("there is a certificate for a name that was not asked for")
	}
	if _, err := tls.Dial("tcp", address, &tls.Config{RootCAs: a.chain, ServerName: "thimble.test", MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	r.stop(t)
	if info, err := os.Stat(cache); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the cache is open to others: %v, %v", info, err)
	}

	again := background(t, "serve", "--config", file)
	address = addressOf(t, again)
	again.logs(t, "have a certificate")
	if second, err := a.handshake(address); err != nil || second != first {
		t.Errorf("certificate %s after %s: %v", second, first, err)
	}
}

// TestServeACMEOverHTTP is for brokers that are not on port 443 themselves.
func TestServeACMEOverHTTP(t *testing.T) {
	a := newAuthority(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	plain := l.Addr().String()
	l.Close()
	file := write(t, filepath.Join(t.TempDir(), "thimble.toml"), fmt.Sprintf(`
listen = "127.0.0.1:0"
[tls]
acme_domains = ["thimble.test"]
acme_cache = %q
acme_directory = %q
acme_ca = %q
acme_http = %q
%s`, filepath.Join(t.TempDir(), "acme"), a.server.URL+wfe.DirectoryPath, a.file, plain, app("1")))
	r := background(t, "serve", "--config", file)
	address := addressOf(t, r)
	a.open(port(t, plain), 1)
	r.logs(t, "have a certificate")
	if _, err := a.handshake(address); err != nil {
		t.Fatalf("%v\n%s", err, r.errs.String())
	}
}
