package thimble_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

var request = thimble.AuthRequest{SocketID: "12.34", Channel: "presence-a"}

// endpoint is an authorization endpoint.
func endpoint(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func TestEndpointAsks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		endpoint thimble.Endpoint
		body     string
		header   map[string]string
	}{
		{
			"form", thimble.Endpoint{},
			"socket_id=12.34&channel_name=presence-a",
			map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
		},
		{
			"JSON", thimble.Endpoint{JSON: true},
			`{"socket_id":"12.34","channel_name":"presence-a"}`,
			map[string]string{"Content-Type": "application/json"},
		},
		{
			"headers and params", thimble.Endpoint{
				Header: map[string]string{"Authorization": "Bearer s3cret", "X-One": "1", "accept": "text/json"},
				Params: map[string]string{"a b": "c&d=ü", "socket_id": "9.9", "channel_name": "other"},
			},
			"socket_id=12.34&channel_name=presence-a&a+b=c%26d%3D%C3%BC",
			map[string]string{"Authorization": "Bearer s3cret", "X-One": "1", "Accept": "text/json"},
		},
		{
			"params as JSON", thimble.Endpoint{JSON: true, Params: map[string]string{`q"`: "line\nbreak"}},
			`{"socket_id":"12.34","channel_name":"presence-a","q\"":"line\nbreak"}`,
			map[string]string{"Content-Type": "application/json"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != "POST" || string(body) != test.body {
					t.Errorf("%s %s", r.Method, body)
				}
				for name, want := range test.header {
					if got := r.Header.Values(name); len(got) != 1 || got[0] != want {
						t.Errorf("%s: %q", name, got)
					}
				}
				if r.URL.RequestURI() != "/auth?app=7" {
					t.Errorf("asked for %s", r.URL.RequestURI())
				}
				_, _ = io.WriteString(w, `{"auth":"key:sig"}`)
			})
			e := test.endpoint
			e.URL = server.URL + "/auth?app=7"
			if token, err := e.Authorize(context.Background(), request); err != nil || token.Auth != "key:sig" {
				t.Errorf("got %v, %v", token, err)
			}
		})
	}
}

func TestEndpointAnswers(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	html := "<html><body>" + strings.Repeat("login ", 100) + "</body></html>"
	for _, test := range []struct {
		name      string
		status    int
		body      string
		want      thimble.Token
		fails     string // part of the error's text
		permanent bool
	}{
		{name: "200", status: 200, body: `{"auth":"key:sig"}`, want: thimble.Token{Auth: "key:sig"}},
		{name: "201", status: 201, body: `{"auth":"key:sig"}`, want: thimble.Token{Auth: "key:sig"}},
		{name: "channel_data", status: 200, body: ` {"channel_data":"{\"user_id\":\"1\"}","auth":"key:sig","more":[1,{}]} `, want: thimble.Token{Auth: "key:sig", ChannelData: `{"user_id":"1"}`}},
		{name: "channel_data null", status: 200, body: `{"auth":"key:sig","channel_data":null}`, want: thimble.Token{Auth: "key:sig"}},
		{name: "HTML", status: 200, body: html, fails: "not a JSON object; check"},
		{name: "empty", status: 200, body: "", fails: "not a JSON object"},
		{name: "{}", status: 200, body: "{}", fails: "no auth token"},
		{name: "an array", status: 200, body: `["auth","key:sig"]`, fails: "not a JSON object"},
		{name: "auth without a colon", status: 200, body: `{"auth":"` + secret + `"}`, fails: "KEY:SIGNATURE"},
		{name: "auth without a key", status: 200, body: `{"auth":":sig"}`, fails: "KEY:SIGNATURE"},
		{name: "auth without a signature", status: 200, body: `{"auth":"key:"}`, fails: "KEY:SIGNATURE"},
		{name: "auth an array", status: 200, body: `{"auth":["key:sig"]}`, fails: "no auth token"},
		{name: "auth a number", status: 200, body: `{"auth":5}`, fails: "no auth token"},
		{name: "auth empty", status: 200, body: `{"auth":""}`, fails: "no auth token"},
		{name: "channel_data an object", status: 200, body: `{"auth":"key:` + secret + `","channel_data":{"user_id":"1"}}`, fails: "not a string"},
		{name: "not UTF-8", status: 200, body: "{\"auth\":\"key:\xff\"}", fails: "not a JSON object"},
		{name: "huge", status: 200, body: `{"auth":"key:sig","x":"` + strings.Repeat("x", 70<<10) + `"}`, fails: "larger than"},
		{name: "500", status: 500, body: html, fails: "status 500"},
		{name: "503 with a text", status: 503, body: "be right back", fails: "status 503: be right back"},
		{name: "429", status: 429, body: "", fails: "status 429"},
		{name: "403", status: 403, body: "Forbidden\n", fails: "status 403: Forbidden"},
		{name: "401 as JSON", status: 401, body: `{"error":"who are you?"}`, fails: "status 401: who are you?"},
		{name: "403 that would break the log", status: 403, body: `{"message":"x\nFAKE LINE"}`, fails: "status 403"},
		{name: "401 without a text", status: 401, body: html, fails: "status 401; check the headers"},
		{name: "302", status: 302, body: html, fails: "redirections are not followed", permanent: true},
		{name: "404 with a text", status: 404, body: "no such page\n", fails: "status 404: no such page; check the URL", permanent: true},
		{name: "403 as a short page", status: 403, body: "<p>no</p>", fails: "status 403"},
		{name: "403 with colours", status: 403, body: "n\x1b[31mo", fails: "status 403"},
		{name: "403 with a long text", status: 403, body: strings.Repeat("no ", 100), fails: "status 403"},
		{name: "404", status: 404, body: html, fails: "check the URL", permanent: true},
		{name: "405", status: 405, body: "", fails: "check the URL", permanent: true},
		{name: "204", status: 204, body: "", fails: "status 204"},
		{name: "300", status: 300, body: "", fails: "redirection", permanent: true},
		{name: "400", status: 400, body: `{"error":"what?"}`, fails: "status 400: what?", permanent: true},
		{name: "408", status: 408, body: "", fails: "status 408"},
		{name: "422", status: 422, body: "", fails: "status 422", permanent: true},
		{name: "425", status: 425, body: "", fails: "status 425"},
		{name: "499", status: 499, body: "", fails: "status 499", permanent: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			e := thimble.Endpoint{
				URL:    server.URL + "/auth?api_key=" + secret,
				Header: map[string]string{"Authorization": "Bearer " + secret},
				Params: map[string]string{"csrf": secret},
			}
			token, err := e.Authorize(context.Background(), request)
			if !reflect.DeepEqual(token, test.want) {
				t.Errorf("got %+v", token)
			}
			if test.fails == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var auth *thimble.AuthError
			if !errors.As(err, &auth) {
				t.Fatalf("got %v", err)
			}
			status := test.status
			if test.name == "huge" {
				status = 0
			}
			if auth.Status != status || auth.Permanent != test.permanent {
				t.Errorf("got %+v", auth)
			}
			text := err.Error()
			if !strings.Contains(text, test.fails) || strings.Contains(text, secret) || strings.ContainsAny(text, "\n<\x1b") || len(text) > 300 {
				t.Errorf("the text is %q", text)
			}
			if test.name != "huge" && !strings.Contains(text, server.URL+"/auth") {
				t.Errorf("%q does not say who answered", text)
			}
			var answered *thimble.StatusError
			if errors.As(err, &answered) != (test.status > 201) {
				t.Errorf("%#v", err)
			}
		})
	}
}

func TestEndpointRedirects(t *testing.T) {
	t.Parallel()
	followed := false
	server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			followed = true
		}
		http.Redirect(w, r, "/login", http.StatusFound)
	})
	_, err := thimble.Endpoint{URL: server.URL}.Authorize(context.Background(), request)
	var auth *thimble.AuthError
	if !errors.As(err, &auth) || auth.Status != 302 || !auth.Permanent || followed || !strings.Contains(err.Error(), "redirection") {
		t.Errorf("followed %v, %v", followed, err)
	}
}

// TestEndpointSwitchesProtocols asks a WebSocket server: what follows its answer
// has no end.
func TestEndpointSwitchesProtocols(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	go func() {
		conn := f.tcp()
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	}()
	result := make(chan error, 1)
	go func() {
		_, err := thimble.Endpoint{URL: "http://" + f.host()}.Authorize(context.Background(), request)
		result <- err
	}()
	if err := waitFor(t, "the answer", result); err == nil || !strings.Contains(err.Error(), "status 101; check the URL") {
		t.Errorf("got %v", err)
	}
}

func TestEndpointDown(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	ln.Close()
	_, err = thimble.Endpoint{URL: "http://" + address + "/auth?api_key=s3cret"}.Authorize(context.Background(), request)
	var auth *thimble.AuthError
	if !errors.As(err, &auth) || auth.Status != 0 || auth.Permanent {
		t.Errorf("got %+v", err)
	}
	if text := err.Error(); strings.Contains(text, "s3cret") || !strings.Contains(text, address) || !advised(text, "check Endpoint.URL") {
		t.Errorf("the text is %q", text)
	}
}

func TestEndpointHangsUp(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "SSH-2.0\r\n"} {
		f := newFake(t)
		go func() {
			conn := f.tcp()
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, answer)
			conn.Close()
		}()
		if _, err := (thimble.Endpoint{URL: "http://" + f.host()}).Authorize(context.Background(), request); err == nil {
			t.Errorf("%q is a token", answer)
		}
	}
}

func TestEndpointURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "example.com/auth", "ftp://example.com", "http://", "http://user:s3cret@example.com/", "http://a b/?s3cret", "/pusher/auth"} {
		_, err := thimble.Endpoint{URL: url}.Authorize(context.Background(), request)
		var auth *thimble.AuthError
		if !errors.As(err, &auth) || !auth.Permanent || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestEndpointEnds checks that an endpoint that does not answer is not waited
// for: until AuthTimeout, or until nobody wants the answer.
func TestEndpointEnds(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := endpoint(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	t.Cleanup(func() { close(release) }) // before the server is closed
	f := newFake(t)
	cfg := f.config()
	cfg.Authorizer = thimble.Endpoint{URL: server.URL}
	cfg.AuthTimeout = 100 * time.Millisecond
	client := newClient(t, cfg)
	failed := events(client.Subscribe("private-a").Bind, thimble.EventSubscriptionError)
	run(t, client)
	f.accept("1.1")
	if err := waitFor(t, "the failure", failed).Err; !strings.Contains(err.Error(), "AuthTimeout") {
		t.Errorf("got %v", err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	begin := time.Now()
	if _, err := (thimble.Endpoint{URL: server.URL}).Authorize(ctx, request); err == nil || time.Since(begin) > patience/2 {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}

// TestEndpointEndToEnd checks what goes on to the server: the token, what was
// signed, and never the shared secret.
func TestEndpointEndToEnd(t *testing.T) {
	t.Parallel()
	server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{ "auth":"key:`+r.FormValue("socket_id")+`", "shared_secret":"c2VjcmV0", "channel_data":"{\"user_id\":\"1\"}" }`)
	})
	f := newFake(t)
	cfg := f.eager()
	cfg.Authorizer = thimble.Endpoint{URL: server.URL}
	client := newClient(t, cfg)
	client.Subscribe("private-a")
	run(t, client)
	for _, id := range []string{"1.1", "2.2"} {
		p := f.accept(id)
		p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:` + id + `","channel_data":"{\"user_id\":\"1\"}"}}`)
		p.conn.Close()
	}
}
