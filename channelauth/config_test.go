package channelauth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
)

func TestNewHandlerChecksConfig(t *testing.T) {
	t.Parallel()
	origin := func(s string) func(*channelauth.Config) {
		return func(c *channelauth.Config) { c.AllowedOrigins = []string{"https://good.example", s} }
	}
	tests := []struct {
		name   string
		change func(*channelauth.Config)
		says   string // empty: accepted
	}{
		{"complete", func(*channelauth.Config) {}, ""},
		{"no key", func(c *channelauth.Config) { c.Key = "" }, "key"},
		{"no secret", func(c *channelauth.Config) { c.Secret = "" }, "secret"},
		{"colon in key", func(c *channelauth.Config) { c.Key = "a:b" }, "colon"},
		{"no callback", func(c *channelauth.Config) { c.Authorize = nil }, "Config.Authorize"},
		{"master key", func(c *channelauth.Config) { c.EncryptionMasterKey = masterKey }, ""},
		{"short master key", func(c *channelauth.Config) { c.EncryptionMasterKey = masterKey[:31] }, "31"},
		{"master key in base64", func(c *channelauth.Config) { c.EncryptionMasterKey = make([]byte, 44) }, "base64"},
		{"origin with port", origin("http://localhost:3000"), ""},
		{"origin by address", origin("http://[::1]:3000"), ""},
		{"wildcard", origin("*"), `"*"`},
		{"null origin", origin("null"), `"null"`},
		{"empty origin", origin(""), `""`},
		{"origin without scheme", origin("example.com"), "https://host"},
		{"origin with slash", origin("https://example.com/"), "without a path"},
		{"origin with path", origin("https://example.com/app"), "without a path"},
		{"origin in capitals", origin("https://Example.com"), "lower case"},
		{"origin with user", origin("https://a@example.com"), "https://host"},
		{"origin with usual port", origin("https://example.com:443"), "usual port"},
		{"origin of another scheme", origin("file://x"), "https://host"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			config := channelauth.Config{Key: docKey, Secret: docSecret, Authorize: grant(channelauth.Grant{}, nil)}
			tt.change(&config)
			h, err := channelauth.NewHandler(config)
			if tt.says == "" {
				if err != nil || h == nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v, want an error that says %s", err, tt.says)
			}
			if strings.Contains(err.Error(), docSecret) || strings.Contains(err.Error(), string(masterKey[:31])) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
	if _, err := channelauth.NewHandler(channelauth.Config{}); !errors.Is(err, channelauth.ErrCredentials) {
		t.Errorf("an empty configuration: got %v", err)
	}
}

// The configuration is read once: changing it later changes nothing.
func TestNewHandlerCopiesConfig(t *testing.T) {
	t.Parallel()
	config := channelauth.Config{
		Key: docKey, Secret: docSecret, Authorize: grant(channelauth.Grant{}, nil),
		EncryptionMasterKey: []byte(string(masterKey)),
		AllowedOrigins:      []string{"https://app.example"},
	}
	h, err := channelauth.NewHandler(config)
	if err != nil {
		t.Fatal(err)
	}
	config.AllowedOrigins[0] = "https://evil.example"
	clear(config.EncryptionMasterKey)

	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("socket_id=1.2&channel_name=private-encrypted-a"))
	r.Header.Set("Content-Type", formType)
	r.Header.Set("Origin", "https://evil.example")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got := w.Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("allowed %s", got)
	}
	if got := fields(t, w)["shared_secret"]; got != channelauth.SharedSecret("private-encrypted-a", masterKey) {
		t.Error("the master key changed")
	}
}
