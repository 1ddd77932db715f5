package check

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/server/broker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	appKey    = "app-key"
	appSecret = "the-secret-of-the-app"
)

var masterKey = []byte(strings.Repeat("m", 32))

// start runs a broker with one app and returns a configuration that has
// everything right.
func start(t *testing.T, change func(*broker.App)) Config {
	t.Helper()
	app := broker.App{ID: "app-id", Key: appKey, Secret: appSecret, ClientEvents: true}
	if change != nil {
		change(&app)
	}
	b, err := broker.New(broker.Config{Apps: []broker.App{app}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.Handler())
	t.Cleanup(func() {
		_ = b.Shutdown(context.Background())
		server.Close()
	})
	return Config{
		Key: appKey, Host: server.Listener.Addr().String(), Plaintext: true,
		AppID: "app-id", Secret: appSecret,
		Endpoint: endpoint(t, appKey, appSecret), MasterKey: masterKey,
	}
}

// endpoint lets everybody in.
func endpoint(t *testing.T, key, secret string) string {
	t.Helper()
	h, err := channelauth.NewHandler(channelauth.Config{
		Key: key, Secret: secret, EncryptionMasterKey: masterKey,
		Authorize: func(r *http.Request, _ channelauth.Ask) (channelauth.Grant, error) {
			if r.Header.Get("Authorization") == "Bearer nobody" {
				return channelauth.Grant{}, channelauth.ErrForbidden
			}
			return channelauth.Grant{UserID: "17"}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, h)
}

// serve runs a web server and returns its address.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// answering is a web server that always says the same.
func answering(t *testing.T, status int, body string, header ...string) string {
	t.Helper()
	return serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
}

func host(address string) string { return strings.TrimPrefix(address, "http://") }

// secrets are what must never be in a Result.
var secrets = regexp.MustCompile(appSecret + "|another-secret|Bearer|[0-9a-f]{64}")

// steps does all steps.
func steps(t *testing.T, cfg Config) (results map[string]Result, failures int, refused bool) {
	t.Helper()
	results = make(map[string]Result)
	failures, refused = Run(t.Context(), cfg, func(r Result) {
		if secrets.MatchString(r.Text + r.Advice) {
			t.Errorf("a secret is shown: %+v", r)
		}
		if r.Text == "" || strings.ContainsAny(r.Text+r.Advice, "\r\n") || r.Status == Failed && r.Advice == "" {
			t.Errorf("no line that says what to do: %+v", r)
		}
		results[r.Step] = r
	})
	return results, failures, refused
}

// finds checks that one step fails, with that text and that advice.
func finds(t *testing.T, cfg Config, step, text, advice string) {
	t.Helper()
	results, failures, _ := steps(t, cfg)
	got := results[step]
	if failures == 0 || got.Status != Failed || !strings.Contains(got.Text, text) || !strings.Contains(got.Advice, advice) {
		t.Errorf("step %s: %+v\nwant %q with the advice %q", step, got, text, advice)
	}
}

// authority signs certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert}
}

// sign makes a certificate for a host.
func (a *authority) sign(t *testing.T, name string, from, to time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: from, NotAfter: to}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// trust is what a machine knows that trusts the authority.
func (a *authority) trust() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}
