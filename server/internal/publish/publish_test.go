package publish

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/crypto/nacl/secretbox"

	"github.com/thimble-go/thimble/server/internal/apiclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// event is one as the server gets it.
type event struct {
	Name     string
	Channel  string
	Channels []string
	Data     string
	SocketID string `json:"socket_id"`
}

// recorder is a server that takes everything: the events of each request.
type recorder struct {
	mu       sync.Mutex
	requests [][]event
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var body struct {
		event
		Batch []event
	}
	if err := json.NewDecoder(request.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if strings.HasSuffix(request.URL.Path, "/events") && !strings.HasSuffix(request.URL.Path, "/batch_events") {
		body.Batch = []event{body.event}
	}
	r.requests = append(r.requests, body.Batch)
	_, _ = io.WriteString(w, "{}")
}

func record(t *testing.T, cfg Config) (*recorder, Config) {
	t.Helper()
	r := &recorder{}
	server := httptest.NewServer(r)
	transport := &http.Transport{}
	t.Cleanup(func() { transport.CloseIdleConnections(); server.Close() })
	cfg.Client = &apiclient.Client{BaseURL: server.URL, AppID: "1", Key: "k", Secret: "s", HTTP: &http.Client{Transport: transport}}
	cfg.Event = "tick"
	if cfg.Published == nil {
		cfg.Published = func(string) error { return nil }
	}
	return r, cfg
}

func TestRequests(t *testing.T) {
	t.Parallel()
	many := make([]string, 12)
	for i := range many {
		many[i] = "c" + string(rune('a'+i))
	}
	for name, tt := range map[string]struct {
		channels []string
		count    int
		every    time.Duration
		want     []int // events in each request
	}{
		"one":                       {[]string{"a"}, 1, 0, []int{1}},
		"one on many channels":      {many, 1, 0, []int{1}},
		"many":                      {[]string{"a"}, 25, 0, []int{10, 10, 5}},
		"many on two channels":      {[]string{"a", "b"}, 6, 0, []int{10, 2}},
		"some on many channels":     {many, 3, 0, []int{1, 1, 1}},
		"many, with a time between": {[]string{"a"}, 3, time.Microsecond, []int{1, 1, 1}},
	} {
		r, cfg := record(t, Config{Channels: tt.channels, Every: tt.every, SocketID: "1.2"})
		var published []string
		cfg.Published = func(data string) error { published = append(published, data); return nil }
		err := Run(t.Context(), cfg, Repeated(tt.count, func(n int) (string, error) { return string(rune('A' + n)), nil }))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var sizes []int
		reached := map[string]string{} // what each channel got, in order
		for _, request := range r.requests {
			sizes = append(sizes, len(request))
			for _, e := range request {
				if e.Name != "tick" || e.SocketID != "1.2" {
					t.Errorf("%s: event %+v", name, e)
				}
				for _, channel := range append(e.Channels, e.Channel) {
					reached[channel] += e.Data
				}
			}
		}
		if diff := cmp.Diff(tt.want, sizes); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		want := strings.Join(published, "")
		for _, channel := range tt.channels {
			if len(published) != tt.count || reached[channel] != want {
				t.Errorf("%s: %s got %q, want %q", name, channel, reached[channel], want)
			}
		}
	}
}

func TestEncrypted(t *testing.T) {
	t.Parallel()
	master := []byte(strings.Repeat("m", 32))
	once := func() Source { return Repeated(1, func(int) (string, error) { return "plain text", nil }) }
	r, cfg := record(t, Config{Channels: []string{"news", "private-encrypted-a"}})
	if err := Run(t.Context(), cfg, once()); !errors.Is(err, ErrMasterKey) || len(r.requests) != 0 {
		t.Fatalf("without a master key: %v, %d requests", err, len(r.requests))
	}
	cfg.MasterKey = master
	if err := Run(t.Context(), cfg, once()); err != nil {
		t.Fatal(err)
	}
	got := r.requests[0]
	if len(r.requests) != 1 || len(got) != 2 || got[0].Data != "plain text" || got[1].Channel != "private-encrypted-a" {
		t.Fatalf("requests %+v", r.requests)
	}
	var box struct{ Nonce, Ciphertext []byte }
	if err := json.Unmarshal([]byte(got[1].Data), &box); err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256([]byte("private-encrypted-a" + string(master)))
	if text, ok := secretbox.Open(nil, box.Ciphertext, (*[24]byte)(box.Nonce), &key); !ok || string(text) != "plain text" {
		t.Errorf("opened: %q, %v", text, ok)
	}
}

// Lines that have come are published while the input goes on.
func TestLinesAsTheyCome(t *testing.T) {
	t.Parallel()
	r, cfg := record(t, Config{Channels: []string{"a"}})
	came := make(chan string, 100)
	cfg.Published = func(data string) error { came <- data; return nil }
	in, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- Run(context.Background(), cfg, Lines(context.Background(), in, func(n int, line string) (string, error) { return line, nil }))
	}()
	for _, text := range []string{"one\n", "\n  \ntwo\r\n", "three\nfour\nfive"} {
		if _, err := io.WriteString(out, text); err != nil {
			t.Fatal(err)
		}
		for line := range strings.FieldsSeq(strings.TrimSuffix(text, "\nfive")) {
			if got := <-came; got != line {
				t.Errorf("got %q, want %q", got, line)
			}
		}
	}
	out.Close()
	if got := <-came; got != "five" {
		t.Errorf("the last line, without an end: %q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.requests) != 4 || len(r.requests[2]) != 2 {
		t.Errorf("lines that come together go together: %v", r.requests)
	}
}

func TestEndings(t *testing.T) {
	t.Parallel()
	same := func(n int, line string) (string, error) { return line, nil }
	_, cfg := record(t, Config{Channels: []string{"a"}})
	long := strings.NewReader(strings.Repeat("x", MaxData+1))
	if err := Run(t.Context(), cfg, Lines(t.Context(), long, same)); !errors.Is(err, errLong) {
		t.Errorf("a line without end: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	in, out := io.Pipe()
	defer out.Close()
	cancel()
	if err := Run(ctx, cfg, Lines(ctx, in, same)); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted while it waits: %v", err)
	}
	full := errors.New("disk full")
	cfg.Published = func(string) error { return full }
	if err := Run(t.Context(), cfg, Lines(t.Context(), strings.NewReader("a\nb"), same)); err != full {
		t.Errorf("nobody can be told: %v", err)
	}
	if _, err := Read(t.Context(), strings.NewReader(strings.Repeat("x", MaxData+1))); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Errorf("a text without end: %v", err)
	}
	if text, err := Read(t.Context(), strings.NewReader("a\nb\r\n")); err != nil || text != "a\nb" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	const nasty = "say \"hi\"\\ \n</b> ☂ \x00"
	for text, want := range map[string]string{
		`{"n":{{.N}}}`:                               `{"n":7}`,
		`{"line":"{{.Line}}"}`:                       `{"line":"say \"hi\"\\ \n</b> ☂ \u0000"}`,
		`{"line":{{json .Line}}}`:                    `{"line":"say \"hi\"\\ \n</b> ☂ \u0000"}`,
		`{{raw .Line}}`:                              nasty,
		`{{random 3 3}}{{pick "x"}}`:                 `3x`,
		`{"a":{{if eq .N 7}}true{{else}}0{{end}}}`:   `{"a":true}`,
		`plain text {{printf "%03d" .N}}`:            `plain text 007`,
		`{{len .Line}}`:                              `21`,
		`{{/* nothing is said about JSON here */}}{`: `{`,
	} {
		tt, err := ParseTemplate(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := tt.Make(7, nasty); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
	tt, err := ParseTemplate(`{"at":"{{.Time}}","ms":{{.Time.UnixMilli}},"json":{{json .Time}}}`)
	if err != nil {
		t.Fatal(err)
	}
	text, err := tt.Make(1, "")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		At   time.Time
		Ms   int64
		JSON time.Time
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.At.UnixMilli() != got.Ms || !got.At.Equal(got.JSON) || time.Since(got.At) > time.Hour {
		t.Errorf("%s: %+v, %v", text, got, err)
	}
}

func TestWrongTemplates(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		`{"n":{{.M}}}`:                         "can't evaluate field M in type what a template is given",
		`{"n":{{.N}`:                           "the template cannot be read: 1:",
		`{{nothing 1}}`:                        `function "nothing" not defined`,
		`{"line":{{.Line}}}`:                   "within quotes write {{.Line}}, without {{json .Line}}",
		`{"line":"{{raw .Line}}"}`:             "begins like JSON and gives none",
		`{{random 2 1}}`:                       "the lowest and the highest",
		`{{pick}}`:                             "what to choose from",
		`{{range 100000000}}xxxxxxxxxx{{end}}`: "gives more than 1048576 bytes",
	} {
		if _, err := ParseTemplate(text); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", text, err, says)
		}
	}
}

// Whatever a line holds, it does not get out of its string.
func FuzzTemplateLine(f *testing.F) {
	f.Add("plain")
	f.Add("\"},{\"admin\":true,\"x\":\"")
	f.Add("\\")
	f.Add("\u2028\xff\x00")
	t, err := ParseTemplate(`{"a":"{{.Line}}","b":{{json .Line}}}`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(test *testing.T, line string) {
		text, err := t.Make(1, line)
		if err != nil {
			if utf8.ValidString(line) {
				test.Errorf("%q: %v", line, err)
			}
			return
		}
		var got map[string]string
		if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) != 2 || got["a"] != got["b"] || got["a"] != line {
			test.Errorf("%q became %s: %v", line, text, err)
		}
	})
}
