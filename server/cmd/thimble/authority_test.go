//go:build unix

package main

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
)

// TestOwnAuthority has a broker and an authorization endpoint whose certificate
// no system knows: with --ca every command reaches them, and without it none.
func TestOwnAuthority(t *testing.T) {
	path := home(t)
	dir := t.TempDir()
	certificate, key := pair(t, dir, 1)
	address := addressOf(t, background(t, "serve", "--dev", "--addr", "127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key))
	place := []string{"--host", address, "--app-id", "app-id", "--key", "app-key"}
	t.Setenv("PUSHER_SECRET", "app-secret")

	loaded, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := channelauth.NewHandler(channelauth.Config{
		Key: "app-key", Secret: "app-secret",
		Authorize: func(*http.Request, channelauth.Ask) (channelauth.Grant, error) { return channelauth.Grant{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	endpoint := httptest.NewUnstartedServer(handler)
	endpoint.TLS = &tls.Config{Certificates: []tls.Certificate{loaded}}
	endpoint.StartTLS()
	defer endpoint.Close()

	for name, args := range map[string][]string{
		"check":               {"check"},
		"check, endpoint":     {"check", "--auth-endpoint", endpoint.URL},
		"subscribe":           {"subscribe", "--exit-on-subscribed", "--timeout", "20s", "news"},
		"subscribe, endpoint": {"subscribe", "--exit-on-subscribed", "--timeout", "20s", "--auth-endpoint", endpoint.URL, "private-news"},
		"trigger":             {"trigger", "news", "headline", "{}"},
		"channels":            {"channels"},
		"bench":               {"bench", "--clients", "2", "--messages", "3", "--rate", "100"},
	} {
		code, out, errs := call(append(append(args, place...), "--ca", certificate)...)
		if code != 0 {
			t.Errorf("%s: exit code %d: %s%s", name, code, out, errs)
		}
	}
	code, out, _ := call(append([]string{"check"}, place...)...)
	if code != 1 || !strings.Contains(out, "name yours with --ca") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if code, _, errs := call(append([]string{"trigger", "news", "headline", "{}"}, place...)...); code != 1 || !strings.Contains(errs, "authority") {
		t.Errorf("exit code %d: %s", code, errs)
	}

	// A context has it with its place, and with no other.
	t.Chdir(dir)
	must(t, "", append(append([]string{"context", "add", "own"}, place...), "--ca", "cert.pem")...)
	if out := must(t, "", "context", "show", "own"); !strings.Contains(out, filepath.Join(dir, "cert.pem")) {
		t.Errorf("show: %s", out)
	}
	t.Chdir("/")
	must(t, "", "trigger", "--context", "own", "news", "headline", "{}")
	if code, _, errs := call("trigger", "--context", "own", "--host", address, "news", "headline", "{}"); code != 1 || !strings.Contains(errs, "authority") {
		t.Errorf("exit code %d: %s", code, errs)
	}

	none := write(t, filepath.Join(dir, "none.pem"), "nothing")
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no file":        {[]string{"--ca", "missing.pem"}, "--ca: there is no file missing.pem"},
		"no certificate": {[]string{"--ca", none}, "there is no certificate in " + none},
		"without TLS":    {[]string{"--ca", certificate, "--plaintext"}, "--ca is for TLS"},
	} {
		for _, command := range [][]string{{"channels"}, {"context", "add", "wrong"}} {
			if code, _, errs := call(append(append(command, place...), tt.args...)...); code != 2 || !strings.Contains(errs, tt.want) {
				t.Errorf("%s, %v: exit code %d: %s", name, command, code, errs)
			}
		}
	}
	for text, want := range map[string]string{
		"host = \"h\"\nca = \"c.pem\"":                    "needs its whole path",
		"host = \"h\"\nplaintext = true\nca = \"/c.pem\"": "is plaintext",
	} {
		write(t, path, "[contexts.a]\n"+text+"\n")
		if code, _, errs := call("context", "list"); code != 2 || !strings.Contains(errs, want) {
			t.Errorf("exit code %d: %s", code, errs)
		}
	}
}
