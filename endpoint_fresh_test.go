package thimble_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

// TestEndpointFreshToken lets a bearer token expire: the one fresh attempt
// after a refusal carries the one that is valid now.
func TestEndpointFreshToken(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403} {
		var given atomic.Int32
		server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Authorization"); got != "Bearer 2" || r.FormValue("ticket") != "2" {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "expired")
				return
			}
			_, _ = io.WriteString(w, `{"auth":"key:sig"}`)
		})
		f := newFake(t)
		cfg := f.eager()
		cfg.Authorizer = thimble.Endpoint{
			URL:    server.URL,
			Header: map[string]string{"authorization": "Bearer of old"},
			Params: map[string]string{"ticket": "old"},
			HeaderFunc: func(ctx context.Context) (map[string]string, error) {
				if _, bounded := ctx.Deadline(); !bounded {
					t.Error("HeaderFunc may take for ever")
				}
				return map[string]string{"Authorization": fmt.Sprint("Bearer ", given.Add(1))}, nil
			},
			ParamsFunc: func(context.Context) (map[string]string, error) {
				return map[string]string{"ticket": fmt.Sprint(given.Load() + 1)}, nil
			},
		}
		client := newClient(t, cfg)
		failed := events(client.Subscribe("private-a").Bind, thimble.EventSubscriptionError)
		run(t, client)
		p := f.accept("1.1")
		p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:sig"}}`)
		var sub *thimble.SubscriptionError
		if err := waitFor(t, "the refusal", failed).Err; !errors.As(err, &sub) || sub.Status != status || sub.Retry == 0 {
			t.Errorf("the expired token is told as %#v", err)
		}
		if n := given.Load(); n != 2 || len(failed) > 0 {
			t.Errorf("%d tokens, and %d more failures", n, len(failed))
		}
	}
}

// TestEndpointFreshTokenInVain checks that there is one fresh attempt, and no
// more.
func TestEndpointFreshTokenInVain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusForbidden)
	})
	f := newFake(t)
	cfg := f.eager()
	cfg.Authorizer = thimble.Endpoint{URL: server.URL}
	client := newClient(t, cfg)
	failed := events(client.Subscribe("private-a").Bind, thimble.EventSubscriptionError)
	run(t, client)
	f.accept("1.1")
	for _, retried := range []bool{true, false} {
		var sub *thimble.SubscriptionError
		if err := waitFor(t, "the refusal", failed).Err; !errors.As(err, &sub) || sub.Status != 403 || (sub.Retry > 0) != retried {
			t.Errorf("got %#v", err)
		}
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestEndpointFuncFails(t *testing.T) {
	t.Parallel()
	away := errors.New("the identity provider is away")
	for _, test := range []struct {
		name    string
		err     error
		retried bool
		status  int
		text    string
	}{
		{"any error", away, true, 0, "the identity provider is away"},
		{"one that says it is final", &thimble.AuthError{Permanent: true, Err: away}, false, 0, "the identity provider is away"},
		{"one that wraps it", fmt.Errorf("no token: %w", &thimble.AuthError{Status: 410, Permanent: true, Err: away}), false, 410, "the identity provider is away"},
		{"one that takes too long", context.DeadlineExceeded, true, 0, "AuthTimeout"},
	} {
		for _, which := range []string{"HeaderFunc", "ParamsFunc"} {
			t.Run(test.name+" of "+which, func(t *testing.T) {
				t.Parallel()
				server := endpoint(t, func(http.ResponseWriter, *http.Request) { t.Error("asked all the same") })
				fn := func(context.Context) (map[string]string, error) { return nil, test.err }
				e := thimble.Endpoint{URL: server.URL + "?s3cret"}
				if which == "HeaderFunc" {
					e.HeaderFunc = fn
				} else {
					e.ParamsFunc = fn
				}
				f := newFake(t)
				cfg := f.config()
				cfg.Authorizer = e
				client := newClient(t, cfg)
				failed := events(client.Subscribe("private-a").Bind, thimble.EventSubscriptionError)
				run(t, client)
				f.accept("1.1")
				err := waitFor(t, "the failure", failed).Err
				var sub *thimble.SubscriptionError
				if !errors.As(err, &sub) || (sub.Retry > 0) != test.retried || sub.Status != test.status || !strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("got %+v", err)
				}
				if test.err == away && (!errors.Is(err, away) || !strings.Contains(err.Error(), "Endpoint."+which)) {
					t.Errorf("%v does not say where it comes from", err)
				}
			})
		}
	}
}

// TestEndpointFuncCannotAskOtherwise has parameters that would change the
// question.
func TestEndpointFuncCannotAskOtherwise(t *testing.T) {
	t.Parallel()
	other := map[string]string{"socket_id": "9.9", "channel_name": "other", "channel_name[0]": "other", "channel_name[]": "other"}
	server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if want := "socket_id=12.34&channel_name=presence-a"; string(body) != want {
			t.Errorf("got %s", body)
		}
		_, _ = io.WriteString(w, `{"auth":"key:sig"}`)
	})
	e := thimble.Endpoint{URL: server.URL, Params: other, ParamsFunc: func(context.Context) (map[string]string, error) { return other, nil }}
	if _, err := e.Authorize(context.Background(), request); err != nil {
		t.Error(err)
	}
}

// TestEndpointRetryAfter checks what becomes of the time that a server wants.
func TestEndpointRetryAfter(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		field  string
		want   time.Duration
	}{
		{503, "7", 7 * time.Second},
		{429, "7", 7 * time.Second},
		{429, "", 0},
		{429, "soon", 0},
		{429, "-7", 0},
		{500, "7", 0},
		{404, "7", 0},
	} {
		server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
			if test.field != "" {
				w.Header().Set("Retry-After", test.field)
			}
			w.WriteHeader(test.status)
		})
		_, err := thimble.Endpoint{URL: server.URL}.Authorize(context.Background(), request)
		var auth *thimble.AuthError
		if !errors.As(err, &auth) || auth.Status != test.status || auth.RetryAfter != test.want {
			t.Errorf("%d %q: %+v", test.status, test.field, auth)
		}
	}
}

// TestEndpointLargeErrorPage checks that the status counts, however much is
// said about it.
func TestEndpointLargeErrorPage(t *testing.T) {
	t.Parallel()
	for _, declared := range []bool{false, true} {
		server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
			page := "<html>" + strings.Repeat("x", 200<<10)
			if declared {
				w.Header().Set("Content-Length", fmt.Sprint(len(page)))
			}
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, page)
		})
		_, err := thimble.Endpoint{URL: server.URL}.Authorize(context.Background(), request)
		var auth *thimble.AuthError
		if !errors.As(err, &auth) || auth.Status != 403 {
			t.Errorf("got %v", err)
		}
	}
}
