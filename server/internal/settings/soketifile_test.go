package settings

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const soketiExample = `{
  "debug": true,
  "port": 6002,
  "ssl": {"certPath": "/c.pem", "keyPath": "/k.pem", "passphrase": "hidden"},
  "metrics.enabled": true,
  "presence": {"maxMembersPerChannel": 50},
  "userAuthenticationTimeout": 5000,
  "webhooks.batching": {"enabled": true, "duration": 50},
  "database.redis": {"host": "127.0.0.1", "password": "hidden"},
  "queue.driver": "redis",
  "cors.origin": ["*"],
  "databse": 1,
  "appManager.array.apps": [
    {
      "id": 1, "key": "k", "secret": "s\"\u0001", "maxConnections": "200", "enableClientMessages": true, "maxClientEventsPerSecond": 7,
      "maxBackendEventsPerSecond": -1, "maxEventPayloadInKb": 0.5, "enableUserAuthentication": true, "maxReadRequestsPerSecond": 5,
      "webhooks": [
        {"url": "https://a.example", "event_types": ["channel_occupied"], "headers": {"X-Own": "hidden"}, "filter": {"channel_name_starts_with": "beta-", "user": "x"}},
        {"lambda_function": "f", "event_types": ["client_event"]},
        {"url": "https://b.example", "event_types": ["member_added"], "filters": {}, "retries": 3}
      ]
    },
    {"id": "2", "key": "k2", "enabled": false, "max_presence_members_per_channel": 9, "colour": "red", "enable_client_messages": true,
     "webhooks": "[{\"url\":\"https://c.example\",\"event_types\":[\"cache_miss\"]}]"}
  ],
  "appManager.array.apps.1.key": "k3"
}`

// TestSoketi reads the file of its own --config, and what that becomes: nothing
// in it is lost without a word, and no secret is told.
func TestSoketi(t *testing.T) {
	t.Parallel()
	s, told, err := Soketi([]byte(soketiExample))
	if err != nil {
		t.Fatal(err)
	}
	if s.Listen != "0.0.0.0:6002" || s.LogLevel != "debug" || s.TLS.Certificate != "/c.pem" || s.TLS.Key != "/k.pem" || s.MetricsListen != "0.0.0.0:9601" || s.ShutdownTimeout.Duration != 3*time.Second {
		t.Errorf("%+v", plain(s))
	}
	want := []App{
		{
			ID: "1", Key: "k", Secret: "s\"\x01", MaxConnections: 200, ClientEvents: true, ClientEventRate: 7, MaxMembers: 50, MaxEventData: 512,
			CacheTTL: Duration{time.Hour}, AuthorizeWithin: Duration{5 * time.Second},
			Webhooks: []Webhook{
				{URL: "https://a.example", Events: []string{"channel_occupied"}, Headers: map[string]string{"X-Own": "hidden"}, ChannelPrefix: "beta-", Batch: true},
				{URL: "https://b.example", Events: []string{"member_added"}, Batch: true},
			},
		},
		{
			ID: "2", Key: "k3", Disabled: true, ClientEvents: true, MaxMembers: 9, MaxEventData: 100 << 10, CacheTTL: Duration{time.Hour},
			Webhooks: []Webhook{{URL: "https://c.example", Events: []string{"cache_miss"}, Batch: true}},
		},
	}
	if got := fmt.Sprintf("%+v", s.Apps); got != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %s\nwant %+v", got, want)
	}
	text := strings.Join(told, "\n")
	for _, part := range []string{
		"ssl.passphrase is left out", "webhooks.batching.duration is left out", "database.redis.host is left out", "database.redis.password is left out",
		"queue.driver is left out: this broker is one process", "cors.origin is left out", "databse is left out: soketi 1.6 has no such option",
		"appManager.array.apps.0.maxReadRequestsPerSecond is left out: request_rate", "webhooks.0.filter.user is left out", "webhooks.1.lambda_function is left out",
		"webhooks.1 is left out: it has no url", "webhooks.2.filters is left out", "webhooks.2.retries is left out", "apps.1.colour is left out",
		"apps.1 has no secret; soketi takes app-secret then, which everybody knows", "apps.1 has no maxClientEventsPerSecond",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("nothing tells that %s", part)
		}
	}
	if len(told) != 16 || strings.Contains(text, "hidden") {
		t.Errorf("%d told:\n%s", len(told), text)
	}

	// What is written says the same.
	again := Default()
	if err := again.Parse([]byte(s.Changed())); err != nil || fmt.Sprintf("%+v", plain(again)) != fmt.Sprintf("%+v", plain(s)) {
		t.Errorf("%v of\n%s", err, s.Changed())
	}
}

// TestSoketiIsAsItsEnvironment has one application in both.
func TestSoketiIsAsItsEnvironment(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"SOKETI_HOST": "127.0.0.1", "SOKETI_PORT": "7000", "SOKETI_SHUTDOWN_GRACE_PERIOD": "1000", "SOKETI_EVENT_MAX_SIZE_IN_KB": "20", "SOKETI_CHANNEL_CACHE_TTL": "60",
		"SOKETI_DEFAULT_APP_ID": "1", "SOKETI_DEFAULT_APP_KEY": "k", "SOKETI_DEFAULT_APP_SECRET": "s", "SOKETI_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SEC": "5",
	}
	want := Default()
	if _, err := want.Env(func(name string) (string, bool) { v, ok := env[name]; return v, ok }); err != nil {
		t.Fatal(err)
	}
	got, told, err := Soketi([]byte(`{"host":"127.0.0.1","port":7000,"shutdownGracePeriod":1000,"eventLimits":{"maxPayloadInKb":20},"channelLimits":{"cacheTtl":60},
		"appManager":{"driver":"array","array":{"apps":[{"AppId":"1","AppKey":"k","AppSecret":"s","max_backend_events_per_sec":"5"}]}}}`))
	if err != nil || len(told) > 0 || fmt.Sprintf("%+v", plain(got)) != fmt.Sprintf("%+v", plain(want)) {
		t.Errorf("%v, %q\ngot  %+v\nwant %+v", err, told, plain(got), plain(want))
	}
}

func TestSoketiErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                         "1: it is no object in JSON",
		"{\n\"port\": 6001,\n}":    "3: it is no object in JSON",
		"[]":                       "1: it is no object in JSON",
		"{} {}":                    "1: it is no object in JSON",
		`{"port": [1]}`:            "port is neither a text nor a number",
		`{"metrics.enabled": "x"}`: `metrics.enabled: "x" is neither true nor false`,
		`{"appManager.array.apps":[{"maxConnections":"hidden away"}]}`:                      `appManager.array.apps.0.maxConnections: "hidden away" is no number`,
		`{"appManager.array.apps":[{"webhooks":"hidden"}]}`:                                 "apps.0.webhooks is no list of webhooks",
		`{"appManager.array.apps":[{"webhooks":["hidden"]}]}`:                               "apps.0.webhooks.0 is no webhook",
		`{"appManager.array.apps":[{"webhooks":[{"url":"u","event_types":"hidden"}]}]}`:     "apps.0.webhooks: it is no list of webhooks",
		`{"appManager.array.apps":[{"key":["hidden"]}]}`:                                    "apps.0.key is neither a text nor a number",
		`{"presence":{"maxMembersPerChannel":"many"},"appManager.array.apps":[{"id":"1"}]}`: `presence.maxMembersPerChannel: "many" is no number`,
	} {
		if _, _, err := Soketi([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") != strings.Contains(want, "hidden") {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for text, want := range map[string]string{
		`{"appManager.driver":"mysql"}`:       "the applications there are not read",
		`{"appManager.array.apps":["x"]}`:     "appManager.array.apps.0 is left out",
		`{"appManager.array.apps":"x"}`:       "appManager.array.apps is left out",
		`{"appManager.array.apps.-1.id":"x"}`: "appManager.array.apps.-1.id is left out",
	} {
		if s, told, err := Soketi([]byte(text)); err != nil || len(s.Apps) > 0 || !strings.Contains(fmt.Sprint(told), want) {
			t.Errorf("%s: %v, %v", text, told, err)
		}
	}
}

func FuzzSoketi(f *testing.F) {
	f.Add([]byte(soketiExample))
	f.Add([]byte(`{"appManager":{"array":{"apps":[{"id":1}]}},"port":"x"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, _, err := Soketi(text)
		if err != nil {
			return
		}
		again := Default()
		if err := again.Parse([]byte(s.Changed())); err != nil || fmt.Sprintf("%+v", plain(again)) != fmt.Sprintf("%+v", plain(s)) {
			t.Errorf("%v of\n%s", err, s.Changed())
		}
	})
}
