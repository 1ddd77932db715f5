package board

import (
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	good := Settings{SSID: "home", Password: "long enough", Key: "k", Host: "10.0.0.1:6001", Auth: "http://10.0.0.1/auth"}
	for name, test := range map[string]struct {
		change    func(*Settings)
		tls, ok   bool
		names     string
		says      string
		noStation bool
	}{
		"good":              {func(*Settings) {}, false, true, "", "", false},
		"open network":      {func(s *Settings) { s.Password = "" }, false, true, "", "", false},
		"no Wi-Fi needed":   {func(s *Settings) { s.SSID, s.Password = "", "x" }, false, true, "", "", true},
		"TLS":               {func(s *Settings) { s.Auth = "https://a/auth" }, true, true, "", "", false},
		"nothing":           {func(s *Settings) { *s = Settings{} }, false, false, "ssid key host auth", "is missing", false},
		"long ssid":         {func(s *Settings) { s.SSID = strings.Repeat("x", 33) }, false, false, "ssid", "up to 32", false},
		"short password":    {func(s *Settings) { s.Password = "secret" }, false, false, "password", "8 to 63", false},
		"long password":     {func(s *Settings) { s.Password = strings.Repeat("s", 64) }, false, false, "password", "8 to 63", false},
		"host is a URL":     {func(s *Settings) { s.Host = "ws://10.0.0.1" }, false, false, "host", "without a scheme", false},
		"host without port": {func(s *Settings) { s.Host = "127.0.0.1" }, false, false, "host", "has no port: host:port, such as", false},
		"IPv6, no port":     {func(s *Settings) { s.Host = "[fd00::1]" }, false, false, "host", "has no port", false},
		"IPv6":              {func(s *Settings) { s.Host = "[fd00::1]:6001" }, false, true, "", "", false},
		"TLS has a port":    {func(s *Settings) { s.Host = "ws-eu.pusher.com" }, true, true, "", "", false},
		"auth without TLS":  {func(s *Settings) { s.Auth = "https://a/auth" }, false, false, "auth", "no TLS", false},
		"auth is no URL":    {func(s *Settings) { s.Auth = "10.0.0.1/auth" }, false, false, "auth", "is a URL", false},
	} {
		s := good
		test.change(&s)
		err := s.Check(!test.noStation, test.tls)
		if test.ok {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		wrong, ok := err.(*SettingsError)
		if !ok {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var names []string
		for _, p := range wrong.Problems {
			names = append(names, p.Name)
			if !strings.Contains(err.Error(), " -X main."+p.Name+"=...") && !strings.Contains(err.Error(), `"-X main.`+p.Name+"=...") {
				t.Errorf("%s: it does not say how to give %s: %v", name, p.Name, err)
			}
		}
		if got := strings.Join(names, " "); got != test.names || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %s: %v", name, got, err)
		}
		if s.Password != "" && strings.Contains(err.Error(), s.Password) {
			t.Errorf("%s: the password is shown", name)
		}
	}
}
