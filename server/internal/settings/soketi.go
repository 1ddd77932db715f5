package settings

import (
	"encoding/json"
	"errors"
	"maps"
	"net"
	"time"
)

// soketi: https://docs.soketi.app, "Environment Variables".
func (e *env) soketi() {
	lookup := e.lookup
	if e.alone("SOKETI_DEFAULT_APP_ID", "SOKETI_DEFAULT_APP_KEY", "SOKETI_DEFAULT_APP_SECRET") {
		e.lookup = e.withSoketiDefaults()
	}
	e.soketiServer()
	e.soketiApp()
	e.lookup = lookup
	e.ignore(soketiElse...)
}

// withSoketiDefaults is the environment with what soketi has where it says
// nothing, unless a file does.
func (e *env) withSoketiDefaults() func(string) (string, bool) {
	defaults, lookup := maps.Clone(soketiDefaults), e.lookup
	if e.listens() {
		delete(defaults, "SOKETI_HOST")
	}
	if e.settings.ShutdownTimeout != Default().ShutdownTimeout {
		delete(defaults, "SOKETI_SHUTDOWN_GRACE_PERIOD")
	}
	return func(name string) (string, bool) {
		if v, ok := lookup(name); ok && v != "" {
			return v, true
		}
		v, ok := defaults[name]
		return v, ok
	}
}

// soketiServer is what soketi has for all applications.
func (e *env) soketiServer() {
	s := e.settings
	e.soketiMetrics()
	e.address("SOKETI_HOST", "SOKETI_PORT", "6001")
	e.text("SOKETI_SSL_CERT", func() *string { return &s.TLS.Certificate })
	e.text("SOKETI_SSL_KEY", func() *string { return &s.TLS.Key })
	var debug bool
	if e.flag("SOKETI_DEBUG", func() *bool { return &debug }); debug {
		s.LogLevel = "debug"
	}
	e.seconds("SOKETI_SHUTDOWN_GRACE_PERIOD", time.Millisecond, func() *Duration { return &s.ShutdownTimeout })
}

// soketiApp is what it has for the first one, and what counts for each.
func (e *env) soketiApp() {
	e.text("SOKETI_DEFAULT_APP_ID", func() *string { return &e.app().ID })
	e.text("SOKETI_DEFAULT_APP_KEY", func() *string { return &e.app().Key })
	e.text("SOKETI_DEFAULT_APP_SECRET", func() *string { return &e.app().Secret })
	e.when("SOKETI_DEFAULT_APP_ENABLED", func(on bool) { e.app().Disabled = !on })
	e.flag("SOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES", func() *bool { return &e.app().ClientEvents })
	e.number("SOKETI_DEFAULT_APP_MAX_CONNS", 1, func() *int { return &e.app().MaxConnections })
	e.number("SOKETI_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SEC", 1, func() *int { return &e.app().RequestRate })
	e.number("SOKETI_DEFAULT_APP_MAX_CLIENT_EVENTS_PER_SEC", 1, func() *int { return &e.app().ClientEventRate })
	e.number("SOKETI_PRESENCE_MAX_MEMBERS", 1, func() *int { return &e.app().MaxMembers })
	e.number("SOKETI_EVENT_MAX_SIZE_IN_KB", 1024, func() *int { return &e.app().MaxEventData })
	e.number("SOKETI_EVENT_MAX_PAYLOAD_IN_KB", 1024, func() *int { return &e.app().MaxEventData })
	e.seconds("SOKETI_CHANNEL_CACHE_TTL", time.Second, func() *Duration { return &e.app().CacheTTL })
	e.take("SOKETI_DEFAULT_APP_WEBHOOKS", func(v string) (err error) {
		e.app().Webhooks, err = soketiWebhooks(v)
		return err
	})
	e.when("SOKETI_WEBHOOKS_BATCHING", func(on bool) {
		if !on || len(e.settings.Apps) == 0 {
			return
		}
		hooks := e.app().Webhooks
		for i := range hooks {
			hooks[i].Batch = true
		}
	})
	var authenticated bool
	e.when("SOKETI_DEFAULT_APP_USER_AUTHENTICATION", func(on bool) {
		if authenticated = on; on {
			e.app().AuthorizeWithin.Duration = soketiAuthentication
		}
	})
	if authenticated {
		e.seconds("SOKETI_USER_AUTHENTICATION_TIMEOUT", time.Millisecond, func() *Duration { return &e.app().AuthorizeWithin })
	}
}

// soketiWebhooks reads a list of webhooks. No part of it is in the error, for
// headers may be secret.
func soketiWebhooks(text string) ([]Webhook, error) {
	var list []struct {
		URL        string            `json:"url"`
		EventTypes []string          `json:"event_types"`
		Headers    map[string]string `json:"headers"`
		Filter     struct {
			StartsWith string `json:"channel_name_starts_with"`
			EndsWith   string `json:"channel_name_ends_with"`
		} `json:"filter"`
	}
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil, errors.New(`it is no list of webhooks in JSON, such as [{"url":"https://example.com","event_types":["channel_occupied"]}]`)
	}
	var hooks []Webhook
	for _, w := range list {
		if w.URL == "" {
			return nil, errors.New("a webhook has no url; functions of AWS Lambda are not called")
		}
		hooks = append(hooks, Webhook{URL: w.URL, Events: w.EventTypes, Headers: w.Headers, ChannelPrefix: w.Filter.StartsWith, ChannelSuffix: w.Filter.EndsWith})
	}
	return hooks, nil
}

// soketiMetrics: soketi listens on all addresses unless told otherwise.
func (e *env) soketiMetrics() {
	var on bool
	if e.flag("SOKETI_METRICS_ENABLED", func() *bool { return &on }); !on {
		return
	}
	host, port := "0.0.0.0", "9601"
	e.text("SOKETI_METRICS_HOST", func() *string { return &host })
	e.text("SOKETI_METRICS_SERVER_PORT", func() *string { return &port })
	e.settings.MetricsListen = net.JoinHostPort(host, port)
}

// soketiAuthentication is how long soketi gives a user to sign in.
const soketiAuthentication = 30 * time.Second

// soketiElse are soketi's other variables, of which there is nothing here: where
// it keeps things, and limits that the protocol has fixed. Those of a database
// or a queue are meant as one, by the variable that chooses it.
var soketiElse = []string{
	"SOKETI_ADAPTER_DRIVER", "SOKETI_APP_MANAGER_DRIVER", "SOKETI_CACHE_DRIVER", "SOKETI_QUEUE_DRIVER", "SOKETI_RATE_LIMITER_DRIVER",
	"SOKETI_CHANNEL_LIMITS_MAX_NAME_LENGTH", "SOKETI_EVENT_MAX_BATCH_SIZE", "SOKETI_EVENT_MAX_CHANNELS_AT_ONCE", "SOKETI_EVENT_MAX_NAME_LENGTH",
	"SOKETI_PRESENCE_MAX_MEMBER_SIZE", "SOKETI_HTTP_ACCEPT_TRAFFIC_MEMORY_THRESHOLD", "SOKETI_METRICS_DRIVER", "SOKETI_METRICS_PROMETHEUS_PREFIX",
	"SOKETI_MODE", "SOKETI_PATH_PREFIX", "SOKETI_SSL_PASS", "SOKETI_SSL_CA", "SOKETI_DEFAULT_APP_MAX_READ_REQ_PER_SEC",
	"SOKETI_WEBHOOKS_BATCHING_DURATION",
}
