package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/server/internal/tomlfile"
)

const (
	masterOfTests = "bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW0="
	tokenOfAda    = "token-of-ada-0123456789"
)

// rulesFile is one with a user.
func rulesFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "rules.toml")
	text := "anyone = [\"private-news\"]\n[[users]]\nid = \"ada\"\ntoken = \"" + tokenOfAda + "\"\nchannels = [\"presence-*\", \"private-encrypted-*\"]\n"
	if err := tomlfile.WritePrivate(name, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAuthServer(t *testing.T) {
	addr := dev(t)
	server := background(t, "auth-server", "--addr", "127.0.0.1:0", "--key", "app-key", "--secret", "app-secret", "--master-key", masterOfTests, "--rules", rulesFile(t), "--origin", "https://app.example.com")
	url := server.await(t, "listening")["data"].(map[string]any)["url"].(string)

	sub := background(t, "subscribe", "--host", addr, "--plaintext", "--key", "app-key", "--auth-endpoint", url, "--auth-header", "authorization: Bearer "+tokenOfAda, "private-news", "presence-room", "private-encrypted-x", "private-other")
	for range 3 {
		sub.await(t, "pusher:subscription_succeeded")
	}
	if line := sub.await(t, "pusher:subscription_error"); line["channel"] != "private-other" || !strings.Contains(line["error"].(string), "403") {
		t.Errorf("line %v", line)
	}
	if out := must(t, "", append([]string{"users", "presence-room"}, to(addr)...)...); out != "ada\n" {
		t.Errorf("users: %s", out)
	}
	must(t, "", append([]string{"trigger", "private-encrypted-x", "e", "secret news", "--master-key", masterOfTests}, to(addr)...)...)
	if line := sub.await(t, "e"); line["data"] != "secret news" {
		t.Errorf("line %v", line)
	}

	request, err := http.NewRequest(http.MethodOptions, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://app.example.com")
	request.Header.Set("Access-Control-Request-Method", "POST")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if got := response.Header.Get("Access-Control-Allow-Origin"); got != "https://app.example.com" {
		t.Errorf("a page of the origin may not ask: %q", got)
	}
	server.stop(t)
	log := server.errs.String()
	if server.code != 0 || !strings.Contains(log, "no rule lets ada in") || strings.Contains(log, tokenOfAda) || strings.Contains(log, "app-secret") {
		t.Errorf("exit code %d, and %s", server.code, log)
	}
}

func TestAuthServerSaysThatItLetsEverybodyIn(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		says []string
	}{
		"here":             {[]string{"--anyone"}, []string{"INSECURE", "this machine only"}},
		"everywhere":       {[]string{"--anyone", "--addr", "0.0.0.0:0"}, []string{"INSECURE", "from other machines"}},
		"tokens, in plain": {[]string{"--rules", rulesFile(t), "--addr", "0.0.0.0:0"}, []string{"without TLS", "a proxy"}},
	} {
		r := background(t, append([]string{"auth-server", "--key", "k", "--secret", "s", "--addr", "127.0.0.1:0"}, test.args...)...)
		text := r.await(t, "insecure")["data"].(string)
		for _, want := range test.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %q", name, want, text)
			}
		}
		r.await(t, "listening")
	}
}

func TestWrongAuthServer(t *testing.T) {
	credentials := []string{"--key", "k", "--secret", "s"}
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"nobody may join":   {credentials, "say who may join: --rules with a file, or --anyone for development"},
		"everybody and not": {append(credentials, "--anyone", "--rules", "x"), "leave one of them out"},
		"no secret":         {[]string{"--key", "k", "--anyone"}, "--secret (PUSHER_SECRET)"},
		"no file":           {append(credentials, "--rules", "/no/such/file"), "there is no file /no/such/file"},
		"no origin":         {append(credentials, "--anyone", "--origin", "app.example.com"), "https://host"},
		"no master key":     {append(credentials, "--anyone", "--master-key", "x"), "openssl rand -base64 32"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := call(append([]string{"auth-server"}, test.args...)...)
			if code != 2 || !strings.Contains(errs, test.says) || strings.Count(errs, "\n") != 1 {
				t.Errorf("exit code %d, want 2 with %q: %s", code, test.says, errs)
			}
		})
	}
}
