package broker_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/transcript"
	"github.com/thimble-go/thimble/server/broker"
	"github.com/thimble-go/thimble/server/internal/apiauth"
)

// request is one of the HTTP API, signed as official libraries do.
type request struct {
	method, path string
	query        url.Values
	body         string
	secret       string        // appSecret if empty
	key          string        // appKey if empty
	skew         time.Duration // of the sender's clock
	change       func(*http.Request)
	answered     func(http.Header)
}

// do sends it, and returns status and body of the answer.
func (q request) do(t *testing.T, address string) (int, string) {
	t.Helper()
	secret, key := q.secret, q.key
	if secret == "" {
		secret = appSecret
	}
	if key == "" {
		key = appKey
	}
	query := apiauth.Sign(key, secret, q.method, q.path, q.query, []byte(q.body), time.Now().Add(q.skew))
	u := url.URL{Scheme: "http", Host: address, Path: q.path, RawQuery: query.Encode()}
	r, err := http.NewRequestWithContext(t.Context(), q.method, u.String(), strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	if q.change != nil {
		q.change(r)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if q.answered != nil {
		q.answered(response.Header)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if kind := response.Header.Get("Content-Type"); response.StatusCode == 200 && kind != "application/json" {
		t.Errorf("Content-Type is %s", kind)
	}
	return response.StatusCode, strings.TrimSpace(string(body))
}

// occupy connects clients for the queries: two on room, and on presence-room
// two connections of user 1 and one of user 2.
func occupy(t *testing.T, address string) {
	for range 2 {
		connect(t, address).subscribe("room")
	}
	var first *raw
	for _, user := range []string{"1", "1", "2"} {
		c := connect(t, address)
		c.authorized("presence-room", `{"user_id":"`+user+`"}`)
		if first == nil {
			first = c
		}
	}
	if text := first.text(); !strings.Contains(text, "member_added") {
		t.Fatal(text)
	}
}

func TestAPIAnswers(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{})
	occupy(t, address)
	if err := b.Publish(t.Context(), "1", broker.Event{Name: "x", Channels: []string{"cache-kept"}, Data: "last"}); err != nil {
		t.Fatal(err)
	}
	many := func(n int) string {
		channels := make([]string, n)
		for i := range channels {
			channels[i] = "c" + string(rune('a'+i%26))
		}
		b, _ := json.Marshal(channels)
		return string(b)
	}
	batch := func(n int) string {
		return `{"batch":[` + strings.TrimSuffix(strings.Repeat(`{"name":"x","channel":"c","data":""},`, n), ",") + `]}`
	}
	const events, batches, channels = "/apps/1/events", "/apps/1/batch_events", "/apps/1/channels"
	tests := []struct {
		name, method, path, query, body string
		status                          int
		want                            string // JSON if the status is 200, a part of the text otherwise
	}{
		{"event", "POST", events, "", `{"name":"x","channels":["c"],"data":"{}"}`, 200, `{}`},
		{"event, one channel", "POST", events, "", `{"name":"x","channel":"c","data":"{}"}`, 200, `{}`},
		{"event, unknown fields", "POST", events, "", `{"name":"x","channel":"c","data":"{}","tags":{"a":1}}`, 200, `{}`},
		{"event for a user", "POST", events, "", `{"name":"x","channel":"#server-to-user-7","data":"{}"}`, 200, `{}`},
		{"event, 100 channels", "POST", events, "", `{"name":"x","channels":` + many(100) + `,"data":""}`, 200, `{}`},
		{"event, 101 channels", "POST", events, "", `{"name":"x","channels":` + many(101) + `,"data":""}`, 400, "101 channels, 100 are allowed"},
		{"event, no channel", "POST", events, "", `{"name":"x","data":""}`, 400, "no channel"},
		{"event, empty channels", "POST", events, "", `{"name":"x","channels":[],"data":""}`, 400, "no channel"},
		{"event, bad channel", "POST", events, "", `{"name":"x","channel":"two words","data":""}`, 400, "two words"},
		{"event, other user channel", "POST", events, "", `{"name":"x","channel":"#room","data":""}`, 400, "#room"},
		{"event, no name", "POST", events, "", `{"channel":"c","data":""}`, 400, "no name"},
		{"event, longest name", "POST", events, "", `{"name":"` + strings.Repeat("x", 200) + `","channel":"c","data":""}`, 200, `{}`},
		{"event, name too long", "POST", events, "", `{"name":"` + strings.Repeat("x", 201) + `","channel":"c","data":""}`, 400, "201 characters"},
		{"event, no data", "POST", events, "", `{"name":"x","channel":"c"}`, 400, "no data"},
		{"event, data is an object", "POST", events, "", `{"name":"x","channel":"c","data":{}}`, 400, "string"},
		{"event, largest data", "POST", events, "", `{"name":"x","channel":"c","data":"` + strings.Repeat("x", 10240) + `"}`, 200, `{}`},
		{"event, data too large", "POST", events, "", `{"name":"x","channel":"c","data":"` + strings.Repeat("x", 10241) + `"}`, 413, "event data too large: the data has 10241 bytes, 10240 are allowed; raise MaxEventData, max_event_data in the settings"},
		{"event, body too large", "POST", events, "", strings.Repeat(" ", 200_000), 413, "Request body too large: 94208 bytes are allowed; raise MaxEventData, max_event_data in the settings"},
		{"event, all but the data in the query", "POST", events, "name=x&channels[]=room&channels[]=presence-room&socket_id=1.2&info=user_count,subscription_count", `{"data":""}`, 200,
			`{"channels":{"presence-room":{"user_count":2},"room":{"subscription_count":2}}}`},
		{"event, one channel in the query", "POST", events, "channel=a,b&info=subscription_count", `{"name":"x","data":""}`, 200, `{"channels":{"a,b":{"subscription_count":0}}}`},
		{"event, the body wins", "POST", events, "name=" + strings.Repeat("x", 201) + "&channels=c,d&socket_id=x&info=user_count", `{"name":"x","channel":"room","data":"","socket_id":"1.2","info":"subscription_count"}`, 200, `{"channels":{"room":{"subscription_count":2}}}`},
		{"event, bad socket id in the query", "POST", events, "socket_id=x", `{"name":"x","channel":"c","data":""}`, 400, "socket_id"},
		{"event, info that does not exist", "POST", events, "", `{"name":"x","channel":"room","data":"","info":"bogus"}`, 200, `{"channels":{"room":{}}}`},
		{"event, bad socket id", "POST", events, "", `{"name":"x","channel":"c","data":"","socket_id":"x"}`, 400, "socket_id"},
		{"event, not JSON", "POST", events, "", `{"name":`, 400, "Invalid body"},
		{"event, not UTF-8", "POST", events, "", "{\"name\":\"x\",\"channel\":\"c\",\"data\":\"\xff\"}", 400, "UTF-8"},
		{"event, info", "POST", events, "", `{"name":"x","channels":["presence-room","room","nobody"],"data":"","info":"user_count,subscription_count"}`, 200,
			`{"channels":{"presence-room":{"user_count":2},"room":{"subscription_count":2},"nobody":{"subscription_count":0}}}`},
		{"event, info that the channel does not have", "POST", events, "", `{"name":"x","channel":"room","data":"","info":"user_count"}`, 200, `{"channels":{"room":{}}}`},
		{"event with GET", "GET", events, "", "", 405, "use POST"},

		{"batch", "POST", batches, "", batch(10), 200, `{}`},
		{"batch, empty", "POST", batches, "", `{"batch":[]}`, 200, `{}`},
		{"batch of 11", "POST", batches, "", batch(11), 400, "11 events, 10 are allowed"},
		{"batch, none", "POST", batches, "", `{}`, 400, "batch"},
		{"batch, info", "POST", batches, "", `{"batch":[{"name":"x","channel":"presence-room","data":"","info":"user_count"},{"name":"x","channel":"room","data":""}]}`, 200,
			`{"batch":[{"user_count":2},{}]}`},
		{"batch, several channels", "POST", batches, "", `{"batch":[{"name":"x","channels":["a"],"data":""}]}`, 400, "one channel"},
		{"batch, data too large", "POST", batches, "", `{"batch":[{"name":"x","channel":"c","data":"` + strings.Repeat("x", 10241) + `"}]}`, 413, "event 0 of the batch: event data too large: the data has 10241 bytes, 10240 are allowed; raise MaxEventData, max_event_data in the settings"},
		{"batch, no name", "POST", batches, "", `{"batch":[{"name":"x","channel":"c","data":""},{"channel":"c","data":""}]}`, 400, "event 1 of the batch: invalid event: it has no name"},

		{"channels", "GET", channels, "", "", 200, `{"channels":{"presence-room":{},"room":{}}}`},
		{"channels by prefix", "GET", channels, "filter_by_prefix=presence-&info=user_count", "", 200, `{"channels":{"presence-room":{"user_count":2}}}`},
		{"channels, none", "GET", channels, "filter_by_prefix=x", "", 200, `{"channels":{}}`},
		{"channels, subscription_count", "GET", channels, "filter_by_prefix=ro&info=subscription_count", "", 200, `{"channels":{"room":{"subscription_count":2}}}`},
		{"channels, user_count without prefix", "GET", channels, "info=user_count", "", 400, "filter_by_prefix"},
		{"channels, user_count with another prefix", "GET", channels, "info=user_count&filter_by_prefix=private-", "", 400, "filter_by_prefix"},

		{"channels, info that does not exist", "GET", channels, "info=subscription_count,bogus", "", 400, `Invalid info "bogus": there is user_count, subscription_count`},
		{"channels, cache", "GET", channels, "info=cache", "", 400, `Invalid info "cache"`},

		{"channel", "GET", channels + "/room", "", "", 200, `{"occupied":true}`},
		{"channel, info that does not exist", "GET", channels + "/room", "info=bogus", "", 400, `Invalid info "bogus": there is occupied, user_count, subscription_count, cache`},
		{"channel, info with gaps", "GET", channels + "/room", "info=occupied, subscription_count,", "", 200, `{"occupied":true,"subscription_count":2}`},
		{"channel, info", "GET", channels + "/presence-room", "info=user_count,subscription_count", "", 200, `{"occupied":true,"user_count":2,"subscription_count":3}`},
		{"channel, empty", "GET", channels + "/nobody", "", "", 200, `{"occupied":false}`},
		{"channel, user_count of a public one", "GET", channels + "/room", "info=user_count", "", 400, "presence channels"},
		{"channel, cache of another", "GET", channels + "/room", "info=cache", "", 400, "cache channels"},
		{"channel, cache", "GET", channels + "/cache-kept", "info=cache", "", 200, `{"occupied":false,"cache":"*"}`},
		{"channel, empty cache", "GET", channels + "/private-cache-x", "info=cache", "", 200, `{"occupied":false,"cache":null}`},
		{"channel, stats", "GET", channels + "/presence-room/stats", "", "", 200, `{"occupied":true,"user_count":2,"connection_count":3}`},
		{"channel, stats of a public one", "GET", channels + "/room/stats", "", "", 200, `{"occupied":true,"connection_count":2}`},
		{"channel, stats of nobody", "GET", channels + "/nobody/stats", "", "", 200, `{"occupied":false,"connection_count":0}`},
		{"channel, stats, bad name", "GET", channels + "/two words/stats", "", "", 400, "two words"},
		{"channel, event of old libraries", "POST", channels + "/room/events", "name=x", `{"any":"text"}`, 202, "{}"},
		{"channel, event without a name", "POST", channels + "/room/events", "", "text", 400, "no name"},
		{"channel, event that is not UTF-8", "POST", channels + "/room/events", "name=x", "\xff", 400, "UTF-8"},
		{"channel, event that is too large", "POST", channels + "/room/events", "name=x", strings.Repeat("x", 10241), 413, "event data too large: the data has 10241 bytes, 10240 are allowed; raise MaxEventData, max_event_data in the settings"},
		{"channel, bad name", "GET", channels + "/two words", "", "", 400, "two words"},

		{"users, with a body", "GET", channels + "/presence-room/users", "", strings.Repeat(" ", 2000), 413, "Request body too large: 1024 bytes are allowed"},
		{"users", "GET", channels + "/presence-room/users", "", "", 200, `{"users":[{"id":"1"},{"id":"2"}]}`},
		{"users, none", "GET", channels + "/presence-empty/users", "", "", 200, `{"users":[]}`},
		{"users of a public channel", "GET", channels + "/room/users", "", "", 400, "presence channels"},

		{"terminate", "POST", "/apps/1/users/7/terminate_connections", "", "{}", 200, "{}"},
		{"terminate, nobody can be that", "POST", "/apps/1/users/a b/terminate_connections", "", "{}", 400, "user id"},

		{"unknown app", "POST", "/apps/2/events", "", `{"name":"x","channel":"c","data":""}`, 404, `"2"`},
		{"unknown path", "GET", "/apps/1/nothing", "", "", 404, "Not found"},
		{"POST to a query", "POST", channels, "", "", 405, "use GET"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			query, err := url.ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			status, body := request{method: tt.method, path: tt.path, query: query, body: tt.body}.do(t, address)
			if status != tt.status {
				t.Fatalf("got %d: %s", status, body)
			}
			if status == 200 && !transcript.SameJSON(body, tt.want) || status != 200 && !strings.Contains(body, tt.want) {
				t.Errorf("got %s, want %s", body, tt.want)
			}
			if strings.Contains(body, "broker: ") || tt.status == 413 && body != tt.want {
				t.Errorf("got the text %q", body)
			}
		})
	}
}

// TestTerminate ends the connections of a user, over sockets.
func TestTerminate(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{})
	one, other := connect(t, address), connect(t, address)
	one.signIn(`{"id":"1"}`)
	other.signIn(`{"id":"2"}`)
	if status, body := (request{method: "POST", path: "/apps/1/users/1/terminate_connections", body: "{}"}).do(t, address); status != 200 {
		t.Fatalf("got %d: %s", status, body)
	}
	one.closes(4009)
	other.alive()
}

// TestIdempotency sends what was sent before once more.
func TestIdempotency(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{})
	c := connect(t, address)
	c.subscribe("c")
	post := func(key, path, body string, status int) {
		t.Helper()
		q := request{method: "POST", path: path, body: body, change: func(r *http.Request) { r.Header.Set("X-Idempotency-Key", key) }}
		if got, answer := q.do(t, address); got != status {
			t.Fatalf("got %d: %s", got, answer)
		}
	}
	const events, one = "/apps/1/events", `{"name":"x","channel":"c","data":"1"}`
	post("k", events, one, 200)
	c.expect(`{"event":"x","channel":"c","data":"1"}`)
	post("k", events, one, 200)
	post("k", events, `{"name":"x","channel":"c","data":"2"}`, 422)
	post("k", "/apps/1/batch_events", one, 422)
	c.alive() // so nothing was published
	post("bad", events, `{"name":"x"}`, 400)
	post("bad", events, `{"name":"y","channel":"c","data":"1"}`, 200) // an error is no answer
	c.expect(`{"event":"y","channel":"c","data":"1"}`)
	post(strings.Repeat("k", 129), events, one, 400)
	post(strings.Repeat("k", 128), events, one, 200)
	c.expect(`{"event":"x","channel":"c","data":"1"}`)

	// What is asked for in the query belongs to the request; how it is signed does
	// not.
	named := func(name string, skew time.Duration, status int) {
		t.Helper()
		q := request{method: "POST", path: "/apps/1/channels/c/events", query: url.Values{"name": {name}}, body: "1", skew: skew, change: func(r *http.Request) { r.Header.Set("X-Idempotency-Key", "named") }}
		if got, answer := q.do(t, address); got != status {
			t.Fatalf("got %d: %s", got, answer)
		}
	}
	named("one", 0, 202)
	c.expect(`{"event":"one","channel":"c","data":"1"}`)
	named("one", -time.Second, 202)
	named("two", 0, 422)
	c.alive()

	// Of many at once, one is published.
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			q := request{method: "POST", path: events, body: one, change: func(r *http.Request) { r.Header.Set("X-Idempotency-Key", "together") }}
			if got, answer := q.do(t, address); got != 200 {
				t.Errorf("got %d: %s", got, answer)
			}
		})
	}
	all.Wait()
	c.expect(`{"event":"x","channel":"c","data":"1"}`)
	c.alive()
}

func TestAPIAuthentication(t *testing.T) {
	t.Parallel()
	apps := append(oneApp(), broker.App{ID: "2", Key: "key-2", Secret: "secret-2"})
	var log safeBuffer
	b, address := serve(t, broker.Config{Apps: apps, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	witness := connect(t, address)
	witness.subscribe("c")
	good := request{method: "POST", path: "/apps/1/events", body: `{"name":"x","channel":"c","data":"1"}`}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			query := r.URL.Query()
			if query.Set(name, value); value == "" {
				query.Del(name)
			}
			r.URL.RawQuery = query.Encode()
		}
	}
	tests := []struct {
		name   string
		change func(*request)
		says   string
	}{
		{"wrong secret", func(q *request) { q.secret = "wrong" }, "auth_signature"},
		{"another app's key and secret", func(q *request) { q.key, q.secret = "key-2", "secret-2" }, "auth_key"},
		{"another app's secret", func(q *request) { q.secret = "secret-2" }, "auth_signature"},
		{"unknown key", func(q *request) { q.key = "nobody" }, "auth_key"},
		{"stale", func(q *request) { q.skew = -11 * time.Minute }, "auth_timestamp"},
		{"from the future", func(q *request) { q.skew = 11 * time.Minute }, "auth_timestamp"},
		{"no signature", func(q *request) { q.change = set("auth_signature", "") }, "auth_signature"},
		{"no md5", func(q *request) { q.change = set("body_md5", "") }, "body_md5"},
		{"parameter added", func(q *request) { q.change = set("info", "user_count") }, "auth_signature"},
		{"version", func(q *request) { q.change = set("auth_version", "2.0") }, "auth_version"},
		{"another app's path", func(q *request) { q.change = func(r *http.Request) { r.URL.Path = "/apps/2/events" } }, "auth_key"},
		{"body changed", func(q *request) {
			q.change = func(r *http.Request) {
				body := strings.Replace(q.body, "1", "2", 1)
				r.Body = io.NopCloser(strings.NewReader(body))
			}
		}, "body_md5"},
		{"body taken away", func(q *request) {
			q.change = func(r *http.Request) { r.Body, r.ContentLength = http.NoBody, 0 }
		}, "body_md5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := good
			tt.change(&q)
			status, body := q.do(t, address)
			if status != 401 || !strings.Contains(body, tt.says) {
				t.Errorf("got %d: %s", status, body)
			}
			if strings.Contains(body, appSecret) || strings.Contains(body, "secret-2") {
				t.Errorf("the answer shows a secret: %s", body)
			}
		})
	}
	if text := log.String(); !strings.Contains(text, "reason=bad_signature") || strings.Contains(text, appSecret) || strings.Contains(text, "auth_signature=") {
		t.Errorf("logged: %s", text)
	}
	witness.alive() // so nothing was published
	if status, body := good.do(t, address); status != 200 {
		t.Fatalf("got %d: %s", status, body)
	}
	witness.expect(`{"event":"x","channel":"c","data":"1"}`)
	if n := b.Stats().MessagesIn; n != 2 {
		t.Errorf("%d messages in", n)
	}
}

// TestRefusedRequestsDoNotFillTheLog: anybody can make requests with a bad
// signature, as many as they like.
func TestRefusedRequestsDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	var log safeBuffer
	_, address := serve(t, broker.Config{Apps: append(oneApp(), broker.App{ID: "2", Key: "key-2", Secret: "secret-2"}), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for range 100 {
		if status, _ := (request{method: "GET", path: "/apps/1/channels", secret: "wrong"}).do(t, address); status != 401 {
			t.Fatalf("got %d", status)
		}
	}
	// Those of another app are seen all the same.
	request{method: "GET", path: "/apps/2/channels", secret: "wrong"}.do(t, address)
	lines := func(app string) int {
		return strings.Count(log.String(), `msg="refused a request of the HTTP API" app=`+app)
	}
	if one, two := lines("1"), lines("2"); one < 1 || one > 15 || two != 1 {
		t.Errorf("%d and %d lines", one, two)
	}
}

func TestAPIPublishes(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{})
	a, b := connect(t, address), connect(t, address)
	for _, c := range []*raw{a, b} {
		c.subscribe("one")
		c.subscribe("two")
	}
	post := func(path, body string) {
		t.Helper()
		if status, answer := (request{method: "POST", path: path, body: body}).do(t, address); status != 200 {
			t.Fatalf("got %d: %s", status, answer)
		}
	}
	post("/apps/1/events", `{"name":"x","channels":["one","two"],"data":"é\u0001\"","socket_id":"`+a.socketID+`"}`)
	b.expect(`{"event":"x","channel":"one","data":"é\u0001\""}`)
	b.expect(`{"event":"x","channel":"two","data":"é\u0001\""}`)
	post("/apps/1/batch_events", `{"batch":[{"name":"y","channel":"two","data":"1"},{"name":"z","channel":"one","data":"2","socket_id":"`+b.socketID+`"}]}`)
	a.expect(`{"event":"y","channel":"two","data":"1"}`)
	a.expect(`{"event":"z","channel":"one","data":"2"}`)
	b.expect(`{"event":"y","channel":"two","data":"1"}`)

	// A channel that is named twice is one.
	post("/apps/1/events", `{"name":"x","channels":["one","two","one"],"data":"3"}`)
	for _, c := range []*raw{a, b} {
		c.expect(`{"event":"x","channel":"one","data":"3"}`)
		c.expect(`{"event":"x","channel":"two","data":"3"}`)
	}

	// A batch with one bad event publishes none.
	status, _ := request{method: "POST", path: "/apps/1/batch_events", body: `{"batch":[{"name":"y","channel":"two","data":"1"},{"name":"","channel":"one","data":"2"}]}`}.do(t, address)
	if status != 400 {
		t.Errorf("got %d", status)
	}
	a.alive()
	b.alive()
}

// Two applications never hear each other, though their channels have the same
// names.
func TestAppsAreApart(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{Apps: append(oneApp(), broker.App{ID: "2", Key: "key-2", Secret: "secret-2"})})
	one := connect(t, address)
	two := dial(t, address, "/app/key-2?protocol=7")
	two.welcome()
	one.subscribe("room")
	two.subscribe("room")
	if err := b.Publish(t.Context(), "2", broker.Event{Name: "x", Channels: []string{"room"}, Data: ""}); err != nil {
		t.Fatal(err)
	}
	two.expect(`{"event":"x","channel":"room","data":""}`)
	one.alive()
	if s := b.Stats(); s.Connections != 2 || s.Channels != 2 {
		t.Errorf("got %+v", s)
	}
}

func TestOtherPaths(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{})
	tests := []struct {
		method, path string
		status       int
		field, value string
		says         string
	}{
		{"GET", "/", 200, "", "", "Thimble"},
		{"HEAD", "/", 200, "", "", ""},
		{"GET", "/healthz", 200, "", "", "ok"},
		{"HEAD", "/healthz", 200, "", "", ""},
		{"OPTIONS", "/apps/1/events", 204, "Allow", "POST, OPTIONS", ""},
		{"OPTIONS", "/apps/1/channels", 204, "Allow", "GET, HEAD, OPTIONS", ""},
		{"DELETE", "/apps/1/channels", 405, "Allow", "GET, HEAD, OPTIONS", "Method not allowed"},
		{"GET", "/nothing", 404, "", "", "Not found"},
		{"GET", "/app/app-key", 426, "Upgrade", "websocket", "WebSocket"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			response := exchange(t, address, tt.method+" "+tt.path+" HTTP/1.1\nHost: x\nConnection: close\n\n")
			if response.StatusCode != tt.status || tt.field != "" && response.Header.Get(tt.field) != tt.value {
				t.Errorf("got %s, %v", response.Status, response.Header)
			}
			if tt.method == "HEAD" {
				return
			}
			body, err := io.ReadAll(response.Body)
			if err != nil || !strings.Contains(string(body), tt.says) {
				t.Errorf("got %q, %v", body, err)
			}
		})
	}
}

// A body that says that it is too large is not waited for.
func TestLargeBodyIsNotRead(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{})
	response := exchange(t, address, "POST /apps/1/events HTTP/1.1\nHost: x\nContent-Length: 100000000\n\n")
	if response.StatusCode != 413 {
		t.Errorf("got %s", response.Status)
	}
	chunked := exchange(t, address, "POST /apps/1/events HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n20000\n"+strings.Repeat("x", 0x20000))
	if chunked.StatusCode != 413 {
		t.Errorf("chunked: got %s", chunked.Status)
	}
}
