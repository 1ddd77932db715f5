package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

func TestTriggerFromStandardInput(t *testing.T) {
	addr := dev(t)
	const master = "bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW0="
	sub := background(t, append([]string{"subscribe", "news", "private-encrypted-news", "--master-key", master}, to(addr)...)...)
	sub.await(t, "pusher:subscription_succeeded")
	sub.await(t, "pusher:subscription_succeeded")
	for name, test := range map[string]struct {
		stdin string
		args  []string
		want  []string
	}{
		"left out":             {"{\"a\":1}\n", []string{"news"}, []string{`{"a":1}`}},
		"a dash":               {"two\nlines\n", []string{"news", "-"}, []string{"two\nlines"}},
		"lines":                {"one\n\ntwo\n", []string{"news", "--lines"}, []string{"one", "two"}},
		"lines and a template": {"\"q\"\n", []string{"news", `{"l":"{{.Line}}"}`, "--lines", "--template"}, []string{`{"l":"\"q\""}`}},
		"repeated template":    {"", []string{"news", `{"n":{{.N}}}`, "--template", "--repeat", "3", "--every", "1ms"}, []string{`{"n":1}`, `{"n":2}`, `{"n":3}`}},
		"template from there":  {"{{.N}}", []string{"news", "-", "--template"}, []string{"1"}},
		"no template":          {"", []string{"news", "{{.N}}"}, []string{"{{.N}}"}},
		"two channels":         {"", []string{"news", "x", "--also", "private-encrypted-news", "--master-key", master}, []string{"x", "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"trigger", test.args[0], "tick"}, append(test.args[1:], to(addr)...)...)
			code, out, errs := feed(test.stdin, args...)
			if code != 0 || errs != "" || strings.Count(out, "published tick on ") != len(test.want) {
				t.Fatalf("exit code %d: %s%s", code, out, errs)
			}
			for _, want := range test.want {
				if line := sub.await(t, "tick"); line["data"] != want {
					t.Errorf("got %q, want %q", line["data"], want)
				}
			}
		})
	}
}

func TestWrongTrigger(t *testing.T) {
	for name, test := range map[string]struct {
		stdin string
		args  []string
		says  string
	}{
		"nothing comes":          {"", []string{"news", "e"}, "the standard input is empty"},
		"only blank lines":       {"\n \n", []string{"news", "e", "--lines"}, "nothing was published"},
		"lines and data":         {"a", []string{"news", "e", "x", "--lines"}, "leave DATA out, or add --template"},
		"lines, no template":     {"a", []string{"news", "e", "--lines", "--template"}, "takes the template as DATA"},
		"lines, repeated":        {"a", []string{"news", "e", "--lines", "--repeat", "2"}, "leave --repeat out"},
		"no times":               {"a", []string{"news", "e", "--repeat", "0"}, "--repeat is a positive number"},
		"backwards":              {"a", []string{"news", "e", "--every", "-1s"}, "--every is not negative"},
		"wrong template":         {"", []string{"news", "e", "{{.X}}", "--template"}, "field X"},
		"JSON with a hole":       {"", []string{"news", "e", `{"l":{{.Line}}}`, "--template"}, "{{json .Line}}"},
		"encrypted, and nothing": {"", []string{"private-encrypted-a", "e", "x"}, "add --master-key"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"trigger"}, append(test.args, to("127.0.0.1:1")...)...)
			code, _, errs := feed(test.stdin, args...)
			if code != 2 || !strings.Contains(errs, test.says) || strings.Count(errs, "\n") != 1 {
				t.Errorf("exit code %d, want 2 with %q: %s", code, test.says, errs)
			}
		})
	}
}

// What was published before the server said no is told.
func TestTriggerRefusedInTheMiddle(t *testing.T) {
	addr := dev(t)
	in := strings.Repeat("short\n", 10) + strings.Repeat("x", 20<<10) + "\n"
	code, out, errs := feed(in, append([]string{"trigger", "news", "e", "--lines"}, to(addr)...)...)
	if code != 3 || strings.Count(out, "published") != 10 || !strings.Contains(errs, "after 10 events that were published") || !strings.Contains(errs, "413") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// Ctrl-C ends a command that waits for its input.
func TestTriggerInterruptedBetweenLines(t *testing.T) {
	addr := dev(t)
	in, out := io.Pipe()
	defer out.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.WriteString(out, "one\n")
		cancel()
	}()
	var errs bytes.Buffer
	if code := runWith(ctx, append([]string{"trigger", "news", "e", "--lines"}, to(addr)...), in, io.Discard, &errs); code > 1 || code == 1 && !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}
