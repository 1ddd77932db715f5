//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/server/internal/settings"
)

// metrics waits for the server beside the broker: where it is.
func (r *running) metrics(t *testing.T) string {
	t.Helper()
	r.logs(t, `"msg":"metrics"`)
	return regexp.MustCompile(`"msg":"metrics","address":"([^"]+)"`).FindStringSubmatch(r.errs.String())[1]
}

// get makes a request.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// TestServeMetrics: they are on an address of their own, and nowhere else.
func TestServeMetrics(t *testing.T) {
	r := background(t, "serve", "--dev", "--addr", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
	address := addressOf(t, r)
	side := r.metrics(t)
	status, text := get(t, "http://"+side+"/metrics")
	if status != 200 || !strings.Contains(text, `soketi_connected{app_id="app-id"`) || !strings.Contains(text, "\ngo_goroutines ") {
		t.Errorf("status %d: %.500s", status, text)
	}
	if status, text := get(t, "http://"+side+"/readyz"); status != 200 {
		t.Errorf("status %d: %s", status, text)
	}
	if status, _ := get(t, "http://"+side+"/apps/app-id/channels"); status != 404 {
		t.Errorf("the HTTP API is there: status %d", status)
	}
	if status, _ := get(t, "http://"+address+"/metrics"); status != 404 {
		t.Errorf("metrics are public: status %d", status)
	}
	if text := r.errs.String(); strings.Contains(text, "can be read from other machines") || !strings.Contains(text, `"open_files":`) {
		t.Errorf("the log says %s", text)
	}
	other := background(t, "serve", "--dev", "--addr", "127.0.0.1:0", "--metrics", "0.0.0.0:0")
	other.logs(t, "can be read from other machines")
}

// TestServeDrains ends a broker slowly, and has it say so meanwhile.
func TestServeDrains(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "thimble.toml"), "listen = \"127.0.0.1:0\"\nmetrics_listen = \"127.0.0.1:0\"\ndrain = \"1s\"\ndrain_code = 4200\n"+app("1"))
	r := background(t, "serve", "--config", file)
	address := addressOf(t, r)
	side := r.metrics(t)
	subscriber := background(t, "subscribe", "--host", address, "--plaintext", "--key", "key-1", "news")
	subscriber.await(t, "pusher:subscription_succeeded")
	r.cancel()
	r.logs(t, `"msg":"ending","connections":1`)
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
		response, err := client.Get("http://" + side + "/readyz")
		if err != nil {
			t.Fatalf("the server beside the broker went before it: %v", err)
		}
		response.Body.Close()
		if response.StatusCode == 503 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it is still ready")
		}
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("connections are still accepted")
	}
	r.stop(t)
	if r.code != 0 {
		t.Errorf("exit code %d: %s", r.code, r.errs.String())
	}
}

// TestCertificateIsWarnedOf: once in a while, two weeks before its end, and more
// clearly after it.
func TestCertificateIsWarnedOf(t *testing.T) {
	dir := t.TempDir()
	certificate, key := pair(t, dir, 1) // for an hour
	var text bytes.Buffer
	c, err := newCertificate(settings.TLS{Certificate: certificate, Key: key}, slog.New(slog.NewTextHandler(&text, nil)))
	if err != nil {
		t.Fatal(err)
	}
	warnings := func() int { return strings.Count(text.String(), "level=WARN") }
	if warnings() != 1 || !strings.Contains(text.String(), "ends soon") {
		t.Errorf("the log says %s", text.String())
	}
	if err := c.valid(); err != nil {
		t.Error(err)
	}
	now := time.Now()
	if c.warn(now.Add(warnEvery / 2)); warnings() != 1 {
		t.Error("warned too often")
	}
	if c.warn(now.Add(warnEvery + time.Minute)); warnings() != 2 || !strings.Contains(text.String(), "has ended") {
		t.Errorf("the log says %s", text.String())
	}
	c.current.Leaf.NotAfter = now.Add(-time.Second)
	if err := c.valid(); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("got %v", err)
	}
	c.warned, c.current.Leaf.NotAfter = time.Time{}, now.Add(15*24*time.Hour)
	if c.warn(now); warnings() != 2 {
		t.Error("warned too early")
	}
}

// TestServeNotifies is systemd, for a service of Type=notify.
func TestServeNotifies(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	socket.SetDeadline(time.Now().Add(patience))
	t.Setenv("NOTIFY_SOCKET", name)
	expect := func(state string) {
		t.Helper()
		var b [100]byte
		if n, err := socket.Read(b[:]); err != nil || string(b[:n]) != state {
			t.Fatalf("got %q, %v, want %s", b[:n], err, state)
		}
	}
	r := background(t, "serve", "--dev", "--addr", "127.0.0.1:0")
	expect("READY=1")
	if conn, err := net.Dial("tcp", addressOf(t, r)); err != nil {
		t.Error(err)
	} else {
		conn.Close()
	}
	r.stop(t)
	expect("STOPPING=1")
}

// TestLogIsForMachinesAndHasNoSecrets has a conversation in which all goes
// wrong that can, and reads the log.
func TestLogIsForMachinesAndHasNoSecrets(t *testing.T) {
	const secret, wrong = "secret-of-the-app", "secret-that-is-wrong"
	file := write(t, filepath.Join(t.TempDir(), "thimble.toml"), `listen = "127.0.0.1:0"
log_level = "debug"
queue_bytes = 4096
[[apps]]
id = "1"
key = "key-1"
secret = "`+secret+`"
client_events = true
request_rate = 100
[[apps.keys]]
key = "key-2"
secret = "other-`+secret+`"
`)
	r := background(t, "serve", "--config", file)
	address := addressOf(t, r)
	for _, args := range [][]string{
		{"trigger", "--app-id", "1", "--key", "key-1", "--secret", wrong, "news", "headline", `{"data-of-an-event":1}`},
		{"trigger", "--app-id", "1", "--key", "nobody", "--secret", secret, "news", "headline", "{}"},
		{"trigger", "--app-id", "1", "--key", "key-1", "--secret", secret, "news", "headline", `{"data-of-an-event":1}`},
		{"subscribe", "--key", "nobody", "news"},
	} {
		call(append(args, "--host", address, "--plaintext")...)
	}
	subscriber := background(t, "subscribe", "--host", address, "--plaintext", "--key", "key-1", "--secret", wrong, "private-room")
	subscriber.await(t, "pusher:subscription_error")
	welcome := background(t, "subscribe", "--host", address, "--plaintext", "--key", "key-1", "--secret", secret, "private-room")
	welcome.await(t, "pusher:subscription_succeeded")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "GET /apps/1/channels?auth_key=key-1&auth_signature=a-signature HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n\x00\x01")
	io.ReadAll(conn)
	conn.Close()
	subscriber.stop(t)
	welcome.stop(t)
	r.stop(t)

	text := r.errs.String()
	for _, forbidden := range []string{secret, wrong, "a-signature", "auth_signature", "data-of-an-event", "digest of"} {
		if strings.Contains(text, forbidden) {
			t.Errorf("%q is in the log: %s", forbidden, text)
		}
	}
	refused := 0
	for line := range strings.Lines(text) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil || m["time"] == nil || m["level"] == nil || m["msg"] == nil {
			t.Errorf("not a line of a log: %s", line)
		}
		if strings.HasPrefix(m["msg"].(string), "refused a request") {
			refused++
			if m["app"] != "1" || m["remote"] == nil || m["reason"] == nil {
				t.Errorf("not all of it: %s", line)
			}
		}
	}
	if refused < 3 || !strings.Contains(text, `"msg":"refused a connection","reason":"unknown_app","remote":"127.0.0.1:`) {
		t.Errorf("%d refused requests: %s", refused, text)
	}
}
