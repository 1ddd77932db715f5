package demo

import (
	"strings"
	"testing"
)

// The hosted service is not contacted by tests; what can be seen is that all
// that is printed points there, and that a real secret is not part of it.
func TestHostedServiceIsNamedEverywhere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config Config
		want   []string
	}{
		"cluster": {
			Config{AppID: "3", Key: "k", Secret: "very-secret", Cluster: "eu", Command: "thimble"},
			[]string{"wss://ws-eu.pusher.com/app/k", `cluster: "eu"`, "https://api-eu.pusher.com", "/apps/3/events", "subscribe --cluster eu", "$PUSHER_SECRET"},
		},
		"host with TLS": {
			Config{Key: "k", Secret: "very-secret", Host: "ws.example.com", Command: "thimble"},
			[]string{"wss://ws.example.com/app/k", `wsHost: "ws.example.com"`, "wssPort: 443", "https://ws.example.com", "/apps/$PUSHER_APP_ID/events", "subscribe --host ws.example.com --key"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &Demo{config: test.config, address: "127.0.0.1:6001"}
			box := d.Box()
			for _, want := range test.want {
				if !strings.Contains(box, want) {
					t.Errorf("the box lacks %q:\n%s", want, box)
				}
			}
			if strings.Contains(box, "very-secret") {
				t.Error("the box shows a real secret")
			}
		})
	}
}
