package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/server/broker"
)

// ask makes a request of the page, with changes to its head; "-Name" takes a
// field away. It returns the status and the body.
func (s *stage) ask(method, path, body string, fields ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url(path), strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("X-Thimble-Console", "1")
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		switch {
		case name == "Host":
			r.Host = value
		case strings.HasPrefix(name, "-"):
			r.Header.Del(name[1:])
		default:
			r.Header.Set(name, value)
		}
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(text)
}

func TestNoConsole(t *testing.T) {
	t.Parallel()
	s := start(t, broker.Console{})
	for _, path := range []string{"/console", "/console/", "/console/api/apps", "/console/app.js"} {
		if res, _ := s.ask("GET", path, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", path, res.StatusCode)
		}
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	s := start(t, local)
	_, port, _ := strings.Cut(s.address, ":")
	for field, status := range map[string]int{
		"X-Nothing: ":                            200,
		"Host: localhost:" + port:                200,
		"Host: LOCALHOST":                        200,
		"Host: [::1]:" + port:                    200,
		"Host: 127.0.0.2":                        200,
		"Host: evil.example":                     403,
		"Host: evil.example:" + port:             403,
		"Host: 127.0.0.1.evil.example":           403,
		"Host: localhost.evil.example":           403,
		"Host: 192.0.2.1:" + port:                403,
		"X-Forwarded-For: 192.0.2.1":             403,
		"Forwarded: for=192.0.2.1":               403,
		"Via: 1.1 proxy":                         403,
		"-X-Thimble-Console: ":                   403,
		"Origin: http://" + s.address:            200,
		"Sec-Fetch-Site: same-origin":            200,
		"Sec-Fetch-Site: none; X: ":              403,
		"Origin: http://evil.example":            403,
		"Origin: null":                           403,
		"Sec-Fetch-Site: cross-site":             403,
		"Sec-Fetch-Site: same-site":              403,
		"Origin: http://127.0.0.1:1":             403,
		"Origin: https://" + s.address + ".evil": 403,
	} {
		if res, text := s.ask("POST", "/console/api/publish", `{"app":"shop","channels":["a"],"event":"e","data":"1"}`, field); res.StatusCode != status {
			t.Errorf("%s: status %d, want %d: %s", field, res.StatusCode, status, text)
		}
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	s := start(t, broker.Console{Password: password, Local: true})
	login := func(word string) (*http.Response, string) {
		body, _ := json.Marshal(map[string]string{"password": word})
		return s.ask("POST", "/console/api/login", string(body))
	}
	for _, path := range []string{"GET apps", "GET stream?app=shop", "GET channels?app=shop", "GET members?app=shop", "GET connections?app=shop", "POST look", "POST disconnect", "POST publish"} {
		method, path, _ := strings.Cut(path, " ")
		for _, field := range []string{"X-Nothing: ", "Cookie: thimble_console=", "Cookie: thimble_console=guess", "Authorization: Bearer " + password} {
			if res, text := s.ask(method, "/console/api/"+path, "{}", field); res.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s with %s: status %d: %s", path, field, res.StatusCode, text)
			}
		}
	}
	if res, text := login("a wrong password"); res.StatusCode != http.StatusUnauthorized || res.Header.Get("Set-Cookie") != "" || strings.Contains(text, "wrong password") {
		t.Errorf("status %d: %s", res.StatusCode, text)
	}
	res, text := login(password)
	if res.StatusCode != http.StatusOK || len(res.Cookies()) != 1 {
		t.Fatalf("status %d: %s", res.StatusCode, text)
	}
	one := res.Cookies()[0]
	if !one.HttpOnly || one.SameSite != http.SameSiteStrictMode || one.Secure || one.Path != "" || len(one.Value) < 40 {
		t.Errorf("cookie %s", one)
	}
	cookie := "Cookie: thimble_console=" + one.Value
	res, text = s.ask("GET", "/console/api/apps", "", cookie)
	if res.StatusCode != http.StatusOK || !strings.Contains(text, "shop-key") || strings.Contains(text, "secret") {
		t.Errorf("status %d: %s", res.StatusCode, text)
	}
	// A session is no way round the other checks.
	if res, _ := s.ask("POST", "/console/api/disconnect", "{}", cookie, "Origin: http://evil.example"); res.StatusCode != http.StatusForbidden {
		t.Errorf("status %d from another site", res.StatusCode)
	}
	if res, _ := s.ask("GET", "/console/api/apps", "", cookie, "-X-Thimble-Console: "); res.StatusCode != http.StatusForbidden {
		t.Errorf("status %d without the header", res.StatusCode)
	}
	s.ask("POST", "/console/api/logout", "", cookie)
	if res, _ := s.ask("GET", "/console/api/apps", "", cookie); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d after the end", res.StatusCode)
	}
	for range 10 {
		login("a wrong password")
	}
	if res, text := login(password); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("status %d after many wrong ones: %s", res.StatusCode, text)
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	s := start(t, local)
	res, _ := s.ask("GET", "/console/", "", "-X-Thimble-Console: ")
	policy := res.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("no %s in %s", part, policy)
		}
	}
	if res.StatusCode != 200 || res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, head %v", res.StatusCode, res.Header)
	}
	for path, file := range map[string]string{"/console/style.css": "text/css", "/console/app.js": "javascript", "/console/icon.svg": "image/svg"} {
		if res, _ := s.ask("GET", path, ""); !strings.Contains(res.Header.Get("Content-Type"), file) {
			t.Errorf("%s: %s", path, res.Header.Get("Content-Type"))
		}
	}
}

// TestPrefix has the broker mounted somewhere below.
func TestPrefix(t *testing.T) {
	t.Parallel()
	s := start(t, broker.Console{Password: password})
	server := httptest.NewServer(http.StripPrefix("/push", s.broker.Handler()))
	defer server.Close()
	s.address = strings.TrimPrefix(server.URL, "http://")
	defer func(address string) { s.address = address }(s.address)
	res, text := s.ask("GET", "/push/console", "") // follows
	if res.Request.URL.Path != "/push/console/" || !strings.Contains(text, "app.js") {
		t.Errorf("%s: %.100s", res.Request.URL, text)
	}
	res, _ = s.ask("POST", "/push/console/api/login", `{"password":"`+password+`"}`)
	jar, _ := cookiejar.New(nil)
	jar.SetCookies(res.Request.URL, res.Cookies())
	if to, _ := res.Request.URL.Parse("stream"); len(jar.Cookies(to)) != 1 {
		t.Error("the cookie is not sent where it is needed")
	}
}

// follow opens a stream, and returns what comes on it.
func (s *stage) follow(ctx context.Context, app string) *bufio.Scanner {
	s.t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", s.url("/console/api/stream?app="+app), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("X-Thimble-Console", "1")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != 200 {
		s.t.Fatalf("status %d", res.StatusCode)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || !strings.Contains(lines.Text(), `"watcher"`) {
		s.t.Fatalf("it begins with %q: %v", lines.Text(), lines.Err())
	}
	return lines
}

// A stream has only the events of its application, and ends at once with the
// broker.
func TestStream(t *testing.T) {
	t.Parallel()
	s := start(t, local)
	lines := s.follow(t.Context(), "shop")
	if err := s.broker.Publish(t.Context(), "staging", broker.Event{Name: "elsewhere", Channels: []string{"news"}, Data: "1"}); err != nil {
		t.Fatal(err)
	}
	s.publish("here", `{"n":1}`, "news")
	var seen string
	for !strings.Contains(seen, `"event":"here"`) && lines.Scan() {
		seen += lines.Text() + "\n"
	}
	if strings.Contains(seen, "elsewhere") || !strings.Contains(seen, `"data":"{\"n\":1}"`) {
		t.Errorf("it shows %s", seen)
	}
	s.publish("last", `{"n":2}`, "news")
	began := time.Now()
	s.end()
	if took := time.Since(began); took > patience/2 {
		t.Errorf("the end took %v", took)
	}
	seen = ""
	for lines.Scan() {
		seen += lines.Text() + "\n"
	}
	if !strings.Contains(seen, `"event":"last"`) || !strings.Contains(seen, `"API message":2`) {
		t.Errorf("at the end it shows %s", seen)
	}
	s.start()
	res, text := s.ask("GET", "/console/api/stream?app=none", "")
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d: %s", res.StatusCode, text)
	}
}

// Nothing of a request is shown that could not be published.
func TestPublishRefused(t *testing.T) {
	t.Parallel()
	s := start(t, local)
	for body, says := range map[string]string{
		`{"app":"none","channels":["a"],"event":"e","data":"1"}`:                                             "no such app",
		`{"app":"shop","channels":[],"event":"e","data":"1"}`:                                                "no channel",
		`{"app":"shop","channels":["a b"],"event":"e","data":"1"}`:                                           "channel name",
		`{"app":"shop","channels":["a"],"event":"","data":"1"}`:                                              "no name",
		`{"app":"shop","channels":["private-a"],"event":"e","data":"1","client":true}`:                       "client-",
		`{"app":"shop","channels":["a"],"event":"client-e","data":"1","client":true}`:                        "private and presence",
		`{"app":"shop","channels":["private-a","private-b"],"event":"client-e","client":true}`:               "one channel",
		`{"app":"shop","channels":["private-encrypted-a"],"event":"client-e","client":true}`:                 "private and presence",
		fmt.Sprintf(`{"app":"staging","channels":["a"],"event":"e","data":%q}`, strings.Repeat("x", 11<<10)): "MaxEventData",
		`no JSON`: "not the JSON",
		`{"app":"shop","data":"` + strings.Repeat("x", 2<<20) + `"}`: "has more than",
	} {
		res, text := s.ask("POST", "/console/api/publish", body)
		if res.StatusCode < 400 || res.StatusCode >= 500 || !strings.Contains(text, says) {
			t.Errorf("%.80s: status %d: %.200s", body, res.StatusCode, text)
		}
	}
}
