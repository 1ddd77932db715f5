//go:build !tinygo

package thimble_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

// certificate makes one that signs itself, for the names.
func certificate(t testing.TB, until time.Time, names ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// secured is a server behind TLS.
func secured(t testing.TB, cert tls.Certificate) *fake {
	f := newFake(t)
	f.wrap = func(conn net.Conn) net.Conn {
		return tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	return f
}

func TestTLS(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t, time.Now().Add(time.Hour), "127.0.0.1")
	f := secured(t, cert)
	client := newClient(t, thimble.Config{Key: "key", Host: f.host(), TLS: thimble.WithTLS(&tls.Config{RootCAs: pool})})
	news := client.Subscribe("news")
	got := events(news.Bind, "e")
	r := run(t, client)
	p := f.accept("1.1")
	p.subscribed("news")
	for range 3 { // also over reads that were interrupted
		p.event("e", "news", strings.Repeat("x", 20_000))
		if e := waitFor(t, "the event", got); len(e.Text) != 20_000 {
			t.Errorf("%d bytes", len(e.Text))
		}
		client.Subscribe("other").Unsubscribe()
	}
	client.Disconnect()
	if code := p.closed(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	if err := r.wait(); err != nil {
		t.Error(err)
	}
}

func TestTLSRefuses(t *testing.T) {
	t.Parallel()
	valid, pool := certificate(t, time.Now().Add(time.Hour), "127.0.0.1")
	expired, expiredPool := certificate(t, time.Now().Add(-time.Hour), "127.0.0.1")
	other, otherPool := certificate(t, time.Now().Add(time.Hour), "example.com")
	for _, test := range []struct {
		name   string
		cert   tls.Certificate
		cfg    *tls.Config
		plain  bool
		reason func(error) bool
	}{
		{"unknown authority", valid, nil, false, func(err error) bool {
			var unknown x509.UnknownAuthorityError
			return errors.As(err, &unknown)
		}},
		{"another authority", valid, &tls.Config{RootCAs: otherPool}, false, func(err error) bool {
			var unknown x509.UnknownAuthorityError
			return errors.As(err, &unknown)
		}},
		{"expired", expired, &tls.Config{RootCAs: expiredPool}, false, func(err error) bool {
			var invalid x509.CertificateInvalidError
			return errors.As(err, &invalid) && invalid.Reason == x509.Expired
		}},
		{"wrong host", other, &tls.Config{RootCAs: otherPool}, false, func(err error) bool {
			var host x509.HostnameError
			return errors.As(err, &host)
		}},
		{"no TLS", valid, &tls.Config{RootCAs: pool}, true, func(err error) bool {
			var header tls.RecordHeaderError
			return errors.As(err, &header)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := secured(t, test.cert)
			client := newClient(t, thimble.Config{Key: "s3cretkey", Host: f.host(), TLS: thimble.WithTLS(test.cfg)})
			errs := failures(client)
			run(t, client)
			go func() {
				conn := <-f.conns
				if test.plain {
					_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
					return
				}
				if err := f.wrap(conn).(*tls.Conn).Handshake(); err == nil {
					// The client may notice only behind the handshake; then it
					// must not say a word.
					if n, _ := conn.Read(make([]byte, 1)); n > 0 {
						t.Error("the client talks to a server that it cannot trust")
					}
				}
			}()
			err := waitFor(t, "the refusal", errs)
			if !test.reason(err) {
				t.Errorf("got %#v", err)
			}
			if strings.Contains(err.Error(), "s3cretkey") {
				t.Errorf("the text is %q", err)
			}
			if client.State() == thimble.StateConnected {
				t.Error("connected")
			}
		})
	}
}

// TestSwitchToTLS sends the client to TLS with close code 4000. The server
// takes both on one port.
func TestSwitchToTLS(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t, time.Now().Add(time.Hour), "127.0.0.1")
	f := newFake(t)
	cfg := f.config()
	cfg.TLS = thimble.WithTLS(&tls.Config{RootCAs: pool})
	client := newClient(t, cfg)
	changes := states(client)
	run(t, client)
	f.accept("1.1").closeWith(4000, "TLS only")
	f.wrap = secured(t, cert).wrap
	p := f.accept("2.2")
	reach(t, changes, thimble.StateConnected)
	var closed *thimble.CloseError
	if s := reach(t, changes, thimble.StateConnecting); !errors.As(s.Err, &closed) || closed.Code != 4000 {
		t.Errorf("the switch is told as %+v", s)
	}
	reach(t, changes, thimble.StateConnected)
	p.conn.Close()
	f.accept("3.3") // over TLS again
	reach(t, changes, thimble.StateConnected)
}
