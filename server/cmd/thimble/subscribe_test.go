package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// to is where the broker that dev starts is, and with what credentials.
func to(addr string) []string {
	return []string{"--host", addr, "--plaintext", "--app-id", "app-id", "--key", "app-key", "--secret", "app-secret"}
}

func TestSubscribeCount(t *testing.T) {
	addr := dev(t)
	sub := background(t, append([]string{"subscribe", "news", "--count", "2"}, to(addr)...)...)
	sub.await(t, "pusher:subscription_succeeded")
	for _, data := range []string{"1", "2"} {
		must(t, "", append([]string{"trigger", "news", "tick", data}, to(addr)...)...)
	}
	for _, data := range []string{"1", "2"} {
		if line := sub.await(t, "tick"); line["data"] != data {
			t.Errorf("line %v", line)
		}
	}
	<-sub.done
	if sub.code != 0 || sub.errs.String() != "" {
		t.Errorf("exit code %d: %s", sub.code, sub.errs.String())
	}
}

// TestSubscribeCountsWhatIsPublished: what a server says of its own accord is
// shown, and is not what was waited for.
func TestSubscribeCountsWhatIsPublished(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "thimble.toml"), "[[apps]]\nid = \"app-id\"\nkey = \"app-key\"\nsecret = \"app-secret\"\nsubscription_counts = true\n")
	addr := addressOf(t, background(t, "serve", "--config", file, "--addr", "127.0.0.1:0"))
	sub := background(t, append([]string{"subscribe", "news", "cache-empty", "--count", "1"}, to(addr)...)...)
	sub.await(t, "pusher:subscription_count")
	sub.await(t, "pusher:cache_miss")
	must(t, "", append([]string{"trigger", "news", "tick", "1"}, to(addr)...)...)
	sub.await(t, "tick")
	<-sub.done
	if sub.code != 0 || sub.errs.String() != "" {
		t.Errorf("exit code %d: %s", sub.code, sub.errs.String())
	}
}

func TestSubscribeEndings(t *testing.T) {
	addr := dev(t)
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"all are confirmed":           {[]string{"news", "private-a", "presence-b", "--exit-on-subscribed"}, 0, "subscribed to presence-b"},
		"confirmed in time":           {[]string{"news", "--exit-on-subscribed", "--timeout", "30s"}, 0, "subscribed to news"},
		"one is refused":              {[]string{"news", "private-encrypted-a", "--exit-on-subscribed"}, 3, "master key"},
		"too few":                     {[]string{"news", "--count", "3", "--timeout", "1ms"}, 4, "0 of 3 events came within 1ms"},
		"not confirmed in time":       {[]string{"news", "--host", "127.0.0.1:1", "--exit-on-subscribed", "--timeout", "1ms"}, 4, "0 of 1 channels were confirmed within 1ms"},
		"time is up, nothing awaited": {[]string{"news", "--timeout", "2s"}, 0, "subscribed to news"},
		"never got there":             {[]string{"news", "--host", "127.0.0.1:1", "--timeout", "50ms"}, 4, "no channel was confirmed within 50ms"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := call(append(append([]string{"subscribe"}, to(addr)...), test.args...)...)
			if code != test.code || !strings.Contains(errs, test.says) {
				t.Errorf("exit code %d, want %d with %q: %s", code, test.code, test.says, errs)
			}
		})
	}
}
