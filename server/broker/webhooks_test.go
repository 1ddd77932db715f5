package broker_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble/server/broker"
)

// hook is an endpoint that keeps what it is told.
type hook struct {
	*httptest.Server
	t    testing.TB
	came chan string // "channel_occupied room", and more
}

// openHook starts an endpoint that believes in this key and secret only.
func openHook(t testing.TB, key, secret string) *hook {
	h := &hook{t: t, came: make(chan string, 10_000)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("X-Pusher-Key") != key ||
			r.Header.Get("X-Pusher-Signature") != hmacHex(secret, string(body)) {
			t.Errorf("%v: %s %v %s", err, r.Method, r.Header, body)
		}
		var all struct {
			TimeMS int64 `json:"time_ms"`
			Events []struct {
				Name, Channel, Event, Data string
				UserID                     string `json:"user_id"`
				SocketID                   string `json:"socket_id"`
				Count                      *int   `json:"subscription_count"`
			}
		}
		if err := json.Unmarshal(body, &all); err != nil || time.Since(time.UnixMilli(all.TimeMS)).Abs() > time.Hour {
			t.Errorf("%v: %s", err, body)
		}
		for _, e := range all.Events {
			text := e.Name + " " + e.Channel
			for _, field := range []string{e.UserID, e.Event, e.Data} {
				if field != "" {
					text += " " + field
				}
			}
			if e.Count != nil {
				text += fmt.Sprint(" ", *e.Count)
			}
			if (e.Name == "client_event") != (e.SocketID != "") {
				t.Errorf("socket_id is %q in %s", e.SocketID, body)
			}
			h.came <- text
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// next waits for what comes next.
func (h *hook) next() string {
	h.t.Helper()
	select {
	case text := <-h.came:
		return text
	case <-time.After(patience):
		h.t.Fatal("no webhook has come")
		return ""
	}
}

// want waits for all of these, whose order is kept for each channel only.
func (h *hook) want(want ...string) {
	h.t.Helper()
	byChannel := func(list []string) map[string]string {
		m := make(map[string]string)
		for _, text := range list {
			m[strings.Fields(text)[1]] += text + "\n"
		}
		return m
	}
	var got []string
	for range want {
		got = append(got, h.next())
	}
	if fmt.Sprint(byChannel(got)) != fmt.Sprint(byChannel(want)) {
		h.t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// nothing says that no more has come.
func (h *hook) nothing() {
	h.t.Helper()
	select {
	case text := <-h.came:
		h.t.Errorf("got %s", text)
	default:
	}
}

func hooked(hooks ...broker.Webhook) []broker.App {
	apps := oneApp()
	apps[0].Webhooks = hooks
	return apps
}

// All that there is to be told comes from real clients, in order.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	h := openHook(t, appKey, appSecret)
	b, address := serve(t, broker.Config{Apps: hooked(broker.Webhook{URL: h.URL + "/path?query"})})
	ann, bob := connect(t, address), connect(t, address)

	ann.subscribe("room")
	h.want("channel_occupied room", "subscription_count room 1")
	bob.subscribe("room")
	h.want("subscription_count room 2")

	ann.authorized("presence-room", `{"user_id":"ann"}`)
	h.want("channel_occupied presence-room", "member_added presence-room ann")
	bob.authorized("presence-room", `{"user_id":"bob"}`)
	h.want("member_added presence-room bob")
	ann.text() // which says the same
	ann.send(`{"event":"client-x","channel":"presence-room","data":{"an":"object"}}`)
	ann.send(`{"event":"client-x","channel":"presence-room","data":"text"}`)
	h.want(`client_event presence-room ann client-x {"an":"object"}`, "client_event presence-room ann client-x text")

	ann.subscribe("cache-room")
	h.want("channel_occupied cache-room", "cache_miss cache-room", "subscription_count cache-room 1")
	bob.text()
	bob.text() // the client events
	bob.subscribe("cache-room")
	h.want("subscription_count cache-room 2") // and no second miss

	bob.conn.Close()
	h.want("subscription_count room 1", "subscription_count cache-room 1", "member_removed presence-room bob")
	ann.conn.Close()
	h.want("subscription_count room 0", "subscription_count cache-room 0", "member_removed presence-room ann",
		"channel_vacated room", "channel_vacated cache-room", "channel_vacated presence-room")
	if err := b.Shutdown(t.Context()); err != nil { // or the last one is not yet counted
		t.Fatal(err)
	}
	h.nothing()
	if s := b.Stats(); s.WebhooksSent != 21 || s.WebhooksFailed+s.WebhooksDropped+s.WebhookQueueBytes+s.WebhookQueueErrors != 0 {
		t.Errorf("counted %+v", s)
	}
}

// The end of the broker is the end of all connections, and is told before it
// is over.
func TestWebhooksOfTheEnd(t *testing.T) {
	t.Parallel()
	h := openHook(t, appKey, appSecret)
	b, address := serve(t, broker.Config{Apps: hooked(broker.Webhook{URL: h.URL, Events: []string{broker.MemberRemoved, broker.ChannelVacated}})})
	c := connect(t, address)
	c.authorized("presence-room", `{"user_id":"ann"}`)
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.want("member_removed presence-room ann", "channel_vacated presence-room")
	h.nothing()
}

// An endpoint that never answers holds up neither clients nor other endpoints.
func TestDeadEndpointHoldsUpNobody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	dead := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(dead.Close)
	t.Cleanup(func() { close(release) })
	good := openHook(t, appKey, appSecret)
	only := []string{broker.ClientEvent}
	_, address := serve(t, broker.Config{Apps: append(hooked(broker.Webhook{URL: dead.URL, Events: only, Timeout: time.Second}, broker.Webhook{URL: good.URL, Events: only, Batch: true}),
		broker.App{ID: "2", Key: "other", Secret: "other"})})
	ann, bob := connect(t, address), connect(t, address)
	ann.authorized("presence-room", `{"user_id":"ann"}`)
	bob.authorized("presence-room", `{"user_id":"bob"}`)
	ann.text() // that bob has come
	for i := range 10 {
		ann.send(fmt.Sprintf(`{"event":"client-x","channel":"presence-room","data":"%d"}`, i))
	}
	for i := range 10 {
		if text := bob.text(); !strings.Contains(text, fmt.Sprintf(`"data":"%d"`, i)) {
			t.Fatalf("got %s", text)
		}
		good.want(fmt.Sprintf("client_event presence-room ann client-x %d", i))
	}
}

// Reload brings webhooks, changes them and takes them away.
func TestWebhooksReload(t *testing.T) {
	t.Parallel()
	one, two := openHook(t, appKey, appSecret), openHook(t, "new-key", "new-secret")
	b, address := serve(t, broker.Config{})
	c := connect(t, address)
	reload := func(apps []broker.App) {
		t.Helper()
		if err := b.Reload(apps); err != nil {
			t.Fatal(err)
		}
	}
	c.subscribe("before")
	only := []string{broker.ChannelOccupied}
	reload(hooked(broker.Webhook{URL: one.URL, Events: only, ChannelSuffix: "-x"}))
	c.subscribe("one")
	c.subscribe("one-x")
	one.want("channel_occupied one-x")

	// The first of several keys signs: while both count that is the old one.
	apps := hooked(broker.Webhook{URL: one.URL, Events: only})
	apps[0].MoreKeys = []broker.Key{{Key: "new-key", Secret: "new-secret"}}
	reload(apps)
	c.subscribe("two")
	one.want("channel_occupied two")
	apps = hooked(broker.Webhook{URL: two.URL, Events: only})
	apps[0].Key, apps[0].Secret = "new-key", "new-secret"
	reload(apps)
	c.subscribe("three")
	two.want("channel_occupied three")

	reload(oneApp())
	c.subscribe("four")
	reload(hooked(broker.Webhook{URL: one.URL, Events: only}))
	c.subscribe("five")
	one.want("channel_occupied five")
	one.nothing()
	two.nothing()
	if err := b.Reload(hooked(broker.Webhook{URL: "nonsense"})); !errors.Is(err, broker.ErrConfig) {
		t.Errorf("got %v", err)
	}
	c.subscribe("six")
	one.want("channel_occupied six")
}

// With a file, who was there when the broker ended is gone if they do not come
// back, and what could not be delivered waits.
func TestWebhookQueue(t *testing.T) {
	t.Parallel()
	h := openHook(t, appKey, appSecret)
	var down sync.Mutex
	handler := h.Config.Handler
	refuse := true
	h.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		down.Lock()
		defer down.Unlock()
		if refuse {
			http.Error(w, "later", http.StatusServiceUnavailable)
			return
		}
		handler.ServeHTTP(w, r)
	})
	config := broker.Config{Apps: hooked(broker.Webhook{URL: h.URL, Events: []string{broker.ChannelOccupied, broker.ClientEvent}}), WebhookQueue: filepath.Join(t.TempDir(), "queue")}
	b, address := serve(t, config)
	c := connect(t, address)
	c.authorized("presence-room", `{"user_id":"ann"}`)
	c.send(`{"event":"client-x","channel":"presence-room","data":"text"}`)
	c.alive() // so the event has been told

	if _, err := broker.New(config); !errors.Is(err, broker.ErrWebhookQueue) || !strings.Contains(err.Error(), "another process uses it") {
		t.Errorf("a second one: %v", err)
	}
	if err := config.Validate(); err != nil {
		t.Errorf("a configuration that is in use: %v", err)
	}
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.nothing()
	down.Lock()
	refuse = false
	down.Unlock()
	serve(t, config)
	h.want("channel_occupied presence-room", "client_event presence-room ann client-x text")
}

func TestWebhookConfig(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		hook broker.Webhook
		want string
	}{
		{broker.Webhook{URL: "https://user:hidden@example.com/hidden?hidden", Events: []string{broker.CacheMiss}, Headers: map[string]string{"Authorization": "hidden"}}, ""},
		{broker.Webhook{}, "Apps[0]: in Webhooks[0]: the URL is empty"},
		{broker.Webhook{URL: "example.com/hidden"}, "not of the form https://"},
		{broker.Webhook{URL: "ftp://example.com/hidden"}, "not of the form https://"},
		{broker.Webhook{URL: "http:///hidden"}, "not of the form https://"},
		{broker.Webhook{URL: "http://a\x00hidden"}, "not of the form https://"},
		{broker.Webhook{URL: "http://a", Events: []string{"member_left"}}, `the Events have "member_left", which is none of channel_occupied, `},
		{broker.Webhook{URL: "http://a", Headers: map[string]string{"X-Pusher-Signature": "hidden"}}, "Headers: the header X-Pusher-Signature is set"},
		{broker.Webhook{URL: "http://a", Headers: map[string]string{"X": "hidden\n"}}, "Headers: the value of the header X has"},
		{broker.Webhook{URL: "http://a", Timeout: -1}, "Timeout is negative"},
	} {
		err := broker.Config{Apps: hooked(tt.hook)}.Validate()
		if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, broker.ErrConfig) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
		text := fmt.Sprintf("%v %+v %#v %v", tt.hook, tt.hook, tt.hook, slog.AnyValue(tt.hook).Resolve())
		if strings.Contains(text, "hidden") || err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("shows a secret: %s, %v", text, err)
		}
	}
}
