package check

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/server/broker"
)

func TestNothingIsWrong(t *testing.T) {
	t.Parallel()
	all := start(t, nil)
	for name, tt := range map[string]struct {
		change  func(*Config)
		skipped string
	}{
		"everything":       {func(*Config) {}, "dns tls"},
		"no endpoint":      {func(c *Config) { c.Endpoint = "" }, "dns tls authorization"},
		"a key alone":      {func(c *Config) { *c = Config{Key: c.Key, Host: c.Host, Plaintext: true} }, "dns tls api authorization delivery client-events"},
		"channels of ours": {func(c *Config) { c.Channels = []string{"news", "presence-a", "private-encrypted-b"} }, "dns tls authorization delivery client-events"},
		"signed here":      {func(c *Config) { c.Endpoint = ""; c.Channels = []string{"private-encrypted-b", "presence-a"} }, "dns tls authorization delivery client-events"},
	} {
		cfg := all
		tt.change(&cfg)
		results, failures, refused := steps(t, cfg)
		if failures != 0 || refused {
			t.Errorf("%s: %d failures: %+v", name, failures, results)
		}
		for step, r := range results {
			kind, _, _ := strings.Cut(step, " ")
			if r.Status == Skipped && !strings.Contains(tt.skipped, kind) {
				t.Errorf("%s: skipped %s: %s", name, step, r.Text)
			}
		}
		for _, channel := range cfg.Channels {
			if r := results["subscription "+channel]; r.Status != OK {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for says, err := range map[string]error{
		"nobody knows the name": &net.DNSError{Err: "no such host", Name: "ws-x.pusher.com", IsNotFound: true},
		"cannot be looked up":   &net.DNSError{Err: "server misbehaving", Name: "ws-x.pusher.com"},
	} {
		cfg := Config{Key: "k", Cluster: "x", lookup: func(context.Context, string) ([]string, error) { return nil, err }}
		finds(t, cfg, "dns", says, "check --cluster")
		cfg.Host = "h"
		finds(t, cfg, "dns", says, "network")
	}
}

func TestTCP(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	finds(t, Config{Key: "k", Host: l.Addr().String()}, "tcp", "nothing listens at "+l.Addr().String(), "check the port in --host")
}

func TestTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	now := time.Now()
	past, future := now.Add(-100*time.Hour), now.Add(1000*time.Hour)
	plain := start(t, nil)
	to, err := url.Parse("http://" + plain.Host)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		cert         tls.Certificate
		known        bool
		text, advice string
	}{
		"good":              {a.sign(t, "127.0.0.1", past, future), true, "", ""},
		"soon over":         {a.sign(t, "127.0.0.1", past, now.Add(24*time.Hour)), true, "", ""},
		"unknown authority": {a.sign(t, "127.0.0.1", past, future), false, "an authority that this machine does not know", "public authority"},
		"expired":           {a.sign(t, "127.0.0.1", past, now.Add(-time.Hour)), true, "has expired on " + now.Add(-time.Hour).Format(time.DateOnly), "renew"},
		"not yet":           {a.sign(t, "127.0.0.1", now.Add(time.Hour), future), true, "valid only from", "set this machine's clock"},
		"another host":      {a.sign(t, "other.example", past, future), true, "is for other.example, not for 127.0.0.1", "made out to"},
	} {
		server := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(to))
		server.TLS = &tls.Config{Certificates: []tls.Certificate{tt.cert}, MinVersion: tls.VersionTLS12}
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		cfg := plain
		cfg.Host, cfg.Plaintext, cfg.Endpoint = server.Listener.Addr().String(), false, ""
		cfg.TLS = &tls.Config{RootCAs: newAuthority(t).trust().RootCAs, MinVersion: tls.VersionTLS12}
		if tt.known {
			cfg.TLS = a.trust()
		}
		if tt.text != "" {
			finds(t, cfg, "tls", tt.text, tt.advice)
		} else {
			results, failures, _ := steps(t, cfg)
			if failures != 0 || results["delivery"].Status != OK {
				t.Errorf("%s: %+v", name, results)
			}
			if got := results["tls"].Text; strings.Contains(got, "renew it") != (name == "soon over") || !strings.Contains(got, "TLS 1.3, certificate valid until") {
				t.Errorf("%s: %s", name, got)
			}
		}
		if name == "good" {
			cfg.Plaintext = true
			finds(t, cfg, "upgrade", "the port is one for TLS", "leave --plaintext out")
		}
		server.Close()
	}
	plain.Plaintext = false
	finds(t, plain, "tls", "does not speak TLS", "add --plaintext")
}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		address      string
		text, advice string
	}{
		"a proxy that passes no upgrade on": {answering(t, 400, "Bad Request", "Server", "nginx/1.27"), "is 400 (nginx/1.27)", "the header fields Upgrade and Connection"},
		"an old proxy":                      {answering(t, 426, ""), "is 426", "HTTP/1.1"},
		"another web server":                {answering(t, 404, "<html>"), "no Pusher server at this path", "check host and port"},
		"a page":                            {answering(t, 200, "<html>"), "is 200", "a proxy in between"},
		"a login page":                      {answering(t, 302, "", "Location", "http://login.example/"), "is 302, a redirection", "a login page"},
		"only with TLS":                     {answering(t, 301, "", "Location", "https://x.example/"), "a redirection to TLS", "leave --plaintext out"},
		"a proxy without a server":          {answering(t, 502, "", "Via", "1.1 edge"), "is 502 (1.1 edge)", "is it running?"},
		"a proxy with a login":              {answering(t, 407, ""), "is 407", "wants a login"},
		"a firewall":                        {answering(t, 403, ""), "is 403", "keeps us out"},
		"a broken server":                   {answering(t, 500, ""), "is 500", "log"},
		"too many":                          {answering(t, 429, ""), "is 429", "later"},
		"no web server":                     {"http://" + saying(t, "220 mail ESMTP\r\n"), "does not answer like a web server", "check host and port"},
		"nothing at all":                    {"http://" + saying(t, ""), "has ended the connection", "leave --plaintext out"},
		"an answer to somebody else":        {"http://" + saying(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"), "not the one to our question", "from a cache"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			finds(t, Config{Key: "k", Host: host(tt.address), Plaintext: true}, "upgrade", tt.text, tt.advice)
		})
	}
}

// saying is a server that says something to everybody, and ends.
func saying(t *testing.T, text string) (address string) {
	t.Helper()
	return listening(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096)) // else it resets the connection
		_, _ = conn.Write([]byte(text))
	})
}

// listening is a server that does something with each connection.
func listening(t *testing.T, do func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			do(conn)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func TestSilentServer(t *testing.T) {
	t.Parallel()
	address := listening(t, func(conn net.Conn) {
		for {
			if _, err := conn.Read(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	r := &run{Config: Config{Key: "k", Host: address, Plaintext: true}}
	defer r.close()
	for _, do := range []func(context.Context) outcome{r.dns, r.tcp} {
		if out := do(t.Context()); out.status == Failed {
			t.Fatalf("%+v", out)
		}
	}
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if out := r.upgrade(short); out.status != Failed || !strings.Contains(out.text, "does not answer") || !strings.Contains(out.advice, "check the port") {
		t.Errorf("%+v", out)
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change       func(*broker.App)
		key          string
		text, advice string
	}{
		"unknown":    {nil, "other", "4001", "check --key"},
		"disabled":   {func(a *broker.App) { a.Disabled = true }, appKey, "4003", "enable it"},
		"TLS only":   {func(a *broker.App) { a.TLSOnly = true }, appKey, "4000", "leave --plaintext out"},
		"over quota": {func(a *broker.App) { a.MaxConnections = 1 }, appKey, "4004", "raise its limit"},
	} {
		cfg := start(t, tt.change)
		cfg.Key = tt.key
		if name == "over quota" {
			first := &run{Config: cfg, results: map[string]Status{}, report: func(Result) {}}
			for _, do := range []func(context.Context) outcome{first.dns, first.tcp, first.upgrade, first.hello} {
				if out := do(t.Context()); out.status == Failed {
					t.Fatalf("%+v", out)
				}
			}
			defer first.close()
		}
		finds(t, cfg, "key", tt.text, tt.advice)
		if _, _, refused := steps(t, cfg); !refused {
			t.Errorf("%s is the server's no", name)
		}
	}
	for code, advice := range map[int]string{4005: "path", 4007: "version 7", 4009: "origins", 4100: "later", 4321: "log"} {
		if out := (&run{}).explainCode(code, "why"); !strings.Contains(out.text, "why") || !strings.Contains(out.advice, advice) || !out.refused {
			t.Errorf("%d: %+v", code, out)
		}
	}
	if out := (&run{}).explainCode(4001, "App key k not in this cluster. Did you forget to specify the cluster?"); !strings.Contains(out.advice, "another cluster") {
		t.Errorf("another cluster: %+v", out)
	}
}

func TestAPI(t *testing.T) {
	t.Parallel()
	good := start(t, nil)
	for name, tt := range map[string]struct {
		change       func(*Config)
		text, advice string
	}{
		"another secret":  {func(c *Config) { c.Secret = "another-secret" }, "401: the signature does not match", "check --secret"},
		"another id":      {func(c *Config) { c.AppID = "x" }, "404: there is no application", "check --app-id"},
		"another key":     {func(c *Config) { c.Key = "x" }, "401", "--app-id and --key belong together"},
		"nobody there":    {func(c *Config) { c.Host = "127.0.0.1:1" }, "not reached: nothing listens", "check the port"},
		"something else":  {func(c *Config) { c.Host = host(answering(t, 200, "<html>")) }, "something else", "a proxy must send /apps/"},
		"old requests":    {func(c *Config) { c.Host = host(answering(t, 401, "Timestamp expired: not within 600s")) }, "too old", "set this machine's clock"},
		"another cluster": {func(c *Config) { c.Host = host(answering(t, 400, "app 3 is not in this cluster")) }, "in another cluster", "--cluster"},
		"disabled":        {func(c *Config) { c.Host = host(answering(t, 403, "")) }, "disabled, or over its quota", "dashboard"},
		"too many":        {func(c *Config) { c.Host = host(answering(t, 429, "")) }, "429", "later"},
		"broken":          {func(c *Config) { c.Host = host(answering(t, 503, "")) }, "503", "later"},
		"moved":           {func(c *Config) { c.Host = host(answering(t, 301, "", "Location", "/x")) }, "redirection", "not followed"},
		"odd":             {func(c *Config) { c.Host = host(answering(t, 418, appSecret)) }, "418", "log"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			tt.change(&cfg)
			finds(t, cfg, "api", tt.text, tt.advice)
		})
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	dated := func(off time.Duration) Config {
		date := time.Now().Add(off).UTC().Format(http.TimeFormat)
		return Config{Key: "k", AppID: "1", Secret: appSecret, Plaintext: true, Host: host(answering(t, 401, "Invalid signature", "Date", date))}
	}
	finds(t, dated(time.Hour), "clock", " behind the server's, and signed requests are valid for 600 s", "set this machine's clock")
	finds(t, dated(time.Hour), "api", "too old, or as made in the future", "set this machine's clock")
	finds(t, dated(-time.Hour), "clock", " ahead of the server's, and signed requests are valid for 600 s", "set this machine's clock")
	results, _, _ := steps(t, dated(0))
	if r := results["clock"]; r.Status != OK {
		t.Errorf("the same time: %+v", r)
	}
	results, _, _ = steps(t, Config{Key: "k", Host: "127.0.0.1:1"})
	if r := results["clock"]; r.Status != Skipped || !strings.Contains(r.Text, "says no time: nothing listens") {
		t.Errorf("nobody there: %+v", r)
	}
}

// TestSkew has the differences that a test with a clock that goes on cannot
// have exactly.
func TestSkew(t *testing.T) {
	t.Parallel()
	for skew, want := range map[time.Duration]outcome{
		0:                 good("this machine's clock agrees with the server's"),
		-aware:            good("this machine's clock agrees with the server's"),
		2 * time.Minute:   good("this machine's clock is 2m0s behind the server's; signed requests are valid up to 600 s"),
		-10 * time.Minute: good("this machine's clock is 10m0s ahead of the server's; signed requests are valid up to 600 s"),
		-11 * time.Minute: failed("this machine's clock is 11m0s ahead of the server's, and signed requests are valid for 600 s", "set this machine's clock, or the server's"),
		time.Hour:         failed("this machine's clock is 1h0m0s behind the server's, and signed requests are valid for 600 s", "set this machine's clock, or the server's"),
	} {
		if got := (&run{skew: skew}).judgeClock(); got != want {
			t.Errorf("%v: %+v, want %+v", skew, got, want)
		}
	}
}

func TestEndpoint(t *testing.T) {
	t.Parallel()
	good := start(t, nil)
	token := func(body string) string { return answering(t, 200, body) }
	const signature = ":58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
	for name, tt := range map[string]struct {
		endpoint, channel string
		text, advice      string
	}{
		"nobody there":        {"http://127.0.0.1:1/auth", "private-a", "not reached: nothing listens", "check --auth-endpoint"},
		"no TLS there":        {strings.Replace(token("{}"), "http", "https", 1), "private-a", "does not speak TLS", "write http://"},
		"a page":              {answering(t, 200, "<html>log in</html>"), "private-a", "not JSON but, as it seems, a page", "--auth-header is missing"},
		"401":                 {answering(t, 401, ""), "private-a", "answers 401", "--auth-header"},
		"403":                 {answering(t, 403, `{"error":"no"}`), "private-a", "answers 403: it does not let us join", "--channel"},
		"moved":               {answering(t, 302, "", "Location", "/login"), "private-a", "answers 302, a redirection", "login"},
		"nothing there":       {answering(t, 404, ""), "private-a", "answers 404", "check --auth-endpoint"},
		"broken":              {answering(t, 500, "<html>"), "private-a", "answers 500", "its log"},
		"no token":            {token(`{}`), "private-a", "cannot be used", `"KEY:SIGNATURE"`},
		"another key":         {token(`{"auth":"other` + signature + `"}`), "private-a", `signs for the key "other", not for "app-key"`, "give the endpoint the key"},
		"another secret":      {endpoint(t, appKey, "another-secret"), "private-a", "does not match the application's secret", "the secret that belongs to this key"},
		"no member":           {token(`{"auth":"app-key` + signature + `"}`), "presence-a", "", ""},
		"no shared secret":    {token(`{"auth":"app-key` + signature + `"}`), "private-encrypted-a", "", ""},
		"half a shared one":   {token(`{"auth":"app-key` + signature + `","shared_secret":"YWJj"}`), "private-encrypted-a", "cannot be used: ", "a yes is"},
		"a member without id": {token(`{"auth":"app-key` + signature + `","channel_data":"{}"}`), "presence-a", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			cfg.Endpoint, cfg.Channels = tt.endpoint, []string{tt.channel}
			switch name { // whose signature is none: seen only without the secret
			case "no member":
				cfg.Secret, tt.text, tt.advice = "", "has no channel_data", "user_id"
			case "a member without id":
				cfg.Secret, tt.text, tt.advice = "", "not a text of JSON with a user_id", "looks like"
			case "no shared secret":
				cfg.Secret, tt.text, tt.advice = "", "has no shared_secret", "master key"
			}
			finds(t, cfg, "authorization "+tt.channel, tt.text, tt.advice)
		})
	}
	cfg := good
	cfg.Header = map[string]string{"Authorization": "Bearer nobody"}
	finds(t, cfg, "authorization private-thimble-check", "answers 403", "--auth-header")
	cfg = good
	cfg.Endpoint, cfg.Secret, cfg.Channels = "", "", []string{"private-a"}
	finds(t, cfg, "authorization private-a", "nobody can authorize", "add --auth-endpoint")
	cfg = good
	cfg.Endpoint, cfg.MasterKey, cfg.Channels = "", nil, []string{"private-encrypted-a"}
	finds(t, cfg, "authorization private-encrypted-a", "need their master key", "--master-key")
}

// Without the secret at hand, it is the server that notices a wrong signature.
func TestSubscriptionRefused(t *testing.T) {
	t.Parallel()
	cfg := start(t, nil)
	cfg.Secret, cfg.Endpoint = "", endpoint(t, appKey, "another-secret")
	finds(t, cfg, "subscription private-thimble-check", "its signature does not match", "another secret than the server")
}

func TestClientEventsAreOff(t *testing.T) {
	t.Parallel()
	cfg := start(t, func(a *broker.App) { a.ClientEvents = false })
	results, failures, _ := steps(t, cfg)
	if r := results["client-events"]; failures != 0 || r.Status != Skipped || !strings.Contains(r.Text, "not enabled for this app") {
		t.Errorf("not asked for: %+v", results)
	}
	cfg.ClientEvents = true
	finds(t, cfg, "client-events", "not enabled for this app", "in the dashboard, or in the server's settings")
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	count := 0
	failures, _ := Run(ctx, start(t, nil), func(Result) {
		if count++; count == 3 {
			cancel()
		}
	})
	if count != 3 || failures != 0 {
		t.Errorf("%d steps, %d failures after Ctrl-C", count, failures)
	}
}

func TestExplainKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	if text, advice := explain(errors.New("something odd")); text != "something odd" || advice == "" {
		t.Errorf("%q, %q", text, advice)
	}
}

// Whatever the server says first, it is told in a line.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"event":"pusher:error","data":{"code":4001,"message":"no"}}`))
	f.Add([]byte(`{"event":"pusher:subscription_error","data":"{\"error\":\"no\",\"status\":401}"}`))
	f.Add([]byte(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.2\"}"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parse(text)
		if (err == nil) != (m.event != "") {
			t.Errorf("%q: %+v, %v", text, m, err)
		}
	})
}
