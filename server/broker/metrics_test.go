package broker_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/broker"
)

// metrics is what a scrape of a Broker shows.
func metrics(t testing.TB, b *broker.Broker) string {
	t.Helper()
	w := httptest.NewRecorder()
	b.Metrics().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, %v", w.Code, err)
	}
	return string(body)
}

// shows waits for lines of the metrics, with their values.
func shows(t testing.TB, b *broker.Broker, lines ...string) {
	t.Helper()
	for _, line := range lines {
		eventually(t, line, func() bool { return strings.Contains("\n"+metrics(t, b), "\n"+line+"\n") })
	}
}

// TestMetrics has a conversation and looks at what is counted of it.
func TestMetrics(t *testing.T) {
	t.Parallel()
	apps := append(oneApp(), broker.App{ID: "2", Key: "other", Secret: "s", MaxConnections: 1, MaxMembers: 1, MaxSubscriptions: 1, ClientEvents: true, ClientEventRate: 1, RequestRate: 1})
	b, address := serve(t, broker.Config{Apps: apps, MaxConnectionsPerIP: 3})
	port := address[strings.LastIndexByte(address, ':')+1:]
	of := func(name, id, value string) string {
		return name + `{app_id="` + id + `",port="` + port + `"} ` + value
	}

	first, second := connect(t, address), connect(t, address)
	first.subscribe("room")
	second.subscribe("room")
	first.subscribe("cache-room-that-is-empty")
	first.text() // cache_miss
	shows(t, b,
		of("soketi_connected", "1", "2"), of("soketi_new_connections_total", "1", "2"), of("soketi_new_disconnections_total", "1", "0"),
		of("soketi_connected", "2", "0"),
		of("soketi_ws_messages_received_total", "1", "3"), of("soketi_ws_messages_sent_total", "1", "6"),
		of("thimble_subscriptions", "1", "3"), `thimble_channels{app_id="1"} 2`,
		"thimble_queue_bytes 0",
	)

	// The HTTP API, for the right app and with the right status.
	post := request{method: "POST", path: "/apps/1/events", body: `{"name":"on","channel":"room","data":"{}"}`}
	if code, answer := post.do(t, address); code != 200 {
		t.Fatal(code, answer)
	}
	post.secret = "wrong"
	if code, answer := post.do(t, address); code != 401 {
		t.Fatal(code, answer)
	}
	first.expect(`{"event":"on","channel":"room","data":"{}"}`)
	second.expect(`{"event":"on","channel":"room","data":"{}"}`)
	shows(t, b,
		of("soketi_http_calls_received_total", "1", "2"), of("soketi_http_calls_received_total", "2", "0"),
		of("soketi_http_received_bytes", "1", strconv.Itoa(2*len(post.body))), "thimble_publish_seconds_count 1",
		`thimble_http_request_seconds_count{route="events",status="200"} 1`, `thimble_http_request_seconds_count{route="events",status="401"} 1`,
	)

	// Limits, each by its name.
	one := dial(t, address, "/app/other?protocol=7")
	one.welcome()
	dial(t, address, "/app/other?protocol=7").refused(4004)
	dial(t, address, "/app/app-key?protocol=7").refused(4100)
	dial(t, address, "/app/nobody?protocol=7").refused(4001)
	one.send(`{"event":"client-x","channel":"private-x","data":"{}"}`)
	one.send(`{"event":"client-x","channel":"private-x","data":"{}"}`)
	one.text()
	one.text()
	one.send(`{"event":"pusher:subscribe","data":{"channel":"one"}}`)
	one.send(`{"event":"pusher:subscribe","data":{"channel":"two"}}`)
	shows(t, b,
		`thimble_connections_refused_total{reason="app_quota"} 1`, `thimble_connections_refused_total{reason="address"} 1`, `thimble_connections_refused_total{reason="unknown_app"} 1`,
		`thimble_limits_reached_total{app_id="2",limit="max_connections"} 1`, `thimble_limits_reached_total{app_id="1",limit="max_connections_per_ip"} 1`,
		`thimble_limits_reached_total{app_id="2",limit="client_event_rate"} 1`, `thimble_limits_reached_total{app_id="2",limit="max_subscriptions"} 1`,
	)
	for range 2 {
		request{method: "GET", path: "/apps/2/channels", key: "other", secret: "s"}.do(t, address)
	}
	shows(t, b, `thimble_limits_reached_total{app_id="2",limit="request_rate"} 1`)

	for _, body := range []string{strings.Repeat(" ", 200_000), `{"name":"x","channel":"room","data":"` + strings.Repeat("x", 10241) + `"}`} {
		if code, answer := (request{method: "POST", path: "/apps/1/events", body: body}).do(t, address); code != 413 {
			t.Fatal(code, answer)
		}
	}
	shows(t, b, `thimble_limits_reached_total{app_id="1",limit="max_event_data"} 2`)

	// How connections end.
	second.write(websocket.AppendClose(nil, 1001, "", testMask))
	second.ends()
	one.conn.Close()
	first.frame(websocket.Binary, "x")
	first.closes(1003)
	shows(t, b,
		`thimble_connections_closed_total{by="client",code="1001"} 1`, `thimble_connections_closed_total{by="network",code=""} 1`, `thimble_connections_closed_total{by="server",code="1003"} 1`,
		of("soketi_connected", "1", "0"), of("soketi_new_disconnections_total", "1", "2"), of("thimble_subscriptions", "1", "0"),
	)

	text := metrics(t, b)
	for _, name := range []string{"go_goroutines", "process_open_fds", "process_max_fds"} {
		if !strings.Contains(text, "\n"+name+" ") {
			t.Errorf("no %s", name)
		}
	}
	for _, secret := range []string{appSecret, "app-key", "nobody"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is there", secret)
		}
	}
	if m := regexp.MustCompile(`soketi_socket_(received|transmitted)_bytes\{app_id="1"[^}]*\} ([1-9]\d*)`).FindAllString(text, -1); len(m) != 2 {
		t.Errorf("bytes: %q", m)
	}
}

// TestMetricsAreWellFormed has the linter of Prometheus look at them; it would
// have some of soketi's names otherwise.
func TestMetricsAreWellFormed(t *testing.T) {
	t.Parallel()
	b, _ := serve(t, broker.Config{})
	problems, err := testutil.CollectAndLint(b.Collector())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if !strings.HasPrefix(p.Metric, "soketi_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// TestMetricsOfAnAppThatComesBack: what is counted of it does not start anew.
func TestMetricsOfAnAppThatComesBack(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{})
	connect(t, address).alive()
	// It is counted beside the answer.
	eventually(t, "the ping is counted", func() bool { return b.Stats().MessagesIn == 1 })
	for _, apps := range [][]broker.App{{{ID: "2", Key: "k", Secret: "s"}}, oneApp()} {
		if err := b.Reload(apps); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the connection is gone", func() bool { return b.Stats().Connections == 0 })
	connect(t, address).alive()
	eventually(t, "the next one is counted too", func() bool { return b.Stats().MessagesIn == 2 })
	if text := metrics(t, b); !strings.Contains(text, "soketi_new_connections_total{app_id=\"1\"") {
		t.Error("no app 1")
	}
}
