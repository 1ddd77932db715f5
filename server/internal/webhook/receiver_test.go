package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// receiver is all endpoints of a test.
type receiver struct {
	t      testing.TB
	start  time.Time
	answer func(r *http.Request) int // the status; 0 is no answer; nil is 200

	mu  sync.Mutex
	got []string // "1s http://a channel_occupied room", in the order of the answers
	raw []*http.Request
}

func newReceiver(t testing.TB) *receiver { return &receiver{t: t, start: time.Now()} }

func (v *receiver) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if v.answer != nil {
		status = v.answer(r)
	}
	if status == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	v.mu.Lock()
	v.got = append(v.got, fmt.Sprint(time.Since(v.start), " ", r.URL, v.read(body)))
	if status != http.StatusOK {
		v.got[len(v.got)-1] += fmt.Sprint(" ", status)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	v.raw = append(v.raw, r)
	v.mu.Unlock()
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

// read makes a text of a body.
func (v *receiver) read(body []byte) (text string) {
	var all struct {
		TimeMS int64 `json:"time_ms"`
		Events []struct {
			Name, Channel, Event, Data string
			UserID                     string `json:"user_id"`
			SocketID                   string `json:"socket_id"`
			Count                      *int   `json:"subscription_count"`
		}
	}
	if err := json.Unmarshal(body, &all); err != nil || all.TimeMS < 1e11 || len(all.Events) == 0 {
		v.t.Errorf("%v: %s", err, body)
	}
	for _, e := range all.Events {
		text += " " + e.Name + " " + e.Channel
		for _, field := range []string{e.UserID, e.Event, e.Data, e.SocketID} {
			if field != "" {
				text += " " + field
			}
		}
		if e.Count != nil {
			text += fmt.Sprint(" ", *e.Count)
		}
	}
	return text
}

// take returns what has come since it was called last.
func (v *receiver) take() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	got := v.got
	v.got = nil
	return got
}

// want compares what has come since.
func (v *receiver) want(want ...string) {
	v.t.Helper()
	if got := v.take(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		v.t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// logbook keeps a log.
type logbook struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logbook) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func oneApp(endpoints ...Endpoint) []App {
	return []App{{ID: "1", Key: "key", Secret: "secret", Endpoints: endpoints}}
}

// everything is an endpoint for all.
func everything(url string) Endpoint { return Endpoint{URL: url, Kinds: All} }

func open(t testing.TB, c Config, apps []App) *Queue {
	t.Helper()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	q, err := Open(c, apps)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
