package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// column returns one value of each line of JSON.
func column(t *testing.T, out, name string) (values []any) {
	t.Helper()
	for line := range strings.Lines(out) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		values = append(values, object[name])
	}
	return values
}

func TestChannelsAndUsers(t *testing.T) {
	addr := dev(t)
	if out := must(t, "", append([]string{"channels"}, to(addr)...)...); !strings.Contains(out, "no channel has subscribers") {
		t.Errorf("nobody: %s", out)
	}
	for _, id := range []string{"zoe", "ann"} {
		sub := background(t, append([]string{"subscribe", "presence-room", "cache-news", "--user-id", id}, to(addr)...)...)
		sub.await(t, "pusher:subscription_succeeded")
		sub.await(t, "pusher:subscription_succeeded")
	}
	must(t, "", append([]string{"trigger", "cache-news", "e", "the last"}, to(addr)...)...)
	for name, test := range map[string]struct {
		args  []string
		wants []string
		not   string
	}{
		"all":                     {[]string{"channels"}, []string{"CHANNEL\n", "cache-news\n", "presence-room\n"}, "USERS"},
		"with a prefix":           {[]string{"channels", "--prefix", "presence-"}, []string{"presence-room  2"}, "cache-news"},
		"with counts":             {[]string{"channels", "--info", "subscription_count"}, []string{"cache-news     2", "presence-room"}, "USERS"},
		"a prefix of none":        {[]string{"channels", "--prefix", "private-"}, []string{"no channel has subscribers, of those that begin with private-"}, "CHANNEL"},
		"one":                     {[]string{"channels", "presence-room"}, []string{"occupied  yes", "users     2"}, "cache"},
		"one with its last event": {[]string{"channels", "cache-news", "--info", "cache,subscription_count"}, []string{"the last", "subscriptions  2"}, "users"},
		"one that nobody is on":   {[]string{"channels", "elsewhere"}, []string{"occupied  no"}, "users"},
		"users":                   {[]string{"users", "presence-room"}, []string{"ann\nzoe\n"}, "presence"},
	} {
		out := must(t, "", append(test.args, to(addr)...)...)
		for _, want := range test.wants {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", name, want, out)
			}
		}
		if strings.Contains(out, test.not) {
			t.Errorf("%s: there is %q in\n%s", name, test.not, out)
		}
	}
	out := must(t, "", append([]string{"channels", "--json", "--prefix", "presence-"}, to(addr)...)...)
	if got := column(t, out, "user_count"); len(got) != 1 || got[0] != 2.0 {
		t.Errorf("as JSON: %s", out)
	}
	if got := column(t, must(t, "", append([]string{"users", "presence-room", "--json"}, to(addr)...)...), "id"); len(got) != 2 || got[0] != "ann" {
		t.Errorf("users as JSON: %v", got)
	}
	if out := must(t, "", append([]string{"terminate", "ann"}, to(addr)...)...); !strings.Contains(out, "connections of ann") {
		t.Errorf("terminate: %s", out)
	}
}

func TestWrongChannels(t *testing.T) {
	addr := dev(t)
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"unknown attribute":       {[]string{"channels", "--info", "colour"}, 2, "not one of user_count, subscription_count, cache"},
		"users of any":            {[]string{"channels", "--info", "user_count"}, 2, "a --prefix that begins with presence-"},
		"users of a public one":   {[]string{"channels", "news", "--info", "user_count"}, 2, "for presence channels only"},
		"cache of all":            {[]string{"channels", "--info", "cache"}, 2, "give its NAME"},
		"prefix of one":           {[]string{"channels", "news", "--prefix", "n"}, 2, "leave out either"},
		"who is on no channel":    {[]string{"users"}, 2, "missing argument CHANNEL"},
		"who is on a public one":  {[]string{"users", "news"}, 2, "only presence channels have users"},
		"nobody to terminate":     {[]string{"terminate"}, 2, "missing argument USER"},
		"a user who cannot be":    {[]string{"terminate", "a b"}, 3, "user id"},
		"cache of a plain one":    {[]string{"channels", "news", "--info", "cache"}, 3, "cache channels"},
		"another secret":          {[]string{"channels", "--secret", "wrong-secret"}, 3, "check the key, the secret and this machine's clock"},
		"another app":             {[]string{"users", "presence-a", "--app-id", "other"}, 3, "check the application id"},
		"nobody is there":         {[]string{"channels", "--host", "127.0.0.1:1"}, 1, "refused"},
		"a name without a server": {[]string{"terminate", "x", "--host", "no.such.host.invalid"}, 1, "check"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append(test.args[:1:1], append(to(addr), test.args[1:]...)...)
			code, _, errs := call(args...)
			if code != test.code || !strings.Contains(errs, test.says) || strings.Count(errs, "\n") != 1 {
				t.Errorf("exit code %d, want %d with %q: %s", code, test.code, test.says, errs)
			}
			if strings.Contains(errs, "app-secret") || strings.Contains(errs, "wrong-secret") {
				t.Errorf("the secret is shown: %s", errs)
			}
		})
	}
}
