//go:build unix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// write makes a file.
func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func app(id string) string {
	return "\n[[apps]]\nid = \"" + id + "\"\nkey = \"key-" + id + "\"\nsecret = \"secret-" + id + "\"\n"
}

// addressOf waits for a broker: where it is.
func addressOf(t *testing.T, r *running) string {
	t.Helper()
	return r.await(t, "listening")["data"].(map[string]any)["address"].(string)
}

// logs waits for the broker to say something.
func (r *running) logs(t *testing.T, what string) {
	t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(r.errs.String(), what); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %q in the log: %s", what, r.errs.String())
		}
	}
}

// publishes says whether an app takes an event.
func publishes(address, id string) bool {
	code, _, _ := call("trigger", "--host", address, "--plaintext", "--app-id", id, "--key", "key-"+id, "--secret", "secret-"+id, "news", "headline", "{}")
	return code == 0
}

// TestServeFile changes the settings of a broker while it runs.
func TestServeFile(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "thimble.toml"), "listen = \"127.0.0.1:0\"\n"+app("1")+app("2"))
	r := background(t, "serve", "--config", file)
	address := addressOf(t, r)
	if !publishes(address, "1") || !publishes(address, "2") || publishes(address, "3") {
		t.Fatal("these are not the apps of the file")
	}
	listener := background(t, "subscribe", "--host", address, "--plaintext", "--key", "key-1", "news")
	listener.await(t, "pusher:subscription_succeeded")

	hangup := func() {
		t.Helper()
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	write(t, file, "listen = \"127.0.0.1:0\"\npong_timeout = \"31s\"\n"+app("1")+app("3"))
	hangup()
	r.logs(t, "wait for the next start")
	if publishes(address, "2") || !publishes(address, "3") || !publishes(address, "1") {
		t.Error("these are not the apps of the new file")
	}
	listener.await(t, "headline") // it has stayed

	write(t, file, "lisen = 1")
	hangup()
	r.logs(t, "there is no field lisen; listen may be meant")
	if !publishes(address, "1") {
		t.Error("the settings before are gone")
	}
	if strings.Contains(r.errs.String(), "secret-") {
		t.Errorf("the log has a secret: %s", r.errs.String())
	}
}

// TestServeFlagsWin has a file, the environment and flags, the later over the
// earlier.
func TestServeFlagsWin(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "thimble.toml"), "listen = \"127.0.0.1:1\"\n"+app("1"))
	t.Setenv("THIMBLE_LISTEN", "127.0.0.1:2")
	t.Setenv("PUSHER_KEY", "key-of-environment")
	r := background(t, "serve", "--config", file, "--addr", "127.0.0.1:0", "--key", "key-of-flag")
	data := r.await(t, "listening")["data"].(map[string]any)
	if data["key"] != "key-of-flag" || data["app_id"] != "1" || data["address"] == "127.0.0.1:1" || data["address"] == "127.0.0.1:2" {
		t.Errorf("got %v", data)
	}
}

// pair writes a certificate for 127.0.0.1 and its key.
func pair(t *testing.T, dir string, serial int64) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(serial),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate = write(t, filepath.Join(dir, "cert.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return certificate, write(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})))
}

// TestServeTLS renews the certificate of a broker while it runs.
func TestServeTLS(t *testing.T) {
	dir := t.TempDir()
	certificate, key := pair(t, dir, 1)
	r := background(t, "serve", "--dev", "--addr", "127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key)
	address := addressOf(t, r)
	serial := func() int64 {
		t.Helper()
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // it is the serial number that is looked at
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if n := serial(); n != 1 {
		t.Errorf("certificate %d", n)
	}
	// Without TLS nobody is asked, and so nobody has said no.
	for _, args := range [][]string{append([]string{"trigger", "news", "e", "d"}, to(address)...), append([]string{"check"}, to(address)...)} {
		if code, out, errs := call(args...); code != 1 || !strings.Contains(out+errs, "the port is one for TLS") || !strings.Contains(out+errs, "leave --plaintext out") {
			t.Errorf("%v: exit code %d: %s%s", args, code, out, errs)
		}
	}
	pair(t, dir, 2)
	later := time.Now().Add(time.Hour) // for file systems with coarse times
	for _, name := range []string{certificate, key} {
		if err := os.Chtimes(name, later, later); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.logs(t, "took the new certificate")
	if n := serial(); n != 2 {
		t.Errorf("certificate %d", n)
	}
	write(t, certificate, "no certificate")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.logs(t, "the one before stays")
	if n := serial(); n != 2 {
		t.Errorf("certificate %d", n)
	}
}

func TestServeErrors(t *testing.T) {
	dir := t.TempDir()
	good := write(t, filepath.Join(dir, "good.toml"), app("1")+app("2"))
	open := write(t, filepath.Join(dir, "open.toml"), app("1"))
	if err := os.Chmod(open, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no file":              {[]string{"--config", filepath.Join(dir, "none.toml")}, 2, "thimble config default"},
		"file and dev":         {[]string{"--config", good, "--dev"}, 2, "--dev has settings"},
		"key for two apps":     {[]string{"--config", good, "--key", "k"}, 2, "--key is for one app"},
		"unknown field":        {[]string{"--config", write(t, filepath.Join(dir, "bad.toml"), "x = 1")}, 2, "bad.toml:1:1: there is no field x"},
		"app without a secret": {[]string{"--config", write(t, filepath.Join(dir, "half.toml"), "[[apps]]\nid = \"1\"\nkey = \"k\"")}, 2, "the secret is empty"},
		"anybody may write it": {[]string{"--config", open}, 2, "chmod 640"},
		"half a certificate":   {[]string{"--dev", "--tls-key", filepath.Join(dir, "k")}, 2, "takes both certificate and key"},
		"no port":              {[]string{"--dev", "--addr", "nonsense"}, 2, `"nonsense" is no host:port`},
		"no certificate":       {[]string{"--dev", "--tls-certificate", filepath.Join(dir, "c"), "--tls-key", filepath.Join(dir, "k")}, 1, "cannot use the certificate"},
	} {
		code, _, errs := call(append([]string{"serve"}, test.args...)...)
		if code != test.code || !strings.Contains(errs, test.says) || strings.Contains(errs, "secret-") {
			t.Errorf("%s: exit code %d: %s", name, code, errs)
		}
	}
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	code, text, errs := call("config", "default")
	if code != 0 || !strings.Contains(text, "[[apps]]") {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	file := write(t, filepath.Join(dir, "thimble.toml"), text)
	if code, _, errs := call("config", "check", file); code != 2 || !strings.Contains(errs, file+": apps[0]: the secret is empty") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	write(t, file, strings.Replace(text, `secret = ""`, `secret = "chosen"`, 1))
	t.Setenv("SOKETI_ADAPTER_DRIVER", "redis")
	t.Setenv("THIMBLE_LISTN", "127.0.0.1:1")
	t.Setenv("THIMBLE_SERVICE_HOST", "10.0.0.1") // of Kubernetes, as the next
	t.Setenv("THIMBLE_PORT_6001_TCP_ADDR", "10.0.0.1")
	t.Setenv("THIMBLE_CONTEXT", "")
	code, text, errs = call("config", "check", file)
	if code != 0 || !strings.Contains(text, "good: 1 app(s), listening on 127.0.0.1:6001") || !strings.Contains(text, "SOKETI_ADAPTER_DRIVER is set") || !strings.Contains(text, "THIMBLE_LISTN is set, and has no meaning here") || strings.Count(text, "THIMBLE_") != 1 {
		t.Errorf("exit code %d: %s%s", code, text, errs)
	}
	t.Setenv("SOKETI_DEFAULT_APP_WEBHOOKS", `[{"url":"https://example.com/hidden","event_types":["cache_miss"]}]`)
	code, text, errs = call("config", "check", file)
	if code != 0 || !strings.Contains(text, ", 1 webhook(s) that wait in memory: set webhook_queue") || strings.Contains(text, "hidden") {
		t.Errorf("exit code %d: %s%s", code, text, errs)
	}
	t.Setenv("THIMBLE_WEBHOOK_QUEUE", filepath.Join(dir, "none", "queue")) // which it does not open
	if code, text, errs = call("config", "check", file); code != 0 || !strings.Contains(text, ", 1 webhook(s) that wait in "+filepath.Join(dir, "none", "queue")) {
		t.Errorf("exit code %d: %s%s", code, text, errs)
	}
	if code, _, errs := call("serve", "--config", file, "--addr", "127.0.0.1:0"); code != 1 || !strings.Contains(errs, "make its directory first") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	os.Unsetenv("SOKETI_DEFAULT_APP_WEBHOOKS")
	small := write(t, filepath.Join(dir, "small.toml"), "max_message = 10000\n"+app("1")+"client_events = true\n")
	if code, text, errs := call("config", "check", small); code != 0 || !strings.Contains(text, "\nmax_message is 10000, and the app") {
		t.Errorf("exit code %d: %s%s", code, text, errs)
	}
	if code, _, errs := call("config", "check"); code != 2 || !strings.Contains(errs, "there is no app") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestConfigImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from := write(t, filepath.Join(dir, "soketi.json"), `{"port":6002,"cors.origin":["*"],"appManager.array.apps":[{"id":"1","key":"k","secret":"s3cret"}]}`)
	code, text, errs := call("config", "import", from)
	if code != 0 || !strings.Contains(text, `listen = "0.0.0.0:6002"`) || !strings.Contains(text, "[[apps]]") || !strings.HasPrefix(errs, "cors.origin is left out") || strings.Contains(errs, "s3cret") {
		t.Errorf("exit code %d: %s%s", code, text, errs)
	}
	to := filepath.Join(dir, "thimble.toml")
	if code, text, errs := call("config", "import", from, "--output", to); code != 0 || text != "" {
		t.Errorf("exit code %d: %s%s", code, text, errs)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if code, text, errs := call("config", "check", to); code != 0 || !strings.Contains(text, "good: 1 app(s), listening on 0.0.0.0:6002") {
		t.Errorf("exit code %d: %s%s", code, text, errs)
	}
	if code, _, errs := call("config", "import", from, "--output", to); code != 2 || !strings.Contains(errs, "already") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	write(t, from, `{"appManager.driver":"mysql"}`)
	if code, text, errs := call("config", "import", from); code != 2 || !strings.Contains(text, "listen = ") || !strings.Contains(errs, "are not read") || !strings.Contains(errs, "something has to be added or changed: there is no app") {
		t.Errorf("exit code %d: %s%s", code, text, errs)
	}
	write(t, from, "{")
	if code, text, errs := call("config", "import", from); code != 2 || text != "" || !strings.Contains(errs, "soketi.json:1: it is no object") {
		t.Errorf("exit code %d: %s%s", code, text, errs)
	}
}
