package channelauth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

var masterKey = []byte("master-key-master-key-master-key")

// grant makes an Authorize that always says the same.
func grant(g channelauth.Grant, err error) func(*http.Request, channelauth.Ask) (channelauth.Grant, error) {
	return func(*http.Request, channelauth.Ask) (channelauth.Grant, error) { return g, err }
}

// newHandler makes a handler of the documented application, with changes.
func newHandler(t *testing.T, change func(*channelauth.Config)) http.Handler {
	t.Helper()
	config := channelauth.Config{Key: docKey, Secret: docSecret, Authorize: grant(channelauth.Grant{UserID: "12345"}, nil)}
	if change != nil {
		change(&config)
	}
	h, err := channelauth.NewHandler(config)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func post(h http.Handler, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/pusher/auth", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// fields reads an answer: a JSON object of strings.
func fields(t *testing.T, w *httptest.ResponseRecorder) map[string]string {
	t.Helper()
	var m map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatalf("the body %q is not an object of strings: %v", w.Body, err)
	}
	for name, want := range map[string]string{"Content-Type": jsonType, "Cache-Control": "no-store"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if strings.Contains(w.Body.String(), docSecret) {
		t.Errorf("the answer shows the secret: %s", w.Body)
	}
	return m
}

func TestHandlerGrants(t *testing.T) {
	t.Parallel()
	presence := channelauth.Grant{UserID: "10", UserInfo: map[string]string{"name": "Mr. Pusher"}}
	tests := []struct {
		name, contentType, body string
		grant                   channelauth.Grant
		want                    map[string]string
	}{
		{"private, form", formType, "socket_id=1234.1234&channel_name=private-foobar", channelauth.Grant{},
			map[string]string{"auth": docKey + ":" + channelVectors[0].signature}},
		{"private, form with charset", formType + "; charset=UTF-8", "socket_id=1234.1234&channel_name=private-foobar", channelauth.Grant{},
			map[string]string{"auth": docKey + ":" + channelVectors[0].signature}},
		{"private, JSON", jsonType, `{"socket_id":"1234.1234","channel_name":"private-foobar"}`, channelauth.Grant{},
			map[string]string{"auth": docKey + ":" + channelVectors[0].signature}},
		{"presence", formType, "socket_id=1234.1234&channel_name=presence-foobar", presence,
			map[string]string{"auth": docKey + ":" + channelVectors[2].signature, "channel_data": channelVectors[2].data}},
		{"presence, markup is not escaped", formType, "socket_id=1.2&channel_name=presence-a", channelauth.Grant{UserID: "<&>"},
			map[string]string{"channel_data": `{"user_id":"<&>"}`}},
		{"sign-in, form", formType, "socket_id=1234.1234", channelauth.Grant{UserID: "12345"},
			map[string]string{"auth": docKey + ":" + docUserSignature, "user_data": docUserData}},
		{"sign-in, JSON", jsonType, `{"socket_id":"1234.1234"}`, channelauth.Grant{UserID: "12345"},
			map[string]string{"auth": docKey + ":" + docUserSignature, "user_data": docUserData}},
		{"sign-in with everything", formType, "socket_id=1.2", channelauth.Grant{UserID: "1", UserInfo: []int{1}, Watchlist: []string{"2"}},
			map[string]string{"user_data": `{"id":"1","user_info":[1],"watchlist":["2"]}`}},
		{"encrypted", formType, "socket_id=1.2&channel_name=private-encrypted-a", channelauth.Grant{},
			map[string]string{"shared_secret": channelauth.SharedSecret("private-encrypted-a", masterKey)}},
		{"encrypted cache", formType, "socket_id=1.2&channel_name=private-encrypted-cache-a", channelauth.Grant{},
			map[string]string{"shared_secret": channelauth.SharedSecret("private-encrypted-cache-a", masterKey)}},
		{"private gets no user", formType, "socket_id=1.2&channel_name=private-cache-a", presence,
			map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHandler(t, func(c *channelauth.Config) {
				c.EncryptionMasterKey = masterKey
				c.Authorize = grant(tt.grant, nil)
			})
			w := post(h, tt.contentType, tt.body)
			got := fields(t, w)
			if w.Code != http.StatusOK || got["auth"] == "" {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			for _, name := range []string{"channel_data", "user_data", "shared_secret"} {
				if got[name] != tt.want[name] {
					t.Errorf("%s is %q, want %q", name, got[name], tt.want[name])
				}
			}
			if tt.want["auth"] != "" && got["auth"] != tt.want["auth"] {
				t.Errorf("auth is %q, want %q", got["auth"], tt.want["auth"])
			}
		})
	}
}

func TestHandlerRefuses(t *testing.T) {
	t.Parallel()
	secretive := errors.New("database at 10.0.0.1 is down")
	ok := "socket_id=1.2&channel_name=private-a"
	presence := "socket_id=1.2&channel_name=presence-a"
	tests := []struct {
		name, contentType, body string
		authorize               func(*http.Request, channelauth.Ask) (channelauth.Grant, error)
		status                  int
		says                    string
	}{
		{"no content type", "", ok, nil, 415, "application/json"},
		{"multipart", "multipart/form-data; boundary=x", ok, nil, 415, "application/json"},
		{"malformed content type", ";;;", ok, nil, 415, "application/json"},
		{"empty form", formType, "", nil, 400, "socket_id"},
		{"two sockets", formType, ok + "&socket_id=1.3", nil, 400, "socket_id"},
		{"two channels", formType, ok + "&channel_name=private-b", nil, 400, "channel_name"},
		{"empty channel is no sign-in", formType, "socket_id=1.2&channel_name=", nil, 400, "channel name"},
		{"bad socket", formType, "socket_id=1&channel_name=private-a", nil, 400, "1234.5678"},
		{"bad channel", formType, "socket_id=1.2&channel_name=private-%20", nil, 400, "channel name"},
		{"public channel", formType, "socket_id=1.2&channel_name=news", nil, 400, "needs no authorization"},
		{"broken escape", formType, ok + "&x=%zz", nil, 400, "form"},
		{"form sent as JSON", jsonType, ok, nil, 400, "JSON object"},
		{"empty JSON", jsonType, "", nil, 400, "JSON object"},
		{"null JSON", jsonType, "null", nil, 400, "JSON object"},
		{"list JSON", jsonType, "[]", nil, 400, "JSON object"},
		{"JSON not UTF-8", jsonType, "{\"socket_id\":\"1.2\",\"x\":\"\xff\"}", nil, 400, "JSON object"},
		{"socket as number", jsonType, `{"socket_id":1.2}`, nil, 400, "socket_id is not a string"},
		{"channel as null", jsonType, `{"socket_id":"1.2","channel_name":null}`, nil, 400, "channel_name is not a string"},
		{"large body", formType, ok + "&x=" + strings.Repeat("a", 64<<10), nil, 413, "64 KiB"},
		{"forbidden", formType, ok, grant(channelauth.Grant{}, channelauth.ErrForbidden), 403, "forbidden"},
		{"forbidden, wrapped", formType, ok, grant(channelauth.Grant{}, fmt.Errorf("%w: %w", channelauth.ErrForbidden, secretive)), 403, "forbidden"},
		{"failure", formType, ok, grant(channelauth.Grant{}, secretive), 500, "try again"},
		{"encrypted without a master key", formType, "socket_id=1.2&channel_name=private-encrypted-a", nil, 403, "encrypted"},
		{"presence without user", formType, presence, grant(channelauth.Grant{}, nil), 500, "log"},
		{"sign-in without user", formType, "socket_id=1.2", grant(channelauth.Grant{}, nil), 500, "log"},
		{"user id not UTF-8", formType, presence, grant(channelauth.Grant{UserID: "\xff"}, nil), 500, "log"},
		{"large user", formType, presence, grant(channelauth.Grant{UserID: "1", UserInfo: strings.Repeat("a", 1024)}, nil), 500, "log"},
		{"user that is no JSON", formType, presence, grant(channelauth.Grant{UserID: "1", UserInfo: func() {}}, nil), 500, "log"},
		{"impossible id at sign-in", formType, "socket_id=1.2", grant(channelauth.Grant{UserID: "a b"}, nil), 500, "log"},
		{"long watchlist", formType, "socket_id=1.2", grant(channelauth.Grant{UserID: "1", Watchlist: make([]string, 101)}, nil), 500, "log"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHandler(t, func(c *channelauth.Config) {
				if tt.authorize != nil {
					c.Authorize = tt.authorize
				}
			})
			w := post(h, tt.contentType, tt.body)
			got := fields(t, w)
			if w.Code != tt.status || !strings.Contains(got["error"], tt.says) {
				t.Fatalf("got %d %s, want %d and %q", w.Code, w.Body, tt.status, tt.says)
			}
			if len(got) != 1 || strings.Contains(got["error"], secretive.Error()) || strings.Contains(got["error"], "channelauth") {
				t.Errorf("the answer says too much: %s", w.Body)
			}
		})
	}
}

func TestHandlerMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"} {
		w := httptest.NewRecorder()
		newHandler(t, nil).ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
			t.Errorf("%s: got %d and Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
		fields(t, w)
	}
}

// A body without a declared length must not be read to its end either.
func TestHandlerCapsChunkedBody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newHandler(t, nil))
	defer server.Close()
	undeclared := struct{ *bytes.Reader }{bytes.NewReader(bytes.Repeat([]byte("a"), channelauth.MaxBody+1))}
	response, err := http.Post(server.URL, formType, undeclared)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", response.StatusCode)
	}
}

func TestHandlerTellsAuthorizeEverything(t *testing.T) {
	t.Parallel()
	const form = "socket_id=1.2&channel_name=presence-a&token=t&list=1&list=2"
	tests := []struct {
		name, contentType, body string
		middleware              bool // one that reads the form first
		list                    []string
	}{
		{"form", formType, form, false, []string{"1", "2"}},
		{"form read by a middleware", formType, form, true, []string{"1", "2"}},
		{"JSON", jsonType, `{"socket_id":"1.2","channel_name":"presence-a","token":"t","list":[1,2]}`, false, []string{"[1,2]"}},
		{"JSON seen by a middleware", jsonType, `{"socket_id":"1.2","channel_name":"presence-a","token":"t","list":[1,2]}`, true, []string{"[1,2]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got channelauth.Ask
			var token, again string
			h := newHandler(t, func(c *channelauth.Config) {
				c.Authorize = func(r *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
					got, token = ask, r.PostFormValue("token")
					var body bytes.Buffer
					_, err := body.ReadFrom(r.Body)
					again = body.String()
					return channelauth.Grant{UserID: "1"}, err
				}
			})
			outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tt.middleware {
					_ = r.FormValue("csrf")
				}
				h.ServeHTTP(w, r)
			})
			if w := post(outer, tt.contentType, tt.body); w.Code != http.StatusOK {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			want := url.Values{"token": {"t"}, "list": tt.list}
			if got.SocketID != "1.2" || got.Channel != "presence-a" || got.Kind != channelauth.Presence || got.SignIn() ||
				got.Params.Encode() != want.Encode() {
				t.Errorf("got %+v", got)
			}
			if token != "t" {
				t.Errorf("r.PostFormValue gave %q", token)
			}
			if again != tt.body && (!tt.middleware || tt.contentType == jsonType) {
				t.Errorf("reading the body again gave %q", again)
			}
		})
	}
}

func TestHandlerLogs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var answer error
	h := newHandler(t, func(c *channelauth.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		c.Authorize = func(*http.Request, channelauth.Ask) (channelauth.Grant, error) {
			return channelauth.Grant{}, answer
		}
	})
	tests := []struct {
		name   string
		answer error
		body   string
		want   []string
	}{
		{"refusal", fmt.Errorf("%w: not a friend", channelauth.ErrForbidden), "socket_id=1.2&channel_name=private-a&password=hush",
			[]string{"level=INFO", "status=403", "channel=private-a", "socket_id=1.2", "not a friend"}},
		{"failure", errors.New("no database"), "socket_id=1.2&channel_name=private-a&password=hush",
			[]string{"level=ERROR", "status=500", "no database"}},
		{"mistake in the grant", nil, "socket_id=1.2&channel_name=presence-a",
			[]string{"level=ERROR", "status=500", "Grant.UserID"}},
		{"mistake of the client", nil, "socket_id=1",
			[]string{"level=INFO", "status=400", "a socket id is"}},
		{"success is silent", nil, "socket_id=1.2&channel_name=private-a", nil},
	}
	for _, tt := range tests {
		log.Reset()
		answer = tt.answer
		post(h, formType, tt.body)
		line := log.String()
		if (line == "") != (tt.want == nil) {
			t.Errorf("%s: logged %q", tt.name, line)
		}
		for _, want := range tt.want {
			if !strings.Contains(line, want) {
				t.Errorf("%s: %q is not in %s", tt.name, want, line)
			}
		}
		if strings.Contains(line, docSecret) || strings.Contains(line, "hush") {
			t.Errorf("%s: a secret is in %s", tt.name, line)
		}
	}
}

func TestHandlerServesManyAtOnce(t *testing.T) {
	t.Parallel()
	h := newHandler(t, func(c *channelauth.Config) {
		c.Authorize = func(_ *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
			return channelauth.Grant{UserID: ask.Params.Get("user")}, nil
		}
	})
	var group sync.WaitGroup
	for i := range 50 {
		group.Add(1)
		go func() {
			defer group.Done()
			socket := fmt.Sprintf("%d.1", i)
			w := post(h, formType, fmt.Sprintf("socket_id=%s&channel_name=presence-a&user=%d", socket, i))
			var got map[string]string
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Error(err)
				return
			}
			if want := fmt.Sprintf(`{"user_id":"%d"}`, i); got["channel_data"] != want {
				t.Errorf("got %s, want %s", got["channel_data"], want)
			}
			if err := docSigner.VerifyChannel(got["auth"], socket, "presence-a", got["channel_data"]); err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()
}
