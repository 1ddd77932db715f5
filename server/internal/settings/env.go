package settings

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Env reads the environment over s: THIMBLE_ variables, PUSHER_ ones for the
// credentials of the only app, and what soketi and Reverb are set up with, so
// that a container that ran one of them goes on with the same variables: if its
// application is in them, and none in s, then the address that it listens on by
// default counts too, and of soketi the sizes and times that are others here. It
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
	err      error                    // the first one
	several  bool                     // app was called, and there are several
	called   func(name string) string // what a variable is called in errors; nil: as it is
}

// app returns the only application, made now if there is none. It is called in
// what take calls: of several, none can be meant.
func (e *env) app() *App {
	switch len(e.settings.Apps) {
	case 0:
		e.settings.Apps = []App{{}}
	case 1:
	default:
		e.several = true
		return new(App)
	}
	return &e.settings.Apps[0]
}

// take calls set with a variable that is there and not empty.
func (e *env) take(name string, set func(value string) error) {
	value, ok := e.lookup(name)
	if !ok || value == "" || e.err != nil {
		return
	}
	err := set(value)
	if e.several {
		e.err = fmt.Errorf("%s is for one app, and the settings have %d: unset it, and set what it says for each app in the file", name, len(e.settings.Apps))
		return
	}
	if err != nil {
		if e.called != nil {
			name = e.called(name)
		}
		e.err = fmt.Errorf("%s: %w", name, err)
	}
}

func (e *env) text(name string, to func() *string) {
	e.take(name, func(v string) error { *to() = v; return nil })
}

func (e *env) flag(name string, to func() *bool) {
	e.when(name, func(on bool) { *to() = on })
}

// when calls set with a variable that is true or false.
func (e *env) when(name string, set func(on bool)) {
	e.take(name, func(v string) error {
		on, err := strconv.ParseBool(v)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", v)
		}
		set(on)
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
	e.take("THIMBLE_DEFAULT_LISTEN", func(v string) error { // for images, in which the loopback interface is no use
		if !e.listens() {
			s.Listen = v
		}
		return nil
	})
	e.text("THIMBLE_LOG_LEVEL", func() *string { return &s.LogLevel })
	e.text("THIMBLE_LOG_FORMAT", func() *string { return &s.LogFormat })
	e.text("THIMBLE_WEBHOOK_QUEUE", func() *string { return &s.WebhookQueue })
	e.text("THIMBLE_METRICS_LISTEN", func() *string { return &s.MetricsListen })
	e.take("THIMBLE_DRAIN", func(v string) error { return s.Drain.UnmarshalText([]byte(v)) })
	e.number("THIMBLE_DRAIN_CODE", 1, func() *int { return &s.DrainCode })
	e.number("THIMBLE_ACCEPT_RATE", 1, func() *int { return &s.AcceptRate })
	e.number("THIMBLE_MAX_CONNECTIONS", 1, func() *int { return &s.MaxConnections })
	e.number("THIMBLE_MAX_CONNECTIONS_PER_IP", 1, func() *int { return &s.MaxConnectionsPerIP })
	e.text("THIMBLE_TLS_CERTIFICATE", func() *string { return &s.TLS.Certificate })
	e.text("THIMBLE_TLS_KEY", func() *string { return &s.TLS.Key })
	e.take("THIMBLE_ACME_DOMAINS", func(v string) error {
		s.TLS.ACMEDomains = strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })
		return nil
	})
	e.text("THIMBLE_ACME_CACHE", func() *string { return &s.TLS.ACMECache })
	e.text("THIMBLE_ACME_EMAIL", func() *string { return &s.TLS.ACMEEmail })
	e.text("THIMBLE_CONSOLE_PASSWORD", func() *string { return &s.Console.Password })
	e.text("PUSHER_APP_ID", func() *string { return &e.app().ID })
	e.text("PUSHER_KEY", func() *string { return &e.app().Key })
	e.text("PUSHER_SECRET", func() *string { return &e.app().Secret })
}

// alone says whether an application is in the environment, by one of these
// variables, and none was there before.
func (e *env) alone(names ...string) bool {
	return len(e.settings.Apps) == 0 && slices.ContainsFunc(names, func(name string) bool {
		v, ok := e.lookup(name)
		return ok && v != ""
	})
}

// listens says whether somebody has said already where to listen.
func (e *env) listens() bool { return e.settings.Listen != Default().Listen }

// address joins two variables, of which one may be missing.
func (e *env) address(host, port, usual string) {
	h, _ := e.lookup(host)
	p, _ := e.lookup(port)
	if h == "" && p == "" {
		return
	}
	if p == "" {
		p = usual
	}
	if h == "" {
		h = "0.0.0.0"
	}
	e.settings.Listen = net.JoinHostPort(h, p)
}

// reverb: https://laravel.com/docs/reverb and its config/reverb.php.
func (e *env) reverb() {
	if e.alone("REVERB_APP_ID", "REVERB_APP_KEY", "REVERB_APP_SECRET") && !e.listens() {
		e.settings.Listen = "0.0.0.0:8080"
	}
	e.address("REVERB_SERVER_HOST", "REVERB_SERVER_PORT", "8080")
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
	e.number("REVERB_APP_MAX_MESSAGE_SIZE", 1, func() *int { return &e.settings.MaxMessage })
	e.ignore("REVERB_SCALING_ENABLED", "REVERB_SERVER_PATH", "REVERB_MAX_REQUEST_SIZE", "REVERB_APP_PING_INTERVAL",
		"REVERB_APP_RATE_LIMITING_ENABLED", "REVERB_APP_RATE_LIMIT_MAX_ATTEMPTS", "REVERB_APP_RATE_LIMIT_DECAY_SECONDS", "REVERB_APP_RATE_LIMIT_TERMINATE",
		"REVERB_PULSE_INGEST_INTERVAL", "REVERB_TELESCOPE_INGEST_INTERVAL")
}
