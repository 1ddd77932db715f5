package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// Contexts and credentials of whoever runs the tests are left alone.
	home, err := os.MkdirTemp("", "thimble")
	if err != nil {
		panic(err)
	}
	setHome(os.Setenv, home)
	for _, name := range []string{"PUSHER_APP_ID", "PUSHER_KEY", "PUSHER_SECRET", "PUSHER_CLUSTER", "PUSHER_HOST", "PUSHER_MASTER_KEY", "THIMBLE_CONTEXT"} {
		os.Unsetenv(name)
	}
	// The ACME server of the tests cannot be stopped.
	endless := goleak.IgnoreAnyFunction("github.com/letsencrypt/pebble/v2/va.VAImpl.processTasks")
	goleak.VerifyTestMain(m, endless, goleak.Cleanup(func(code int) {
		os.RemoveAll(home)
		os.Exit(code)
	}))
}

// setHome moves the user's directories on all systems.
func setHome(setenv func(name, value string) error, home string) {
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "AppData", "home"} {
		_ = setenv(name, home)
	}
}

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// call runs the tool to its end.
func call(args ...string) (code int, stdout, stderr string) { return feed("", args...) }

// feed is call with a standard input.
func feed(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	code = runWith(ctx, args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// running is the tool in the background. Its output is read line by line.
type running struct {
	lines  chan map[string]any
	cancel context.CancelFunc
	done   chan struct{}
	code   int
	errs   synced
}

// synced is a buffer for two goroutines.
type synced struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *synced) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *synced) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// background starts the tool with --json.
func background(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{lines: make(chan map[string]any, 1000), cancel: cancel, done: make(chan struct{})}
	reader, writer := io.Pipe()
	go func() {
		defer close(r.lines)
		decoder := json.NewDecoder(reader)
		for {
			var line map[string]any
			if decoder.Decode(&line) != nil {
				return
			}
			r.lines <- line
		}
	}()
	go func() {
		defer close(r.done)
		r.code = run(ctx, append(args, "--json"), writer, &r.errs)
		writer.Close()
	}()
	t.Cleanup(func() { r.stop(t) })
	return r
}

// stop is Ctrl-C.
func (r *running) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	select {
	case <-r.done:
	case <-time.After(patience):
		t.Fatal("still running after Ctrl-C")
	}
}

// await returns the next line with that event.
func (r *running) await(t *testing.T, event string) map[string]any {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case line, ok := <-r.lines:
			if !ok {
				t.Fatalf("ended with %d before %s: %s", r.code, event, r.errs.String())
			}
			if line["event"] == event {
				return line
			}
		case <-timeout:
			t.Fatalf("no %s within %v", event, patience)
		}
	}
}

// dev starts a broker and returns its address.
func dev(t *testing.T) string {
	t.Helper()
	r := background(t, "serve", "--dev", "--addr", "127.0.0.1:0")
	return r.await(t, "listening")["data"].(map[string]any)["address"].(string)
}

func TestHelpShowsAnExample(t *testing.T) {
	for _, name := range []string{"", "demo", "serve", "subscribe", "trigger", "channels", "users", "terminate", "check", "auth-server", "bench", "context", "bridge"} {
		args := []string{"--help"}
		if name != "" {
			args = []string{name, "--help"}
		}
		code, out, _ := call(args...)
		if code != 0 || !strings.Contains(out, "Examples:") || !strings.Contains(out, "thimble "+name) {
			t.Errorf("%q: exit code %d:\n%s", name, code, out)
		}
	}
	if _, out, _ := call("--help"); !strings.Contains(out, "Exit codes:") {
		t.Error("the exit codes are not documented")
	}
}

func TestWrongUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"unknown command":        {[]string{"serv"}, `unknown command "serv" for "thimble"; serve or users may be meant; see`},
		"misspelt command":       {[]string{"context", "lsit"}, `unknown command "lsit" for "thimble context"; list may be meant; see`},
		"like no command":        {[]string{"frobnicate"}, `unknown command "frobnicate" for "thimble"; see thimble --help`},
		"argument too many":      {[]string{"serve", "--dev", "now"}, `thimble serve takes no argument, and there is "now"`},
		"help told already":      {[]string{"auth-server", "--key", "k", "--secret", "s", "--rules", "none.toml"}, "there is no file none.toml; thimble auth-server --help shows one\n"},
		"user without a name":    {[]string{"terminate", "--host", "127.0.0.1:1", "--app-id", "a", "--key", "k", "--secret", "s", ""}, "USER is empty"},
		"bad channel":            {[]string{"subscribe", "--host", "127.0.0.1:1", "--key", "k", "a b"}, `A-Z a-z 0-9 _ - = @ , . ; (this one has ' ' at byte 1); see`},
		"unknown shell":          {[]string{"completion", "tcsh"}, `unknown command "tcsh"`},
		"unknown flag":           {[]string{"serve", "--port", "1"}, "unknown flag: --port"},
		"nowhere to go":          {[]string{"subscribe", "--key", "k", "news"}, "--cluster or --host"},
		"no channel":             {[]string{"subscribe", "--host", "127.0.0.1:1", "--key", "k"}, "missing argument CHANNEL"},
		"no key":                 {[]string{"subscribe", "--host", "127.0.0.1:1", "news"}, "--key (PUSHER_KEY)"},
		"no data":                {[]string{"trigger", "--host", "127.0.0.1:1", "--app-id", "a", "--key", "k", "--secret", "s", "news", "headline"}, "missing argument DATA, and the standard input is empty"},
		"data in pieces":         {[]string{"trigger", "news", "headline", "a", "b"}, "quotes around DATA"},
		"no secret":              {[]string{"trigger", "--cluster", "eu", "--app-id", "1", "--key", "k", "a", "b", "c"}, "--secret (PUSHER_SECRET)"},
		"address with a scheme":  {[]string{"subscribe", "--host", "http://127.0.0.1:1", "--key", "k", "news"}, `without "http://"`},
		"plaintext to a cluster": {[]string{"subscribe", "--cluster", "eu", "--plaintext", "--key", "k", "news"}, "--plaintext goes with --host"},
		"cluster with a dot":     {[]string{"subscribe", "--cluster", "eu.example.com", "--key", "k", "news"}, "--cluster has characters"},
		"impossible channel":     {[]string{"subscribe", "--host", "127.0.0.1:1", "--key", "k", "two words"}, `CHANNEL "two words"`},
		"negative count":         {[]string{"subscribe", "--host", "127.0.0.1:1", "--key", "k", "--count", "-1", "a"}, "not negative"},
		"two ways to end":        {[]string{"subscribe", "--host", "127.0.0.1:1", "--key", "k", "--count", "1", "--exit-on-subscribed", "a"}, "leave one of them out"},
		"header to nobody":       {[]string{"subscribe", "--host", "127.0.0.1:1", "--key", "k", "--auth-header", "A: b", "a"}, "--auth-header goes with --auth-endpoint"},
		"header without a value": {[]string{"subscribe", "--host", "127.0.0.1:1", "--key", "k", "--auth-endpoint", "http://a/", "--auth-header", "A b", "a"}, `such as "Authorization: Bearer ..."`},
		"short master key":       {[]string{"subscribe", "--host", "127.0.0.1:1", "--key", "k", "--master-key", "YWJj", "a"}, "not 32 bytes in base64"},
		"secret from nowhere":    {[]string{"subscribe", "--host", "127.0.0.1:1", "--key", "k", "--secret", "-", "a"}, "set PUSHER_SECRET, or use a context"},
		"no endpoint":            {[]string{"subscribe", "--host", "127.0.0.1:1", "--key", "k", "--auth-endpoint", "/auth", "private-a"}, "--auth-endpoint is an http"},
		"no event":               {[]string{"trigger", "--host", "127.0.0.1:1", "--app-id", "a", "--key", "k", "--secret", "s", "c", "", "d"}, "EVENT is empty"},
		"credentials and --dev":  {[]string{"serve", "--dev", "--key", "k"}, "--dev has settings and credentials of its own"},
		"no line":                {[]string{"bridge", "--allow", "a:1"}, "--serial, --tcp or --listen"},
		"two lines":              {[]string{"bridge", "--tcp", "127.0.0.1:1", "--serial", "x"}, "exclude each other"},
		"line without a port":    {[]string{"bridge", "--tcp", "127.0.0.1"}, "--tcp is host:port"},
		"speed of TCP":           {[]string{"bridge", "--tcp", "127.0.0.1:1", "--baud", "9600"}, "--baud goes with --serial"},
		"no speed":               {[]string{"bridge", "--serial", "x", "--baud", "0"}, "--baud is a positive number"},
		"allowing half a place":  {[]string{"bridge", "--serial", "x", "--allow", "example.com"}, `"example.com" is not a destination`},
		"TLS to no port":         {[]string{"bridge", "--serial", "x", "--tls", "example.com:https"}, "no port from 1 to 65535"},
		"serve without any":      {[]string{"serve"}, "--app-id (PUSHER_APP_ID), --key (PUSHER_KEY), --secret (PUSHER_SECRET)"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := call(test.args...)
			if code != 2 || !strings.Contains(errs, test.says) || !strings.Contains(errs, "--help") {
				t.Errorf("exit code %d, want 2 with %q: %s", code, test.says, errs)
			}
			if strings.Count(errs, "\n") != 1 {
				t.Errorf("not one line: %q", errs)
			}
		})
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, args := range [][]string{{"serve", "--dev"}, {"demo"}} {
		code, _, errs := call(append(args, "--addr", l.Addr().String())...)
		if code != 1 || !strings.Contains(errs, "in use by another program") || !strings.Contains(errs, "--addr 127.0.0.1:0") {
			t.Errorf("%v: exit code %d: %s", args, code, errs)
		}
	}
	code, _, errs := call("serve", "--dev", "--addr", "127.0.0.1:0", "--metrics", l.Addr().String())
	if code != 1 || !strings.Contains(errs, "choose another port with --metrics,") {
		t.Errorf("metrics: exit code %d: %s", code, errs)
	}
}

func TestServeSaysThatDevIsInsecure(t *testing.T) {
	for addr, says := range map[string]string{"127.0.0.1:0": "this machine only", "0.0.0.0:0": "from other machines"} {
		r := background(t, "serve", "--dev", "--addr", addr)
		if text := r.await(t, "insecure")["data"].(string); !strings.Contains(text, "INSECURE") || !strings.Contains(text, says) {
			t.Errorf("%s: %q", addr, text)
		}
		r.await(t, "listening")
		r.stop(t)
		if r.code != 0 {
			t.Errorf("Ctrl-C: exit code %d: %s", r.code, r.errs.String())
		}
	}
}

func TestSubscribeAndTrigger(t *testing.T) {
	addr := dev(t)
	sub := background(t, "subscribe", "--host", addr, "--plaintext", "--key", "app-key", "--secret", "app-secret", "news", "private-news", "presence-news")
	for range 3 {
		sub.await(t, "pusher:subscription_succeeded")
	}
	const data = `{"text":"grüße ☂","n":[1,2]}`
	code, out, errs := call("trigger", "--host", addr, "--plaintext", "--app-id", "app-id", "--key", "app-key", "--secret", "app-secret", "private-news", "headline", data)
	if code != 0 || !strings.Contains(out, "published headline on private-news") {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
	line := sub.await(t, "headline")
	if line["channel"] != "private-news" || line["data"] != data || line["time"] == nil {
		t.Errorf("line %v", line)
	}
	sub.stop(t)
	if sub.code != 0 || sub.errs.String() != "" {
		t.Errorf("Ctrl-C: exit code %d, and %q", sub.code, sub.errs.String())
	}
}

func TestEnvironment(t *testing.T) {
	addr := dev(t)
	for name, value := range map[string]string{"APP_ID": "app-id", "KEY": "app-key", "SECRET": "app-secret", "HOST": addr} {
		t.Setenv("PUSHER_"+name, value)
	}
	sub := background(t, "subscribe", "--plaintext", "private-news")
	sub.await(t, "pusher:subscription_succeeded")
	if code, _, errs := call("trigger", "--plaintext", "private-news", "headline", "hello"); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if line := sub.await(t, "headline"); line["data"] != "hello" {
		t.Errorf("line %v", line)
	}
}

func TestRefused(t *testing.T) {
	addr := dev(t)
	server := []string{"--host", addr, "--plaintext"}
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"wrong key":              {[]string{"subscribe", "--key", "wrong", "news"}, "check --key"},
		"wrong secret":           {[]string{"subscribe", "--key", "app-key", "--secret", "wrong", "private-news"}, "has this application's secret"},
		"encrypted by a secret":  {[]string{"subscribe", "--key", "app-key", "--secret", "app-secret", "private-encrypted-news"}, "add --master-key, or use --auth-endpoint"},
		"no way to authorize":    {[]string{"subscribe", "--key", "app-key", "private-news"}, "needs authorization"},
		"trigger: wrong secret":  {[]string{"trigger", "--app-id", "app-id", "--key", "app-key", "--secret", "wrong", "news", "e", "d"}, "the server answers 401 "},
		"trigger: wrong app":     {[]string{"trigger", "--app-id", "other", "--key", "app-key", "--secret", "app-secret", "news", "e", "d"}, "the server answers 404 "},
		"trigger: huge data":     {[]string{"trigger", "--app-id", "app-id", "--key", "app-key", "--secret", "app-secret", "news", "e", strings.Repeat("x", 20<<10)}, "the server answers 413 "},
		"trigger: wrong channel": {[]string{"trigger", "--app-id", "app-id", "--key", "app-key", "--secret", "app-secret", "no spaces", "e", "d"}, "channel"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := call(append(test.args, server...)...)
			if code != 3 || strings.Count(errs, test.says) != 1 {
				t.Errorf("exit code %d, want 3 with %q once: %s", code, test.says, errs)
			}
			if strings.Contains(errs, "app-secret") {
				t.Errorf("the secret is shown: %s", errs)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	code, _, errs := call("trigger", "--host", addr, "--plaintext", "--app-id", "a", "--key", "k", "--secret", "s", "news", "e", "d")
	if code != 1 || !strings.Contains(errs, "refused") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	// subscribe goes on trying, and says so.
	sub := background(t, "subscribe", "--host", addr, "--plaintext", "--key", "k", "news")
	if line := sub.await(t, "error"); !strings.Contains(line["error"].(string), "refused (nothing listens there: check --host and its port, and that the server runs)") {
		t.Errorf("line %v", line)
	}
}

// A channel that is refused again on every connection is still only one.
func TestRefusedChannelDoesNotEndTheOthers(t *testing.T) {
	first := background(t, "serve", "--dev", "--addr", "127.0.0.1:0")
	addr := first.await(t, "listening")["data"].(map[string]any)["address"].(string)
	sub := background(t, "subscribe", "--host", addr, "--plaintext", "--key", "app-key", "private-a", "news")
	for range 3 {
		sub.await(t, "pusher:subscription_error")
		sub.await(t, "pusher:subscription_succeeded")
		first.stop(t)
		first = background(t, "serve", "--dev", "--addr", addr)
		first.await(t, "listening")
	}
	sub.await(t, "pusher:subscription_succeeded")
	sub.stop(t)
	if sub.code != 0 {
		t.Errorf("exit code %d: %s", sub.code, sub.errs.String())
	}
}

// Whoever interrupts a publication is not told that it was published.
func TestTriggerInterrupted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		conn, err := l.Accept()
		if err == nil {
			conn.Read(make([]byte, 1)) // the request is here, and gets no answer
			cancel()
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	var errs bytes.Buffer
	code := run(ctx, []string{"trigger", "--host", l.Addr().String(), "--plaintext", "--app-id", "a", "--key", "k", "--secret", "s", "news", "e", "d"}, io.Discard, &errs)
	if code != 1 || !strings.Contains(errs.String(), "may have been published, or not") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}

// full is a disk that is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

type fullError struct{}

func (fullError) Error() string { return "no space left on device" }

var errFull fullError

func TestOutputThatCannotBeWritten(t *testing.T) {
	addr := dev(t)
	for name, args := range map[string][]string{
		"subscribe": {"subscribe", "--host", addr, "--plaintext", "--key", "app-key", "--json", "news"},
		"trigger":   {"trigger", "--host", addr, "--plaintext", "--app-id", "app-id", "--key", "app-key", "--secret", "app-secret", "news", "e", "d"},
		"channels":  append([]string{"channels"}, to(addr)...),
		"check":     append([]string{"check"}, to(addr)...),
		"context":   {"context", "list"},
		"bench":     append([]string{"bench", "--clients", "1", "--rate", "0"}, to(addr)...),
		"serve":     {"serve", "--dev", "--addr", "127.0.0.1:0"},
		"demo":      {"demo", "--addr", "127.0.0.1:0"},
		"endpoint":  {"auth-server", "--key", "k", "--secret", "s", "--anyone", "--addr", "127.0.0.1:0"},
		"bridge":    {"bridge", "--listen", "127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			var errs bytes.Buffer
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if code := run(ctx, args, full{}, &errs); code != 1 || !strings.Contains(errs.String(), "no space left") {
				t.Errorf("exit code %d: %s", code, errs.String())
			}
		})
	}
}

func TestDemoEndsInOrder(t *testing.T) {
	r := background(t, "demo", "--addr", "127.0.0.1:0")
	page := r.await(t, "ready")["data"].(map[string]any)["page"].(string)
	if !strings.HasPrefix(page, "http://127.0.0.1:") {
		t.Errorf("page %q", page)
	}
	r.stop(t)
	if r.code != 0 {
		t.Errorf("exit code %d: %s", r.code, r.errs.String())
	}
}

// What peers send reaches a terminal without its control characters.
func TestOutputIsSafeForTerminals(t *testing.T) {
	if got := clean("a\x1b[2Jb\r\n\u202ec"); strings.ContainsAny(got, "\x1b\r\n\u202e") || !strings.HasPrefix(got, "a") {
		t.Errorf("%q", got)
	}
}
