package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestTextIsTheDefault reads what "config default" writes: it has every field,
// and says what counts without it.
func TestTextIsTheDefault(t *testing.T) {
	t.Parallel()
	var got Settings
	if err := got.Parse([]byte(Text())); err != nil {
		t.Fatalf("%v in\n%s", err, Text())
	}
	if len(got.Apps) != 1 {
		t.Fatalf("%d apps", len(got.Apps))
	}
	app := got.Apps[0]
	got.Apps = nil
	if want := Default(); fmt.Sprintf("%+v", plain(got)) != fmt.Sprintf("%+v", plain(want)) {
		t.Errorf("got  %+v\nwant %+v", plain(got), plain(want))
	}
	if app.Secret != "" || app.ID == "" || app.Key == "" {
		t.Error("the secret is to be chosen")
	}
	for _, v := range []any{Settings{}, App{}, TLS{}, Webhook{}} {
		for i := range reflect.TypeOf(v).NumField() {
			name := reflect.TypeOf(v).Field(i).Tag.Get("toml")
			if name == "" || !strings.Contains(Text(), name) {
				t.Errorf("%q is missing", name)
			}
		}
	}
}

// plain is without the methods that hide things.
func plain(s Settings) any {
	type bare Settings
	return bare(s)
}

func TestParse(t *testing.T) {
	t.Parallel()
	s := Default()
	err := s.Parse([]byte(`
listen = ":80"
activity_timeout = "30s"
trusted_proxies = ["10.0.0.1", "192.168.1.1/16"]
[tls]
certificate = "c"
key = "k"
[[apps]]
id = "1"
key = "a"
secret = "x"
client_events = true
origins = ["https://a.example"]
[[apps.keys]]
key = "b"
secret = "y"
[[apps.webhooks]]
url = "https://a.example/hook"
events = ["channel_occupied"]
channel_prefix = "presence-"
headers = { Authorization = "Bearer z" }
batch = true
timeout = "3s"
[[apps]]
id = "2"
key = "c"
secret = "z"
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	c := s.Broker()
	if s.Listen != ":80" || c.ActivityTimeout != 30*time.Second || c.PongTimeout != 30*time.Second || fmt.Sprint(c.TrustedProxies) != "[10.0.0.1/32 192.168.0.0/16]" {
		t.Errorf("got %+v", c)
	}
	if w := c.Apps[0].Webhooks; len(w) != 1 || w[0].URL != "https://a.example/hook" || w[0].ChannelPrefix != "presence-" || w[0].Headers["Authorization"] != "Bearer z" || !w[0].Batch || w[0].Timeout != 3*time.Second {
		t.Errorf("got %d webhooks", len(w))
	}
	if len(c.Apps) != 2 || !c.Apps[0].ClientEvents || c.Apps[0].MoreKeys[0].Secret != "y" || c.Apps[1].ClientEvents {
		t.Errorf("got %+v", c.Apps)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{"listen = 1", "1:10: "},
		{"\nlisten = :80", "2:10: "},
		{"max_conections = 1", "1:1: there is no field max_conections; max_connections may be meant"},
		{"[[apps]]\nid = \"1\"\nsecrets = \"x\"", "3:1: there is no field apps.secrets; secret may be meant"},
		{"something_else = 1", "thimble config default shows all"},
		{"activity_timeout = \"soon\"", "1:20: \"soon\" is no duration"},
		{"# one\nactivity_timeout = 30\n# three\nlisten = 5", "2: \"30\" is no duration"},
		{"listen = \"x\"\ntrusted_proxies = [\n\"::1\",\n\"here\"]\n\n", "4:1: \"here\" is no address and no network"},
		{"max_connections = \"many\"", "1:19: "},
		{"listen = \"a\"\nlisten = \"b\"", "key listen is already defined"},
	} {
		s := Default()
		err := s.Parse([]byte(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "toml:") || strings.Contains(err.Error(), "settings.") {
			t.Errorf("%q: got %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const app = "[[apps]]\nid = \"1\"\nkey = \"a\"\nsecret = \"hidden\"\n"
	for _, tt := range []struct{ text, want string }{
		{"", "there is no app"},
		{"log_level = \"loud\"\n" + app, "debug, info, warn, error"},
		{"log_format = \"xml\"\n" + app, "text or json"},
		{"listen = \"6001\"\n" + app, `listen: "6001" is no host:port, such as 127.0.0.1:6001`},
		{"listen = \"0.0.0.0:x\"\n" + app, `listen: "0.0.0.0:x" is no host:port`},
		{"metrics_listen = \"127.0.0.1:99999\"\n" + app, `metrics_listen: "127.0.0.1:99999" is no host:port`},
		{"[tls]\nkey = \"k\"\n" + app, "certificate"},
		{"activity_timeout = \"10ms\"\n" + app, "activity_timeout is 10ms"},
		{"max_connections_per_ip = -1\n" + app, "max_connections_per_ip is negative"},
		{app + app, `apps[1]: another app has the id "1"`},
		{"[[apps]]\nid = \"1\"\nkey = \"a\"", "apps[0]: the secret is empty"},
		{app + "max_members = -1", "max_members is negative"},
		{app + "[[apps.webhooks]]", "apps[0]: in webhooks[0]: the url is empty"},
		{app + "[[apps.webhooks]]\nurl = \"ftp://hidden\"", "webhooks[0]: the url is not of the form https://"},
		{app + "[[apps.webhooks]]\nurl = \"http://a\"\nevents = [\"channel_empty\"]", "the events have \"channel_empty\", which is none of channel_occupied,"},
		{app + "[[apps.webhooks]]\nurl = \"http://a\"\nheaders = { x-pusher-key = \"hidden\" }", "headers: the header x-pusher-key is set"},
		{app + "[[apps.webhooks]]\nurl = \"http://a\"\ntimeout = \"-1s\"", "timeout is negative"},
		{"max_message = 100\n" + app, "max_message is 100; use at least 4096"},
		{"queue_bytes = 10\n" + app, "queue_bytes is 10; use at least 4096"},
		{app + "max_event_data = 2000000000", "apps[0]: max_event_data is 2000000000; use at most 1073741824"},
		{"webhook_queue_bytes = -1\n" + app, "webhook_queue_bytes is negative"},
	} {
		s := Default()
		if err := s.Parse([]byte(tt.text)); err != nil {
			t.Fatal(err)
		}
		err := s.Check()
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: got %v, want %s", tt.text, err, tt.want)
		}
	}
}

// TestNotes: what is no mistake for certain, and yet cannot be meant.
func TestNotes(t *testing.T) {
	t.Parallel()
	app := func(id, more string) string {
		return "[[apps]]\nid = \"" + id + "\"\nkey = \"" + id + "\"\nsecret = \"hidden\"\n" + more + "\n"
	}
	for _, tt := range []struct{ text, want string }{
		{app("1", "client_events = true"), "[]"},
		{"max_message = 20000\n" + app("1", "client_events = true"), "[]"},
		{"max_message = 10000\n" + app("1", ""), "[]"}, // nobody sends events
		{"max_message = 10000\n" + app("1", "client_events = true"), `[max_message is 10000, and the app "1" takes client events with 10240 bytes of data: who sends such a one is cut off with 1009; leave max_message out, and it is as large as the apps need it]`},
		{"max_message = 70000\n" + app("1", "client_events = true") + app("2", "client_events = true\nmax_event_data = 100000"), `[max_message is 70000, and the app "2" takes client events with 100000 bytes of data: who sends such a one is cut off with 1009; leave max_message out, and it is as large as the apps need it]`},
	} {
		s := Default()
		if err := s.Parse([]byte(tt.text)); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(s.Notes()); got != tt.want {
			t.Errorf("%q: got %s", tt.text, got)
		}
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "thimble.toml")
	s := Default()
	if err := s.File(name); err == nil || !strings.Contains(err.Error(), "thimble config default") {
		t.Errorf("got %v", err)
	}
	if err := s.File(dir); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(name, []byte("x = 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.File(name); err == nil || !strings.HasPrefix(err.Error(), name+":1:1: there is no field x") {
		t.Errorf("got %v", err)
	}
}

func TestEnv(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		env  map[string]string
		want func(*Settings) bool
	}{
		{"own", map[string]string{"THIMBLE_LISTEN": ":1", "THIMBLE_MAX_CONNECTIONS": "7", "PUSHER_APP_ID": "1", "PUSHER_KEY": "k", "PUSHER_SECRET": "s"}, func(s *Settings) bool {
			return s.Listen == ":1" && s.MaxConnections == 7 && s.Apps[0].ID == "1" && s.Apps[0].Key == "k" && s.Apps[0].Secret == "s"
		}},
		{"soketi", map[string]string{"SOKETI_PORT": "6002", "SOKETI_DEBUG": "1", "SOKETI_DEFAULT_APP_ID": "1", "SOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES": "true", "SOKETI_DEFAULT_APP_MAX_CONNS": "-1", "SOKETI_EVENT_MAX_PAYLOAD_IN_KB": "0.5", "SOKETI_CHANNEL_CACHE_TTL": "60"}, func(s *Settings) bool {
			a := s.Apps[0]
			return s.Listen == "0.0.0.0:6002" && s.LogLevel == "debug" && a.ID == "1" && a.ClientEvents && a.MaxConnections == 0 && a.MaxEventData == 512 && a.CacheTTL == (Duration{time.Minute})
		}},
		{"soketi, disabled", map[string]string{"SOKETI_DEFAULT_APP_ENABLED": "false"}, func(s *Settings) bool { return s.Apps[0].Disabled }},
		{"reverb", map[string]string{"REVERB_SERVER_HOST": "127.0.0.1", "REVERB_SERVER_PORT": "8080", "REVERB_APP_KEY": "k", "REVERB_APP_ACTIVITY_TIMEOUT": "30"}, func(s *Settings) bool {
			return s.Listen == "127.0.0.1:8080" && s.Apps[0].Key == "k" && s.Apps[0].ClientEvents && s.ActivityTimeout == (Duration{30 * time.Second})
		}},
		{"reverb without client events", map[string]string{"REVERB_APP_KEY": "k", "REVERB_APP_ACCEPT_CLIENT_EVENTS_FROM": "none"}, func(s *Settings) bool { return !s.Apps[0].ClientEvents }},
		{"own over others", map[string]string{"REVERB_APP_KEY": "r", "SOKETI_DEFAULT_APP_KEY": "s", "PUSHER_KEY": "p", "SOKETI_PORT": "1", "THIMBLE_LISTEN": ":2"}, func(s *Settings) bool {
			return s.Apps[0].Key == "p" && s.Listen == ":2"
		}},
		{"webhooks of soketi", map[string]string{"SOKETI_WEBHOOKS_BATCHING": "1", "SOKETI_DEFAULT_APP_WEBHOOKS": `[{"url":"https://a.example","event_types":["channel_occupied","client_event"],` +
			`"filter":{"channel_name_starts_with":"beta-","channel_name_ends_with":"-app"},"headers":{"X-Own":"yes"}},{"url":"https://b.example","event_types":["member_added"]}]`}, func(s *Settings) bool {
			hooks := fmt.Sprintf("%+v", s.Apps[0].Webhooks)
			return hooks == "[{URL:https://a.example Events:[channel_occupied client_event] ChannelPrefix:beta- ChannelSuffix:-app Headers:map[X-Own:yes] Batch:true Timeout:0s} "+
				"{URL:https://b.example Events:[member_added] ChannelPrefix: ChannelSuffix: Headers:map[] Batch:true Timeout:0s}]"
		}},
		{"nothing", nil, func(s *Settings) bool { return len(s.Apps) == 0 }},
	} {
		s := Default()
		_, err := s.Env(func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok })
		if err != nil || !tt.want(&s) {
			t.Errorf("%s: got %+v, %v", tt.name, plain(s), err)
		}
	}
	s := Default()
	env := map[string]string{"SOKETI_DEFAULT_APP_MAX_CONNS": "many"}
	if _, err := s.Env(func(name string) (string, bool) { v, ok := env[name]; return v, ok }); err == nil || err.Error() != `SOKETI_DEFAULT_APP_MAX_CONNS: "many" is no number` {
		t.Errorf("got %v", err)
	}
	for text, want := range map[string]string{
		`{"url":"hidden"}`: "no list of webhooks", `[{"url":["hidden"]}]`: "no list of webhooks", `[{"lambda_function":"hidden"}]`: "Lambda",
	} {
		env = map[string]string{"SOKETI_DEFAULT_APP_WEBHOOKS": text}
		if _, err := s.Env(func(name string) (string, bool) { v, ok := env[name]; return v, ok }); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: got %v", text, err)
		}
	}
	s = Default()
	env = map[string]string{"SOKETI_ADAPTER_DRIVER": "redis"}
	if ignored, err := s.Env(func(name string) (string, bool) { v, ok := env[name]; return v, ok }); err != nil || fmt.Sprint(ignored) != "[SOKETI_ADAPTER_DRIVER]" {
		t.Errorf("got %v, %v", ignored, err)
	}
}

// TestEnvIsForOneApp: what names no app is taken for none of several.
func TestEnvIsForOneApp(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"PUSHER_APP_ID": "x", "PUSHER_KEY": "x", "PUSHER_SECRET": "hidden",
		"SOKETI_DEFAULT_APP_KEY": "x", "SOKETI_DEFAULT_APP_SECRET": "hidden", "SOKETI_DEFAULT_APP_ENABLED": "false", "SOKETI_EVENT_MAX_SIZE_IN_KB": "20",
		"SOKETI_DEFAULT_APP_WEBHOOKS": `[{"url":"https://hidden.example"}]`, "SOKETI_WEBHOOKS_BATCHING": "true", "SOKETI_DEFAULT_APP_USER_AUTHENTICATION": "true",
		"REVERB_APP_KEY": "x", "REVERB_APP_MAX_CONNECTIONS": "1",
	} {
		s := Default()
		s.Apps = []App{{ID: "1", Key: "a", Secret: "s", Webhooks: []Webhook{{URL: "https://a.example"}}}, {ID: "2", Key: "b", Secret: "s"}}
		before := fmt.Sprintf("%+v", plain(s))
		_, err := s.Env(environ(map[string]string{name: value}))
		if err == nil || !strings.HasPrefix(err.Error(), name+" is for one app, and the settings have 2: ") || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: got %v", name, err)
		}
		if after := fmt.Sprintf("%+v", plain(s)); after != before {
			t.Errorf("%s: got %s", name, after)
		}
	}
	s := Default()
	s.Apps = []App{{ID: "1", Key: "a"}}
	if _, err := s.Env(environ(map[string]string{"PUSHER_SECRET": "s"})); err != nil || s.Apps[0].Secret != "s" || s.Apps[0].ID != "1" {
		t.Errorf("got %+v, %v", plain(s), err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(Text()))
	f.Add([]byte("[[apps]]\nid = \"1\"\n[[apps.keys]]\nkey = \"b\""))
	f.Add([]byte("[[apps.keys]]\nkey = \"b\"\n[[apps]]"))
	f.Add([]byte("activity_timeout = \"1h\"\ntrusted_proxies = [\"::1/128\"]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := Default()
		if s.Parse(text) == nil {
			_ = s.Check()
		}
	})
}
