package apiclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/server/internal/apiclient"
)

// trip is a transport that needs no network.
type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func clientWith(f trip) apiclient.Client {
	return apiclient.Client{BaseURL: "http://api.example", AppID: "3", Key: "k", Secret: secret, HTTP: &http.Client{Transport: f}}
}

func TestTransportErrorsShowNoSignature(t *testing.T) {
	t.Parallel()
	refused := errors.New("connection refused")
	client := clientWith(func(*http.Request) (*http.Response, error) { return nil, refused })
	_, err := client.Channels(t.Context(), "")
	if !errors.Is(err, refused) {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), "auth_signature") || !strings.Contains(err.Error(), "http://api.example") {
		t.Errorf("the error reads %v", err)
	}
}

func TestContextEndsACall(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	client := clientWith(func(r *http.Request) (*http.Response, error) {
		cancel()
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	if _, err := client.Channels(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTimeoutOfTheGivenClient(t *testing.T) {
	t.Parallel()
	client := clientWith(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	client.HTTP.Timeout = time.Millisecond
	if _, err := client.Channels(t.Context(), ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A redirect would be asked with a signature of another path, and a publish
// would turn into a GET.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			t.Error("the redirect was followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
	}))
	t.Cleanup(server.Close)
	for _, given := range []*http.Client{nil, {}} {
		client := apiclient.Client{BaseURL: server.URL, AppID: "3", Key: "k", Secret: secret, HTTP: given}
		_, err := client.Trigger(t.Context(), apiclient.Event{Name: "n", Channels: []string{"a"}})
		var got *apiclient.Error
		if !errors.As(err, &got) || got.Status != http.StatusMovedPermanently {
			t.Errorf("got %v", err)
		}
		if given != nil && given.CheckRedirect != nil {
			t.Error("the caller's client was changed")
		}
	}
}

// endless is a body without an end.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func TestAnswersAreCapped(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"success": 200, "error": 400} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &endless{}
			client := clientWith(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Body: io.NopCloser(body)}, nil
			})
			if _, err := client.Channels(t.Context(), ""); err == nil {
				t.Error("an endless answer was accepted")
			}
			if body.read > 16<<20 {
				t.Errorf("%d bytes were read", body.read)
			}
		})
	}
}

func TestLongErrorIsShortened(t *testing.T) {
	t.Parallel()
	err := &apiclient.Error{Status: 400, Body: strings.Repeat("é", 2000)}
	if text := err.Error(); len(text) > 600 || !strings.HasSuffix(text, "...") {
		t.Errorf("got %d bytes: %s", len(text), text)
	}
	if text := (&apiclient.Error{Status: 599}).Error(); !strings.HasPrefix(text, "apiclient: the server answers 599 (") {
		t.Errorf("got %s", text)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"empty":             "",
		"page":              "<html>welcome</html>",
		"list":              "[]",
		"users as numbers":  `{"users":[1]}`,
		"user id as object": `{"users":[{"id":{}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, http.StatusOK, answer)
			_, err := client.Users(t.Context(), "presence-a")
			if err == nil || !strings.Contains(err.Error(), "is not what the HTTP API says") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestClusterURL(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, cluster, want string }{
		{"eu", "eu", "https://api-eu.pusher.com"},
		{"mt1", "mt1", "https://api-mt1.pusher.com"},
		{"with hyphen", "us-2", "https://api-us-2.pusher.com"},
		{"empty", "", ""},
		{"capitals", "EU", ""},
		{"another host", "eu.evil.example/", ""},
		{"user", "eu@evil", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := apiclient.ClusterURL(tt.cluster)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// FuzzAnswer lets a server send anything.
func FuzzAnswer(f *testing.F) {
	for _, answer := range []string{
		`{"channels":{"a":{"user_count":1,"cache":{"data":"","ttl":1}}},"users":[{"id":1}],"batch":[{}]}`,
		`{"channels":[],"batch":{},"users":[]}`, `null`, `{"channels":null,"users":null,"batch":null}`, `{"users":[null]}`,
	} {
		f.Add(200, answer)
		f.Add(401, answer)
	}
	f.Fuzz(func(t *testing.T, status int, answer string) {
		client := clientWith(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(answer))}, nil
		})
		event := apiclient.Event{Name: "n", Channels: []string{"a"}}
		_, err1 := client.Trigger(t.Context(), event)
		_, err2 := client.TriggerBatch(t.Context(), []apiclient.Event{event})
		_, err3 := client.Channels(t.Context(), "")
		_, err4 := client.Channel(t.Context(), "a")
		_, err5 := client.Users(t.Context(), "presence-a")
		for _, err := range []error{err1, err2, err3, err4, err5} {
			if err == nil && (status < 200 || status > 299) {
				t.Errorf("status %d is a success", status)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("the error has control characters: %q", err)
			}
		}
	})
}
