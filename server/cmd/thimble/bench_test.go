package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/server/internal/load"
)

func TestBench(t *testing.T) {
	addr := dev(t)
	few := []string{"bench", "--clients", "5", "--connect-rate", "1000", "--rate", "1000", "--messages", "20"}
	code, out, errs := call(append(few, to(addr)...)...)
	if code != 0 { // on a busy machine there is a line of progress
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
	for _, want := range []string{"5 of 5 ready, 0 failed", "published    20 messages", "delivered    100 of 100", "latency      p50 ", "lost         0, out of order 0, twice 0", "errors       none"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out = must(t, "", append(append(few, "--via", "client", "--senders", "2", "--rate", "20", "--json"), to(addr)...)...)
	var report struct {
		Ready, Published, Expected, Delivered, Lost int
		Latency                                     struct{ P50, P99, Max float64 }
		Errors                                      []any
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Ready != 5 || report.Published != 20 || report.Expected != 80 || report.Delivered != 80 || report.Latency.Max <= 0 || report.Errors == nil {
		t.Errorf("%v: %s", err, out)
	}
	// On a presence channel everybody is somebody else.
	if code, _, errs := call(append(append(few, "--channel", "presence-bench"), to(addr)...)...); code != 0 {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestBenchRefused(t *testing.T) {
	addr := dev(t)
	few := []string{"bench", "--clients", "2", "--rate", "100", "--messages", "2"}
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"wrong key":      {append(to(addr), "--key", "nope"), 3, `auth_key "nope" is no key of this application`},
		"wrong secret":   {append(to(addr), "--secret", "nope"), 3, "auth_signature does not match"},
		"nobody there":   {append(to(addr), "--host", "127.0.0.1:1"), 1, "no client got on its channels: no connection"},
		"not here":       {append(to(addr), "--host", "192.0.2.1:1"), 2, "192.0.2.1:1 is not on this machine"},
		"hosted":         {[]string{"--cluster", "eu", "--key", "k", "--app-id", "1", "--secret", "s"}, 2, "cluster eu is not on this machine: a load disturbs everybody there"},
		"neither way":    {append(to(addr), "--via", "pigeon"), 2, "--via is api or client"},
		"too many":       {append(to(addr), "--clients", "1000000"), 2, "--clients is from 1 to 20000"},
		"without an end": {append(to(addr), "--messages", "0", "--duration", "0"), 2, "give it an end"},
		"no secret":      {[]string{"--host", addr, "--plaintext", "--key", "app-key"}, 2, "--app-id (PUSHER_APP_ID), --secret (PUSHER_SECRET)"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := call(append(few, test.args...)...)
			if code != test.code || !strings.Contains(errs, test.says) || strings.Count(errs, "\n") != 1 {
				t.Errorf("exit code %d, want %d with %q: %s", code, test.code, test.says, errs)
			}
		})
	}
}

// With --remote it says what it is in for before it does anything.
func TestBenchWarns(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // before the first connection
	var out, errs bytes.Buffer
	code := run(ctx, []string{"bench", "--remote", "--cluster", "eu", "--key", "k", "--app-id", "1", "--secret", "s", "--clients", "100", "--channels", "10", "--per-client", "2"}, &out, &errs)
	if code != 0 || !strings.Contains(errs.String(), "LOADING cluster eu with 100 connections and 10 messages a second, each to about 20 of them") || !strings.Contains(out.String(), "interrupted") {
		t.Errorf("exit code %d: %s%s", code, out.String(), errs.String())
	}
}

func TestBenchInterrupted(t *testing.T) {
	addr := dev(t)
	r := background(t, append([]string{"bench", "--clients", "3", "--rate", "1", "--duration", "1h"}, to(addr)...)...)
	sub := background(t, append([]string{"subscribe", "thimble-bench"}, to(addr)...)...)
	sub.await(t, "thimble-bench") // it publishes
	r.cancel()
	select {
	case report := <-r.lines:
		if report["interrupted"] != true || report["ready"] != 3.0 || report["published"].(float64) < 1 {
			t.Errorf("report %v", report)
		}
	case <-time.After(patience):
		t.Fatal("no report after Ctrl-C")
	}
	r.stop(t)
	if r.code != 0 {
		t.Errorf("exit code %d: %s", r.code, r.errs.String())
	}
}

func TestDurationsAreShort(t *testing.T) {
	for want, d := range map[string]time.Duration{"0.12 ms": 123 * time.Microsecond, "99.50 ms": 99500 * time.Microsecond, "250 ms": 250 * time.Millisecond, "1.50 s": 1500 * time.Millisecond} {
		if got := short(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	if got := spread(load.Distribution{}); got != "-" {
		t.Errorf("nothing is %q", got)
	}
}
