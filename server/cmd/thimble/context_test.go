package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spf13/cobra"

	"github.com/thimble-go/thimble/server/internal/contexts"
)

// home gives the test a home of its own and returns the path of its contexts.
func home(t *testing.T) string {
	t.Helper()
	setHome(func(name, value string) error { t.Setenv(name, value); return nil }, t.TempDir())
	path, err := contexts.Path()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// must runs the tool and wants success; it returns the output.
func must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	code, out, errs := feed(stdin, args...)
	if code != 0 || errs != "" {
		t.Fatalf("%v: exit code %d: %s%s", args, code, out, errs)
	}
	return out
}

func TestContexts(t *testing.T) {
	path := home(t)
	addr := dev(t)
	if out := must(t, "", "context", "list"); !strings.Contains(out, "none yet") {
		t.Errorf("list: %s", out)
	}
	if out := must(t, "app-secret\n", "context", "add", "local", "--host", addr, "--plaintext", "--app-id", "app-id", "--key", "app-key", "--secret", "-"); !strings.Contains(out, "thimble context use local") {
		t.Errorf("add: %s", out)
	}
	must(t, "", "context", "add", "other", "--cluster", "eu", "--key", "k")
	if runtime.GOOS != "windows" {
		for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
	}

	trigger := []string{"trigger", "news", "headline", "hello"}
	must(t, "", append(trigger, "--context", "local")...)
	if code, _, errs := call(trigger...); code != 2 || !strings.Contains(errs, "--cluster or --host") {
		t.Errorf("none in use: exit code %d: %s", code, errs)
	}
	if out := must(t, "", "context", "use", "local"); !strings.Contains(out, addr) {
		t.Errorf("use: %s", out)
	}
	must(t, "", trigger...)
	t.Setenv("THIMBLE_CONTEXT", "other")
	if code, _, errs := call(trigger...); code != 2 || !strings.Contains(errs, "missing --app-id (PUSHER_APP_ID), --secret (PUSHER_SECRET)") {
		t.Errorf("another by the environment: exit code %d: %s", code, errs)
	}
	if out := must(t, "", "context", "use", "local"); !strings.Contains(out, "THIMBLE_CONTEXT names other") {
		t.Errorf("use: %s", out)
	}
	t.Setenv("THIMBLE_CONTEXT", "")

	for _, args := range [][]string{{"context", "list"}, {"context", "show"}, {"context", "show", "local"}, {"context", "list", "--json"}, {"context", "show", "--json"}} {
		if out := must(t, "", args...); strings.Contains(out, "app-secret") || !strings.Contains(out, "set") || !strings.Contains(out, addr) {
			t.Errorf("%v: %s", args, out)
		}
	}
	must(t, "", "context", "remove", "local")
	if code, _, errs := call("context", "show"); code != 2 || !strings.Contains(errs, "no context is in use") {
		t.Errorf("removed: exit code %d: %s", code, errs)
	}
	must(t, "", "context", "use", "other")
	must(t, "", "context", "use", "--none")
	if out := must(t, "", "context", "list"); strings.Contains(out, "*") || !strings.Contains(out, "cluster eu") {
		t.Errorf("list: %s", out)
	}
}

// TestContextsAtOnce adds, takes into use and removes contexts at the same time:
// no change is lost.
func TestContextsAtOnce(t *testing.T) {
	path := home(t)
	var group sync.WaitGroup
	run := func(args ...string) {
		group.Go(func() {
			if code, _, errs := call(args...); code != 0 {
				t.Errorf("%v: exit code %d: %s", args, code, errs)
			}
		})
	}
	add := func(name string) []string {
		return []string{"context", "add", name, "--cluster", "eu", "--key", name}
	}
	for i := range 10 {
		must(t, "", add("old-"+strconv.Itoa(i))...)
	}
	for i := range 10 {
		run(add("new-" + strconv.Itoa(i))...)
		run("context", "remove", "old-"+strconv.Itoa(i))
	}
	group.Wait()
	file, err := contexts.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if names := file.Names(); len(names) != 10 || names[0] != "new-0" || names[9] != "new-9" {
		t.Errorf("%q are left", names)
	}

	// Of those who want one name one gets it.
	var taken, refused atomic.Int32
	for range 5 {
		group.Go(func() {
			switch code, _, errs := call(add("one")...); code {
			case 0:
				taken.Add(1)
			case 2:
				refused.Add(1)
			default:
				t.Errorf("exit code %d: %s", code, errs)
			}
		})
	}
	group.Wait()
	if taken.Load() != 1 || refused.Load() != 4 {
		t.Errorf("%d have got the name, %d were refused", taken.Load(), refused.Load())
	}
}

func TestWrongContexts(t *testing.T) {
	path := home(t)
	must(t, "", "context", "add", "a", "--cluster", "eu")
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"unknown by flag":    {[]string{"subscribe", "--context", "b", "news"}, `no context "b"; there are a`},
		"unknown to use":     {[]string{"context", "use", "b"}, `no context "b"`},
		"unknown to show":    {[]string{"context", "show", "b"}, `no context "b"`},
		"unknown to remove":  {[]string{"context", "remove", "b"}, `no context "b"`},
		"impossible name":    {[]string{"context", "add", "a b", "--cluster", "eu"}, "letters, digits"},
		"no name":            {[]string{"context", "add", "--cluster", "eu"}, "missing argument NAME"},
		"no place":           {[]string{"context", "add", "c"}, "--cluster or --host"},
		"two places":         {[]string{"context", "add", "c", "--cluster", "eu", "--host", "h"}, "both a host and a cluster"},
		"there already":      {[]string{"context", "add", "a", "--cluster", "us2"}, "add --replace"},
		"empty secret":       {[]string{"context", "add", "c", "--cluster", "eu", "--secret", "-"}, "the secret is empty"},
		"use two":            {[]string{"context", "use", "a", "b"}, "too many arguments"},
		"use one and none":   {[]string{"context", "use", "a", "--none"}, "--none goes without"},
		"no endpoint at all": {[]string{"context", "add", "c", "--cluster", "eu", "--auth-endpoint", "x"}, "--auth-endpoint is an http"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := call(test.args...)
			if code != 2 || !strings.Contains(errs, test.says) || strings.Count(errs, "\n") != 1 {
				t.Errorf("exit code %d, want 2 with %q: %s", code, test.says, errs)
			}
		})
	}
	must(t, "", "context", "add", "a", "--cluster", "us2", "--replace")
	if runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := call("subscribe", "--cluster", "eu", "--key", "k", "news"); code != 2 || !strings.Contains(errs, "chmod 600 "+path) {
			t.Errorf("readable for others: exit code %d: %s", code, errs)
		}
	}
}

// TestPrecedence is the list in the help of the tool.
func TestPrecedence(t *testing.T) {
	path := home(t)
	f := &contexts.File{Current: "used", Contexts: map[string]contexts.Context{
		"used":  {Host: "used", Plaintext: true, Key: "used-key", AppID: "used-id", Secret: "used-secret"},
		"named": {Cluster: "named", Key: "named-key", AppID: "named-id", Secret: "named-secret"},
		"place": {Host: "place", Plaintext: true},
	}}
	if err := f.Save(path); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		env  map[string]string
		want target
	}{
		"in use": {nil, nil,
			target{host: "used", plaintext: true, key: "used-key", appID: "used-id", secret: "used-secret"}},
		"named by the environment": {nil, map[string]string{"THIMBLE_CONTEXT": "named"},
			target{cluster: "named", key: "named-key", appID: "named-id", secret: "named-secret"}},
		"environment over the one in use": {nil, map[string]string{"PUSHER_HOST": "env", "PUSHER_KEY": "env-key", "PUSHER_SECRET": "env-secret"},
			target{host: "env", key: "env-key", secret: "env-secret"}},
		"flag --context over the environment": {[]string{"--context", "named"}, map[string]string{"PUSHER_HOST": "env", "PUSHER_KEY": "env-key", "PUSHER_SECRET": "env-secret"},
			target{cluster: "named", key: "named-key", appID: "named-id", secret: "named-secret"}},
		"environment behind a context without a key": {[]string{"--context", "place"}, map[string]string{"PUSHER_KEY": "env-key", "PUSHER_SECRET": "env-secret"},
			target{host: "place", plaintext: true, key: "env-key", secret: "env-secret"}},
		"flags over everything": {[]string{"--context", "named", "--host", "flag", "--key", "named-key"}, nil,
			target{host: "flag", key: "named-key", appID: "named-id", secret: "named-secret"}},
		"another key has another secret": {[]string{"--key", "flag-key"}, map[string]string{"PUSHER_KEY": "env-key", "PUSHER_SECRET": "env-secret"},
			target{host: "used", plaintext: true, key: "flag-key"}},
		"a place goes as a whole": {[]string{"--host", "flag"}, nil,
			target{host: "flag", key: "used-key", appID: "used-id", secret: "used-secret"}},
		"TLS after all": {[]string{"--plaintext=false"}, nil,
			target{host: "used", key: "used-key", appID: "used-id", secret: "used-secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			var got target
			cmd := &cobra.Command{}
			got.flags(cmd)
			if err := cmd.ParseFlags(test.args); err != nil {
				t.Fatal(err)
			}
			if err := got.fill(cmd); err != nil {
				t.Fatal(err)
			}
			got.context, got.contexts = "", false
			if got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestCompletion(t *testing.T) {
	home(t)
	must(t, "", "context", "add", "local", "--host", "127.0.0.1:6001")
	must(t, "", "context", "add", "live", "--cluster", "eu")
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out := must(t, "", "completion", shell); !strings.Contains(out, "__complete") {
			t.Errorf("%s: %.200s", shell, out)
		}
	}
	for args, want := range map[string]string{
		"subscribe --context l":  "live local",
		"context use lo":         "local",
		"context use local ":     "",
		"subscribe --cluster us": "us2 us3",
		"context rem":            "remove",
		"subscr":                 "subscribe",
		"subscribe ":             "",
	} {
		code, out, errs := call(append([]string{"__complete"}, strings.Split(args, " ")...)...)
		var got []string
		for line := range strings.Lines(out) {
			if word, _, _ := strings.Cut(strings.TrimSpace(line), "\t"); word != "" && word[0] != ':' {
				got = append(got, word)
			}
		}
		if code != 0 || strings.Join(got, " ") != want {
			t.Errorf("%q: exit code %d, got %v, want %s: %s", args, code, got, want, errs)
		}
	}
}
