package board

import "strings"

// Settings are what differs from one device to the next. They are strings of
// package main that the linker sets: -ldflags "-X main.key=...". It sets only
// those that are empty in the source.
type Settings struct {
	SSID     string // name of the Wi-Fi network; zero only where there is none
	Password string // of the Wi-Fi network, 8 to 63 characters; zero: it is open
	Key      string // the application's key
	Host     string // host:port of the server; without TLS it needs the port
	Auth     string // URL of the authorization endpoint
	Name     string // of the device, as the endpoint is told it; zero: that of the board
}

// Problem is a setting that is missing, or that cannot be.
type Problem struct {
	Name string // as in -X main.NAME=...
	Text string
}

// SettingsError says what is wrong with the settings, all of it at once.
type SettingsError struct{ Problems []Problem }

func (e *SettingsError) Error() string {
	text, flags := "not set up:", ""
	for _, p := range e.Problems {
		text += "\n  " + p.Name + " " + p.Text
		flags += " -X main." + p.Name + "=..."
	}
	return text + "\nbuild with -ldflags=\"" + flags[1:] + "\""
}

// Limits of Wi-Fi (IEEE 802.11, and WPA for its passphrases).
const (
	maxSSID     = 32
	minPassword = 8
	maxPassword = 63
)

// Check returns a *SettingsError, or nil, for a board with Wi-Fi or a TLS layer,
// or without. The password is in none of its texts.
func (s *Settings) Check(wifi, tls bool) error {
	var e SettingsError
	add := func(wrong bool, name, text string) {
		if wrong {
			e.Problems = append(e.Problems, Problem{name, text})
		}
	}
	if wifi {
		add(s.SSID == "", "ssid", "is missing: the name of the Wi-Fi network")
		add(len(s.SSID) > maxSSID, "ssid", "is too long: the name of a Wi-Fi network has up to 32 bytes")
		n := len(s.Password)
		add(n != 0 && (n < minPassword || n > maxPassword), "password", "has 8 to 63 characters, or is left out for an open network")
	}
	add(s.Key == "", "key", "is missing: the application's key")
	add(s.Host == "", "host", "is missing: the server's host:port, such as 192.168.1.2:6001")
	add(strings.Contains(s.Host, "/"), "host", "is host:port, such as 192.168.1.2:6001, without a scheme or a path")
	// The client would take port 80, where a broker hardly ever is.
	bare := strings.LastIndexByte(s.Host, ':') <= strings.LastIndexByte(s.Host, ']')
	add(!tls && bare && s.Host != "" && !strings.Contains(s.Host, "/"), "host", "has no port: host:port, such as 192.168.1.2:6001")
	add(s.Auth == "", "auth", "is missing: the authorization endpoint, such as http://192.168.1.2:6001/pusher/auth")
	switch {
	case strings.HasPrefix(s.Auth, "https://"):
		add(!tls, "auth", "begins with https://, but this board has no TLS: use an endpoint with http:// in your own network")
	case s.Auth != "":
		add(!strings.HasPrefix(s.Auth, "http://"), "auth", "is a URL, such as http://192.168.1.2:6001/pusher/auth")
	}
	if e.Problems == nil {
		return nil
	}
	return &e
}
