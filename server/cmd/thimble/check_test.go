package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	addr := dev(t)
	page := httptest.NewServer(http.NotFoundHandler())
	defer page.Close()
	for name, test := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"everything":      {to(addr), 0, []string{"ok       delivery: an event that was published came", "ok       client-events: ", "nothing is wrong"}},
		"a key alone":     {[]string{"--host", addr, "--plaintext", "--key", "app-key"}, 0, []string{"skipped  api: without --app-id and --secret", "nothing is wrong"}},
		"wrong key":       {append(to(addr), "--key", "nope"), 3, []string{"failed   key: the server refuses the connection with 4001", "check --key", "skipped  ping: it needs key"}},
		"wrong secret":    {append(to(addr), "--secret", "wrong-secret"), 3, []string{"failed   api: the HTTP API answers 401: the signature does not match; check --secret"}},
		"nobody there":    {append(to(addr), "--host", "127.0.0.1:1"), 1, []string{"failed   tcp: nothing listens at 127.0.0.1:1", "skipped  upgrade: it needs tcp"}},
		"TLS, not spoken": {append(to(addr), "--plaintext=false"), 1, []string{"failed   tls: the server does not speak TLS on this port", "add --plaintext"}},
		"no endpoint":     {append(to(addr), "--auth-endpoint", page.URL, "--auth-header", "Authorization: Bearer abcdef"), 1, []string{"failed   authorization private-thimble-check: the endpoint answers 404"}},
		"given channels":  {append(to(addr), "--channel", "news", "--channel", "presence-a"), 0, []string{"ok       subscription presence-a", "skipped  delivery: nothing is published on channels of yours"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := call(append([]string{"check"}, test.args...)...)
			if code != test.code || code != 0 && !strings.Contains(errs, "steps failed") {
				t.Errorf("exit code %d, want %d: %s%s", code, test.code, out, errs)
			}
			for _, want := range test.says {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			for _, secret := range []string{"app-secret", "wrong-secret", "abcdef"} {
				if strings.Contains(out+errs, secret) {
					t.Errorf("%s is shown in\n%s%s", secret, out, errs)
				}
			}
		})
	}
	_, out, _ := call(append([]string{"check", "--json"}, to(addr)...)...)
	steps := 0
	for line := range strings.Lines(out) {
		var step struct{ Step, Status, Text string }
		if err := json.Unmarshal([]byte(line), &step); err != nil || step.Step == "" || step.Status == "" || step.Text == "" {
			t.Errorf("%v: %s", err, line)
		}
		steps++
	}
	if steps != 12 {
		t.Errorf("%d steps as JSON:\n%s", steps, out)
	}
}

func TestCheckWrongUsage(t *testing.T) {
	for says, args := range map[string][]string{
		"--key (PUSHER_KEY)": {"--cluster", "eu"},
		"--channel: ":        {"--cluster", "eu", "--key", "k", "--channel", "two words"},
		"not negative":       {"--cluster", "eu", "--key", "k", "--timeout", "-1s"},
		"--key has":          {"--cluster", "eu", "--key", "k/x"},
		"takes no argument":  {"what"},
	} {
		if code, _, errs := call(append([]string{"check"}, args...)...); code != 2 || !strings.Contains(errs, says) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d, want 2 with %q: %s", args, code, says, errs)
		}
	}
}

func TestCheckInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if code := run(ctx, []string{"check", "--cluster", "eu", "--key", "k"}, io.Discard, io.Discard); code != 0 {
		t.Errorf("Ctrl-C: exit code %d", code)
	}
}
