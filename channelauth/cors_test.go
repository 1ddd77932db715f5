package channelauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	list := []string{"https://app.example", "http://localhost:3000"}
	tests := []struct {
		name, method, origin string
		allowed              []string
		status               int
		allow                string // Access-Control-Allow-Origin
		vary                 bool
	}{
		{"no list, no origin", "POST", "", nil, 200, "", false},
		{"no list, some origin", "POST", "https://app.example", nil, 200, "", false},
		{"no list, preflight", "OPTIONS", "https://app.example", nil, 405, "", false},
		{"listed", "POST", "https://app.example", list, 200, "https://app.example", true},
		{"listed with port", "POST", "http://localhost:3000", list, 200, "http://localhost:3000", true},
		{"same origin", "POST", "", list, 200, "", true},
		{"not listed", "POST", "https://evil.example", list, 200, "", true},
		{"suffix of a listed one", "POST", "https://app.example.evil", list, 200, "", true},
		{"null", "POST", "null", list, 200, "", true},
		{"preflight, listed", "OPTIONS", "https://app.example", list, 204, "https://app.example", true},
		{"preflight, not listed", "OPTIONS", "https://evil.example", list, 403, "", true},
		{"preflight, no origin", "OPTIONS", "", list, 403, "", true},
		{"wrong method, listed", "GET", "https://app.example", list, 405, "https://app.example", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHandler(t, func(c *channelauth.Config) { c.AllowedOrigins = tt.allowed })
			r := httptest.NewRequest(tt.method, "/", strings.NewReader("socket_id=1.2&channel_name=private-a"))
			r.Header.Set("Content-Type", formType)
			r.Header.Set("Access-Control-Request-Headers", "authorization,x-csrf-token")
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)

			header := w.Header()
			if w.Code != tt.status {
				t.Errorf("got status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if got := header.Get("Access-Control-Allow-Origin"); got != tt.allow {
				t.Errorf("allowed origin %q, want %q", got, tt.allow)
			}
			if got := header.Get("Access-Control-Allow-Credentials") == "true"; got != (tt.allow != "") {
				t.Errorf("credentials allowed: %v", got)
			}
			if got := strings.Contains(strings.Join(header.Values("Vary"), ","), "Origin"); got != tt.vary {
				t.Errorf("Vary is %q", header.Values("Vary"))
			}
			if tt.status == http.StatusNoContent {
				if header.Get("Access-Control-Allow-Methods") != "POST" ||
					header.Get("Access-Control-Allow-Headers") != "authorization,x-csrf-token" ||
					header.Get("Access-Control-Max-Age") == "" || w.Body.Len() != 0 {
					t.Errorf("the preflight answers %v %q", header, w.Body)
				}
				return
			}
			if header.Get("Access-Control-Allow-Headers") != "" {
				t.Errorf("headers allowed: %v", header)
			}
			fields(t, w)
		})
	}
}
