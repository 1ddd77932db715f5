package apiclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thimble-go/thimble/server/internal/apiauth"
	"github.com/thimble-go/thimble/server/internal/apiclient"
)

const secret = "app-secret-of-the-tests"

// call is a request as the server saw it.
type call struct {
	Method, Path, RawPath, Type, Body string
	Query                             url.Values // without the signature's parameters
}

// serve starts a server that verifies each request as the broker does and
// answers with what is given. The last request is in the call returned.
func serve(t *testing.T, status int, answer string) (apiclient.Client, *atomic.Pointer[call]) {
	t.Helper()
	var seen atomic.Pointer[call]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		err = apiauth.Verify(apiauth.FromHTTP(r, body), time.Now(), func(key string) (string, bool) { return secret, key == "app-key" })
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		query := r.URL.Query()
		for _, name := range []string{"auth_key", "auth_timestamp", "auth_version", "auth_signature", "body_md5"} {
			query.Del(name)
		}
		seen.Store(&call{r.Method, r.URL.Path, r.URL.EscapedPath(), r.Header.Get("Content-Type"), string(body), query})
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return apiclient.Client{BaseURL: server.URL, AppID: "3", Key: "app-key", Secret: secret}, &seen
}

func number(n int) *int { return &n }

func TestCalls(t *testing.T) {
	t.Parallel()
	type channels = map[string]apiclient.ChannelInfo
	hello := apiclient.Event{Name: "hello", Channels: []string{"a", "b"}, Data: `{"x":"<&>"}`}
	tests := []struct {
		name   string
		do     func(context.Context, *apiclient.Client) (any, error)
		answer string
		call   call
		want   any
	}{
		{"trigger",
			func(ctx context.Context, c *apiclient.Client) (any, error) { return c.Trigger(ctx, hello) },
			`{}`,
			call{"POST", "/apps/3/events", "/apps/3/events", "application/json", `{"name":"hello","channels":["a","b"],"data":"{\"x\":\"<&>\"}"}`, url.Values{}},
			channels(nil)},
		{"trigger with everything",
			func(ctx context.Context, c *apiclient.Client) (any, error) {
				return c.Trigger(ctx, apiclient.Event{Name: "n", Channels: []string{"presence-a"}, SocketID: "1.2", Info: []string{"user_count", "subscription_count"}})
			},
			`{"channels":{"presence-a":{"user_count":42},"b":{"subscription_count":0}}}`,
			call{"POST", "/apps/3/events", "/apps/3/events", "application/json", `{"name":"n","channels":["presence-a"],"data":"","socket_id":"1.2","info":"user_count,subscription_count"}`, url.Values{}},
			channels{"presence-a": {UserCount: number(42)}, "b": {SubscriptionCount: number(0)}}},
		{"batch",
			func(ctx context.Context, c *apiclient.Client) (any, error) {
				return c.TriggerBatch(ctx, []apiclient.Event{{Name: "n", Channels: []string{"a"}, Data: "1", Info: []string{"subscription_count"}}, {Name: "m", Channels: []string{"b"}, Data: "2"}})
			},
			`{"batch":[{"subscription_count":7},{}]}`,
			call{"POST", "/apps/3/batch_events", "/apps/3/batch_events", "application/json", `{"batch":[{"name":"n","channel":"a","data":"1","info":"subscription_count"},{"name":"m","channel":"b","data":"2"}]}`, url.Values{}},
			[]apiclient.ChannelInfo{{SubscriptionCount: number(7)}, {}}},
		{"batch, the answer of a PHP server",
			func(ctx context.Context, c *apiclient.Client) (any, error) {
				return c.TriggerBatch(ctx, []apiclient.Event{{Name: "n", Channels: []string{"a"}}})
			},
			`{"batch":{}}`,
			call{"POST", "/apps/3/batch_events", "/apps/3/batch_events", "application/json", `{"batch":[{"name":"n","channel":"a","data":""}]}`, url.Values{}},
			[]apiclient.ChannelInfo(nil)},
		{"channels",
			func(ctx context.Context, c *apiclient.Client) (any, error) { return c.Channels(ctx, "") },
			`{"channels":{"a":{}}}`,
			call{"GET", "/apps/3/channels", "/apps/3/channels", "", "", url.Values{}},
			channels{"a": {}}},
		{"channels with prefix and info",
			func(ctx context.Context, c *apiclient.Client) (any, error) {
				return c.Channels(ctx, "presence-a b&é", "user_count", "x")
			},
			`{"channels":{}}`,
			call{"GET", "/apps/3/channels", "/apps/3/channels", "", "", url.Values{"filter_by_prefix": {"presence-a b&é"}, "info": {"user_count,x"}}},
			channels{}},
		{"channels, the answer of a PHP server",
			func(ctx context.Context, c *apiclient.Client) (any, error) { return c.Channels(ctx, "") },
			`{"channels":[]}`,
			call{"GET", "/apps/3/channels", "/apps/3/channels", "", "", url.Values{}},
			channels{}},
		{"channel",
			func(ctx context.Context, c *apiclient.Client) (any, error) {
				return c.Channel(ctx, "private-cache-a_-=@,.;Z9", "subscription_count", "cache")
			},
			`{"occupied":true,"subscription_count":2,"cache":{"data":"d","ttl":60}}`,
			call{"GET", "/apps/3/channels/private-cache-a_-=@,.;Z9", "/apps/3/channels/private-cache-a_-=@,.;Z9", "", "", url.Values{"info": {"subscription_count,cache"}}},
			apiclient.ChannelInfo{Occupied: true, SubscriptionCount: number(2), Cache: &apiclient.Cache{Data: "d", TTL: 60}}},
		{"channel with null cache",
			func(ctx context.Context, c *apiclient.Client) (any, error) { return c.Channel(ctx, "cache-a") },
			`{"occupied":false,"cache":null}`,
			call{"GET", "/apps/3/channels/cache-a", "/apps/3/channels/cache-a", "", "", url.Values{}},
			apiclient.ChannelInfo{}},
		{"channel whose name must be escaped",
			func(ctx context.Context, c *apiclient.Client) (any, error) { return c.Channel(ctx, "#a/b c?%2F") },
			`{"occupied":false}`,
			call{"GET", "/apps/3/channels/#a/b c?%2F", "/apps/3/channels/%23a%2Fb%20c%3F%252F", "", "", url.Values{}},
			apiclient.ChannelInfo{}},
		{"users",
			func(ctx context.Context, c *apiclient.Client) (any, error) { return c.Users(ctx, "presence-a") },
			`{"users":[{"id":"1"},{"id":2},{"id":"é"}]}`,
			call{"GET", "/apps/3/channels/presence-a/users", "/apps/3/channels/presence-a/users", "", "", url.Values{}},
			[]string{"1", "2", "é"}},
		{"terminate",
			func(ctx context.Context, c *apiclient.Client) (any, error) { return nil, c.Terminate(ctx, "user@7") },
			`{}`,
			call{"POST", "/apps/3/users/user@7/terminate_connections", "/apps/3/users/user@7/terminate_connections", "application/json", `{}`, url.Values{}},
			nil},
		{"no users",
			func(ctx context.Context, c *apiclient.Client) (any, error) { return c.Users(ctx, "presence-a") },
			`{"users":[]}`,
			call{"GET", "/apps/3/channels/presence-a/users", "/apps/3/channels/presence-a/users", "", "", url.Values{}},
			[]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, seen := serve(t, http.StatusOK, tt.answer)
			got, err := tt.do(t.Context(), &client)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("result: %s", diff)
			}
			if diff := cmp.Diff(tt.call, *seen.Load()); diff != "" {
				t.Errorf("request: %s", diff)
			}
		})
	}
}

func TestMistakesAreFoundBeforeSending(t *testing.T) {
	t.Parallel()
	good := apiclient.Client{BaseURL: "http://127.0.0.1:1", AppID: "3", Key: "k", Secret: secret}
	with := func(change func(*apiclient.Client)) apiclient.Client {
		c := good
		change(&c)
		return c
	}
	list := func(ctx context.Context, c *apiclient.Client) error {
		_, err := c.Channels(ctx, "")
		return err
	}
	trigger := func(events ...apiclient.Event) func(context.Context, *apiclient.Client) error {
		return func(ctx context.Context, c *apiclient.Client) error {
			if len(events) == 1 {
				_, err := c.Trigger(ctx, events[0])
				return err
			}
			_, err := c.TriggerBatch(ctx, events)
			return err
		}
	}
	fine := apiclient.Event{Name: "n", Channels: []string{"a"}}
	tests := []struct {
		name   string
		client apiclient.Client
		do     func(context.Context, *apiclient.Client) error
		says   string
	}{
		{"no application id", with(func(c *apiclient.Client) { c.AppID = "" }), list, "id, key and secret"},
		{"application id that is a directory", with(func(c *apiclient.Client) { c.AppID = ".." }), list, `".."`},
		{"no key", with(func(c *apiclient.Client) { c.Key = "" }), list, "id, key and secret"},
		{"no secret", with(func(c *apiclient.Client) { c.Secret = "" }), list, "id, key and secret"},
		{"no address", with(func(c *apiclient.Client) { c.BaseURL = "" }), list, "BaseURL"},
		{"address without scheme", with(func(c *apiclient.Client) { c.BaseURL = "localhost:6001" }), list, "http://127.0.0.1:6001"},
		{"address of a WebSocket", with(func(c *apiclient.Client) { c.BaseURL = "ws://localhost" }), list, "http://127.0.0.1:6001"},
		{"address that is none", with(func(c *apiclient.Client) { c.BaseURL = "http://[::" }), list, "BaseURL"},
		{"address with user", with(func(c *apiclient.Client) { c.BaseURL = "http://k:" + secret + "@localhost" }), list, "no user"},
		{"address with query", with(func(c *apiclient.Client) { c.BaseURL = "http://localhost?a=b" }), list, "query"},
		{"event without name", good, trigger(apiclient.Event{Channels: []string{"a"}}), "no name"},
		{"event without channel", good, trigger(apiclient.Event{Name: "n"}), "no channel"},
		{"data not UTF-8", good, trigger(apiclient.Event{Name: "n", Channels: []string{"a"}, Data: "\xff"}), "base64"},
		{"empty batch", good, trigger(), "batch is empty"},
		{"batch with two channels", good, trigger(fine, apiclient.Event{Name: "n", Channels: []string{"a", "b"}}), "event 1 of the batch: it has 2 channels"},
		{"batch with no name", good, trigger(apiclient.Event{Channels: []string{"a"}}, fine), "event 0 of the batch: the event has no name"},
		{"channel without name", good, func(ctx context.Context, c *apiclient.Client) error {
			_, err := c.Channel(ctx, "")
			return err
		}, `""`},
		{"users of a directory", good, func(ctx context.Context, c *apiclient.Client) error {
			_, err := c.Users(ctx, "..")
			return err
		}, `".."`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.do(t.Context(), &tt.client)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v, want an error that says %s", err, tt.says)
			}
			if strings.Count(err.Error(), "apiclient:") != 1 || strings.Contains(err.Error(), secret) {
				t.Errorf("the error reads %v", err)
			}
		})
	}
}

func TestErrorStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int
		says   string
	}{
		{307, "redirects are not followed"},
		{400, "reason"},
		{401, "the key, the secret and this machine's clock"},
		{403, "over its quota"},
		{404, "application id"},
		{413, "10 KB"},
		{429, "slow down"},
		{500, "try again later"},
		{599, "try again later"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			t.Parallel()
			client, _ := serve(t, tt.status, "the\nreason\x1b[2J\xff")
			_, err := client.Channels(t.Context(), "")
			var got *apiclient.Error
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if got.Status != tt.status || got.Body != "the\nreason\x1b[2J\xff" {
				t.Errorf("got %d %q", got.Status, got.Body)
			}
			text := err.Error()
			if !strings.Contains(text, fmt.Sprint(tt.status)) || !strings.Contains(text, "the reason[2J") || !strings.Contains(text, tt.says) {
				t.Errorf("the error reads %q", text)
			}
		})
	}
}

func TestWrongSecretIs401(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, http.StatusOK, `{}`)
	client.Secret = "another"
	_, err := client.Trigger(t.Context(), apiclient.Event{Name: "n", Channels: []string{"a"}})
	var got *apiclient.Error
	if !errors.As(err, &got) || got.Status != http.StatusUnauthorized {
		t.Errorf("got %v", err)
	}
}

// Behind a proxy that takes a prefix off, the signature is without it.
func TestPathPrefix(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"/", "/pusher", "/pusher/", "/a%20b/c"} {
		t.Run(prefix, func(t *testing.T) {
			t.Parallel()
			inner, seen := serve(t, http.StatusOK, `{"users":[]}`)
			target, err := url.Parse(inner.BaseURL)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.TrimSuffix(prefix, "/")
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				rest, found := strings.CutPrefix(r.RequestURI, want)
				if !found || !strings.HasPrefix(rest, "/apps/3/") {
					t.Errorf("the proxy is asked for %s", r.RequestURI)
				}
				response, err := http.Get(target.String() + rest)
				if err != nil {
					t.Error(err)
					return
				}
				defer response.Body.Close()
				w.WriteHeader(response.StatusCode)
				_, _ = io.Copy(w, response.Body)
			}))
			t.Cleanup(proxy.Close)
			inner.BaseURL = proxy.URL + prefix
			if _, err := inner.Users(t.Context(), "presence-a"); err != nil {
				t.Fatal(err)
			}
			if got := seen.Load().Path; got != "/apps/3/channels/presence-a/users" {
				t.Errorf("asked for %s", got)
			}
		})
	}
}
