package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// Env reads the environment over s: THIMBLE_ variables, PUSHER_ ones for the
// credentials of the only app, and what soketi and Reverb are set up with, so
// that a container that ran one of them goes on with the same variables. It
// returns what was found and has no meaning here, for the log.
func (s *Settings) Env(lookup func(string) (string, bool)) (ignored []string, err error) {
	e := env{lookup: lookup, settings: s}
	e.soketi()
	e.reverb()
	e.own()
	return e.ignored, e.err
}

type env struct {
	lookup   func(string) (string, bool)
	settings *Settings
	ignored  []string
	err      error // the first one
}

// app returns the first application, made now if there is none.
func (e *env) app() *App {
	if len(e.settings.Apps) == 0 {
		e.settings.Apps = []App{{}}
	}
	return &e.settings.Apps[0]
}

// take calls set with a variable that is there and not empty.
func (e *env) take(name string, set func(value string) error) {
	value, ok := e.lookup(name)
	if !ok || value == "" || e.err != nil {
		return
	}
	if err := set(value); err != nil {
		e.err = fmt.Errorf("%s: %w", name, err)
	}
}

func (e *env) text(name string, to func() *string) {
	e.take(name, func(v string) error { *to() = v; return nil })
}

func (e *env) flag(name string, to func() *bool) {
	e.take(name, func(v string) error {
		b, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", v)
		}
		*to() = b
		return nil
	})
}

// number reads a whole number; those below zero, which soketi has for no limit,
// become 0.
func (e *env) number(name string, factor int, to func() *int) {
	e.take(name, func(v string) error {
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || f*float64(factor) > 1<<31 {
			return fmt.Errorf("%q is no number", v)
		}
		*to() = max(int(f*float64(factor)), 0)
		return nil
	})
}

// seconds reads a number of units.
func (e *env) seconds(name string, unit time.Duration, to func() *Duration) {
	e.take(name, func(v string) error {
		n, err := strconv.ParseFloat(v, 64)
		if err != nil || n < 0 || n*float64(unit) > float64(1<<62) {
			return fmt.Errorf("%q is no number", v)
		}
		to().Duration = time.Duration(n * float64(unit))
		return nil
	})
}

func (e *env) ignore(names ...string) {
	for _, name := range names {
		if v, ok := e.lookup(name); ok && v != "" {
			e.ignored = append(e.ignored, name)
		}
	}
}

// own are the tool's variables.
func (e *env) own() {
	s := e.settings
	e.text("THIMBLE_LISTEN", func() *string { return &s.Listen })
	e.text("THIMBLE_LOG_LEVEL", func() *string { return &s.LogLevel })
	e.text("THIMBLE_LOG_FORMAT", func() *string { return &s.LogFormat })
	e.text("THIMBLE_WEBHOOK_QUEUE", func() *string { return &s.WebhookQueue })
	e.number("THIMBLE_MAX_CONNECTIONS", 1, func() *int { return &s.MaxConnections })
	e.number("THIMBLE_MAX_CONNECTIONS_PER_IP", 1, func() *int { return &s.MaxConnectionsPerIP })
	e.text("THIMBLE_TLS_CERTIFICATE", func() *string { return &s.TLS.Certificate })
	e.text("THIMBLE_TLS_KEY", func() *string { return &s.TLS.Key })
	e.text("PUSHER_APP_ID", func() *string { return &e.app().ID })
	e.text("PUSHER_KEY", func() *string { return &e.app().Key })
	e.text("PUSHER_SECRET", func() *string { return &e.app().Secret })
}

// address joins two variables, of which one may be missing.
func (e *env) address(host, port string) {
	h, _ := e.lookup(host)
	p, _ := e.lookup(port)
	if h == "" && p == "" {
		return
	}
	if p == "" {
		p = "6001"
	}
	if h == "" {
		h = "0.0.0.0"
	}
	e.settings.Listen = net.JoinHostPort(h, p)
}

// soketi: https://docs.soketi.app, "Environment Variables".
func (e *env) soketi() {
	s := e.settings
	e.address("SOKETI_HOST", "SOKETI_PORT")
	e.text("SOKETI_SSL_CERT", func() *string { return &s.TLS.Certificate })
	e.text("SOKETI_SSL_KEY", func() *string { return &s.TLS.Key })
	var debug bool
	if e.flag("SOKETI_DEBUG", func() *bool { return &debug }); debug {
		s.LogLevel = "debug"
	}
	e.seconds("SOKETI_SHUTDOWN_GRACE_PERIOD", time.Millisecond, func() *Duration { return &s.ShutdownTimeout })
	e.text("SOKETI_DEFAULT_APP_ID", func() *string { return &e.app().ID })
	e.text("SOKETI_DEFAULT_APP_KEY", func() *string { return &e.app().Key })
	e.text("SOKETI_DEFAULT_APP_SECRET", func() *string { return &e.app().Secret })
	e.take("SOKETI_DEFAULT_APP_ENABLED", func(v string) error {
		on, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", v)
		}
		e.app().Disabled = !on
		return nil
	})
	e.flag("SOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES", func() *bool { return &e.app().ClientEvents })
	e.number("SOKETI_DEFAULT_APP_MAX_CONNS", 1, func() *int { return &e.app().MaxConnections })
	e.number("SOKETI_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SEC", 1, func() *int { return &e.app().RequestRate })
	e.number("SOKETI_DEFAULT_APP_MAX_CLIENT_EVENTS_PER_SEC", 1, func() *int { return &e.app().ClientEventRate })
	e.number("SOKETI_PRESENCE_MAX_MEMBERS", 1, func() *int { return &e.app().MaxMembers })
	e.number("SOKETI_EVENT_MAX_PAYLOAD_IN_KB", 1024, func() *int { return &e.app().MaxEventData })
	e.seconds("SOKETI_CHANNEL_CACHE_TTL", time.Second, func() *Duration { return &e.app().CacheTTL })
	e.take("SOKETI_DEFAULT_APP_WEBHOOKS", func(v string) (err error) {
		e.app().Webhooks, err = soketiWebhooks(v)
		return err
	})
	var batch bool
	if e.flag("SOKETI_WEBHOOKS_BATCHING", func() *bool { return &batch }); batch && len(s.Apps) > 0 {
		for i := range s.Apps[0].Webhooks {
			s.Apps[0].Webhooks[i].Batch = true
		}
	}
	e.ignore("SOKETI_ADAPTER_DRIVER", "SOKETI_APP_MANAGER_DRIVER", "SOKETI_CACHE_DRIVER", "SOKETI_QUEUE_DRIVER",
		"SOKETI_RATE_LIMITER_DRIVER", "SOKETI_PATH_PREFIX", "SOKETI_METRICS_SERVER_PORT", "SOKETI_SSL_PASS", "SOKETI_SSL_CA",
		"SOKETI_DEFAULT_APP_MAX_READ_REQ_PER_SEC", "SOKETI_DEFAULT_APP_USER_AUTHENTICATION")
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

// reverb: https://laravel.com/docs/reverb and its config/reverb.php.
func (e *env) reverb() {
	e.address("REVERB_SERVER_HOST", "REVERB_SERVER_PORT")
	e.text("REVERB_APP_ID", func() *string { return &e.app().ID })
	e.text("REVERB_APP_KEY", func() *string { return &e.app().Key })
	e.text("REVERB_APP_SECRET", func() *string { return &e.app().Secret })
	e.number("REVERB_APP_MAX_CONNECTIONS", 1, func() *int { return &e.app().MaxConnections })
	e.seconds("REVERB_APP_ACTIVITY_TIMEOUT", time.Second, func() *Duration { return &e.settings.ActivityTimeout })
	e.take("REVERB_APP_KEY", func(string) error {
		from, _ := e.lookup("REVERB_APP_ACCEPT_CLIENT_EVENTS_FROM")
		e.app().ClientEvents = from != "none" // Reverb takes them unless it is told otherwise
		return nil
	})
	e.ignore("REVERB_SCALING_ENABLED", "REVERB_SERVER_PATH", "REVERB_MAX_REQUEST_SIZE", "REVERB_APP_MAX_MESSAGE_SIZE",
		"REVERB_APP_PING_INTERVAL", "REVERB_APP_RATE_LIMITING_ENABLED")
}
