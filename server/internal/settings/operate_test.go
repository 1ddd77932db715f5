package settings

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

// environ is an environment for Env.
func environ(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

// TestEnvOfOperation: what containers of soketi and Reverb are run with.
func TestEnvOfOperation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		env  map[string]string
		want func(*Settings) bool
	}{
		{"own", map[string]string{"THIMBLE_METRICS_LISTEN": ":9", "THIMBLE_DRAIN": "5s", "THIMBLE_DRAIN_CODE": "4200", "THIMBLE_ACCEPT_RATE": "100"}, func(s *Settings) bool {
			return s.MetricsListen == ":9" && s.Drain.Duration == 5*time.Second && s.DrainCode == 4200 && s.AcceptRate == 100
		}},
		{"ACME", map[string]string{"THIMBLE_ACME_DOMAINS": "a.example, b.example", "THIMBLE_ACME_CACHE": "/c", "THIMBLE_ACME_EMAIL": "me@a.example"}, func(s *Settings) bool {
			return fmt.Sprint(s.TLS.ACMEDomains) == "[a.example b.example]" && s.TLS.ACMECache == "/c" && s.TLS.ACMEEmail == "me@a.example"
		}},
		{"metrics of soketi", map[string]string{"SOKETI_METRICS_ENABLED": "1"}, func(s *Settings) bool { return s.MetricsListen == "0.0.0.0:9601" }},
		{"metrics of soketi, elsewhere", map[string]string{"SOKETI_METRICS_ENABLED": "true", "SOKETI_METRICS_HOST": "127.0.0.1", "SOKETI_METRICS_SERVER_PORT": "1"}, func(s *Settings) bool {
			return s.MetricsListen == "127.0.0.1:1"
		}},
		{"no metrics of soketi", map[string]string{"SOKETI_METRICS_SERVER_PORT": "1"}, func(s *Settings) bool { return s.MetricsListen == "" }},
		{"own metrics over soketi's", map[string]string{"SOKETI_METRICS_ENABLED": "1", "THIMBLE_METRICS_LISTEN": ":9"}, func(s *Settings) bool { return s.MetricsListen == ":9" }},
		{"size of events of soketi", map[string]string{"SOKETI_EVENT_MAX_SIZE_IN_KB": "100"}, func(s *Settings) bool { return s.Apps[0].MaxEventData == 100<<10 }},
		{"users of soketi", map[string]string{"SOKETI_DEFAULT_APP_USER_AUTHENTICATION": "true"}, func(s *Settings) bool { return s.Apps[0].AuthorizeWithin.Duration == 30*time.Second }},
		{"users of soketi, sooner", map[string]string{"SOKETI_DEFAULT_APP_USER_AUTHENTICATION": "true", "SOKETI_USER_AUTHENTICATION_TIMEOUT": "5000"}, func(s *Settings) bool {
			return s.Apps[0].AuthorizeWithin.Duration == 5*time.Second
		}},
		{"certificate of soketi", map[string]string{"SOKETI_SSL_CERT": "c", "SOKETI_SSL_KEY": "k", "SOKETI_SHUTDOWN_GRACE_PERIOD": "3000"}, func(s *Settings) bool {
			return s.TLS.Certificate == "c" && s.TLS.Key == "k" && s.ShutdownTimeout.Duration == 3*time.Second
		}},
		{"limits of soketi", map[string]string{"SOKETI_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SEC": "7", "SOKETI_DEFAULT_APP_MAX_CLIENT_EVENTS_PER_SEC": "8", "SOKETI_PRESENCE_MAX_MEMBERS": "9"}, func(s *Settings) bool {
			return s.Apps[0].RequestRate == 7 && s.Apps[0].ClientEventRate == 8 && s.Apps[0].MaxMembers == 9
		}},
		{"messages of Reverb", map[string]string{"REVERB_APP_MAX_MESSAGE_SIZE": "10000", "REVERB_APP_MAX_CONNECTIONS": "5"}, func(s *Settings) bool {
			return s.MaxMessage == 10000 && s.Apps[0].MaxConnections == 5
		}},
	} {
		s := Default()
		if ignored, err := s.Env(environ(tt.env)); err != nil || len(ignored) > 0 || !tt.want(&s) {
			t.Errorf("%s: got %+v, %v, %v", tt.name, plain(s), ignored, err)
		}
	}
	for name, value := range map[string]string{"THIMBLE_DRAIN": "soon", "THIMBLE_DRAIN_CODE": "x", "SOKETI_METRICS_ENABLED": "perhaps"} {
		s := Default()
		if _, err := s.Env(environ(map[string]string{name: value})); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	s := Default()
	if ignored, err := s.Env(environ(map[string]string{"SOKETI_MODE": "worker", "REVERB_SCALING_ENABLED": "true", "SOKETI_METRICS_PROMETHEUS_PREFIX": "x_"})); err != nil || len(ignored) != 3 {
		t.Errorf("got %v, %v", ignored, err)
	}
}

// TestEnvGoesOn: a container with the variables of soketi or Reverb, and no
// file, is as it was there, also in an image that has an address of its own.
func TestEnvGoesOn(t *testing.T) {
	t.Parallel()
	soketi := map[string]string{"SOKETI_DEFAULT_APP_ID": "1", "SOKETI_DEFAULT_APP_KEY": "k", "SOKETI_DEFAULT_APP_SECRET": "s"}
	reverb := map[string]string{"REVERB_APP_ID": "1", "REVERB_APP_KEY": "k", "REVERB_APP_SECRET": "s"}
	own := map[string]string{"PUSHER_APP_ID": "1", "PUSHER_KEY": "k", "PUSHER_SECRET": "s"}
	image := map[string]string{"THIMBLE_DEFAULT_LISTEN": "0.0.0.0:6001"}
	for _, tt := range []struct {
		name   string
		file   string
		env    []map[string]string
		listen string
		soketi bool // its defaults count
	}{
		{"own", "", []map[string]string{own}, "127.0.0.1:6001", false},
		{"own, image", "", []map[string]string{own, image}, "0.0.0.0:6001", false},
		{"own, image, told", "", []map[string]string{own, image, {"THIMBLE_LISTEN": ":7"}}, ":7", false},
		{"file, image", "listen = \":8\"", []map[string]string{own, image}, ":8", false},
		{"soketi", "", []map[string]string{soketi}, "0.0.0.0:6001", true},
		{"soketi, port", "", []map[string]string{soketi, {"SOKETI_PORT": "7001"}}, "0.0.0.0:7001", true},
		{"soketi, image", "", []map[string]string{soketi, image}, "0.0.0.0:6001", true},
		{"soketi, image, port", "", []map[string]string{soketi, image, {"SOKETI_PORT": "7001"}}, "0.0.0.0:7001", true},
		{"soketi, told", "", []map[string]string{soketi, {"THIMBLE_LISTEN": ":7"}}, ":7", true},
		{"soketi, file", "listen = \":8\"", []map[string]string{soketi}, ":8", true},
		{"soketi, file with its app", "listen = \":8\"\n[[apps]]\nid = \"1\"", []map[string]string{soketi}, ":8", false},
		{"reverb", "", []map[string]string{reverb}, "0.0.0.0:8080", false},
		{"reverb, image", "", []map[string]string{reverb, image}, "0.0.0.0:8080", false},
		{"reverb, image, port", "", []map[string]string{reverb, image, {"REVERB_SERVER_PORT": "9000"}}, "0.0.0.0:9000", false},
		{"reverb, host", "", []map[string]string{reverb, {"REVERB_SERVER_HOST": "127.0.0.1"}}, "127.0.0.1:8080", false},
		{"reverb, file", "listen = \":8\"", []map[string]string{reverb}, ":8", false},
	} {
		env := make(map[string]string)
		for _, vars := range tt.env {
			maps.Copy(env, vars)
		}
		s := Default()
		if err := s.Parse([]byte(tt.file)); err != nil {
			t.Fatal(err)
		}
		if ignored, err := s.Env(environ(env)); err != nil || len(ignored) > 0 {
			t.Errorf("%s: %v, %v", tt.name, ignored, err)
		}
		if s.Listen != tt.listen {
			t.Errorf("%s: listens on %s", tt.name, s.Listen)
		}
		app := s.Apps[0]
		if soketi := app.MaxEventData == 100<<10 && app.CacheTTL.Duration == time.Hour && s.ShutdownTimeout.Duration == 3*time.Second; soketi != tt.soketi {
			t.Errorf("%s: got %+v", tt.name, plain(s))
		}
	}
}

func TestCheckOfOperation(t *testing.T) {
	t.Parallel()
	const app = "[[apps]]\nid = \"1\"\nkey = \"a\"\nsecret = \"hidden\"\n"
	for _, tt := range []struct{ text, want string }{
		{"drain_code = 4201\n" + app, "4100 where the same server comes back, or 4200"},
		{"drain = \"-1s\"\n" + app, "drain is negative"},
		{"accept_rate = -1\n" + app, "accept_rate is negative"},
		{"[tls]\nacme_domains = [\"a.example\"]\n" + app, "acme_cache"},
		{"[tls]\nacme_cache = \"x\"\n" + app, "without acme_domains"},
		{"[tls]\nacme_domains = [\"a.example\"]\nacme_cache = \"x\"\ncertificate = \"c\"\nkey = \"k\"\n" + app, "either certificate and key, or acme_domains"},
		{"[tls]\nacme_domains = [\"a.example\"]\nacme_cache = \"x\"\n" + app, ""},
	} {
		s := Default()
		if err := s.Parse([]byte(tt.text)); err != nil {
			t.Fatal(err)
		}
		err := s.Check()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%q: got %v, want %s", tt.text, err, tt.want)
		}
	}
}
