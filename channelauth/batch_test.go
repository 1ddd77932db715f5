package channelauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
)

// entry is what the answer to a batch says about one channel.
type entry struct {
	Status int
	Data   map[string]string
	Error  string
}

func entries(t *testing.T, w *httptest.ResponseRecorder) map[string]entry {
	t.Helper()
	var m map[string]entry
	if err := json.Unmarshal(w.Body.Bytes(), &m); w.Code != http.StatusOK || err != nil {
		t.Fatalf("got %d %s: %v", w.Code, w.Body, err)
	}
	return m
}

func TestBatch(t *testing.T) {
	t.Parallel()
	const user = "&socket_id=1234.1234&user=10"
	for _, tt := range []struct{ name, contentType, body string }{
		{"numbered", formType, "channel_name[0]=private-foobar&channel_name[1]=presence-a&channel_name[2]=private-encrypted-a" + user},
		{"numbered, escaped, out of order", formType, "channel_name%5B2%5D=private-foobar&channel_name%5B0%5D=presence-a&channel_name%5B10%5D=private-encrypted-a" + user},
		{"without numbers", formType, "channel_name[]=private-foobar&channel_name[]=presence-a&channel_name[]=private-encrypted-a&channel_name[]=presence-a" + user},
		{"JSON", jsonType, `{"socket_id":"1234.1234","channel_name":["private-foobar","presence-a","private-encrypted-a"],"user":"10"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			asked := make(map[string]int)
			h := newHandler(t, func(c *channelauth.Config) {
				c.EncryptionMasterKey = masterKey
				c.Authorize = func(_ *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
					asked[ask.Channel]++
					if ask.SignIn() || ask.SocketID != "1234.1234" || ask.Kind != channelauth.KindOf(ask.Channel) || len(ask.Params) != 1 {
						t.Errorf("asked %+v", ask)
					}
					return channelauth.Grant{UserID: ask.Params.Get("user")}, nil
				}
			})
			got := entries(t, post(h, tt.contentType, tt.body))
			for _, channel := range []string{"private-foobar", "presence-a", "private-encrypted-a"} {
				e := got[channel]
				if e.Status != http.StatusOK || e.Error != "" || asked[channel] != 1 {
					t.Errorf("%s, asked %d times: %+v", channel, asked[channel], e)
				}
				if err := docSigner.VerifyChannel(e.Data["auth"], "1234.1234", channel, e.Data["channel_data"]); err != nil {
					t.Errorf("%s: %v", channel, err)
				}
			}
			if len(got) != 3 || got["presence-a"].Data["channel_data"] != `{"user_id":"10"}` ||
				got["private-encrypted-a"].Data["shared_secret"] != channelauth.SharedSecret("private-encrypted-a", masterKey) ||
				got["private-foobar"].Data["shared_secret"] != "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestBatchRefusesSome checks that each channel is decided by itself.
func TestBatchRefusesSome(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := newHandler(t, func(c *channelauth.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		c.Authorize = func(_ *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
			switch ask.Channel {
			case "private-no":
				return channelauth.Grant{}, fmt.Errorf("not a friend: %w", channelauth.ErrForbidden)
			case "private-away":
				return channelauth.Grant{}, errors.New("the database is away")
			}
			return channelauth.Grant{}, nil // no user: presence cannot be granted
		}
	})
	names := []string{"private-yes", "private-no", "private-away", "presence-a", "private-encrypted-a", "news", "", "private-ü", "private-a:b"}
	form := url.Values{"socket_id": {"1.2"}}
	for i, name := range names {
		form.Set(fmt.Sprintf("channel_name[%d]", i), name)
	}
	got := entries(t, post(h, formType, form.Encode()))
	for name, want := range map[string]struct {
		status int
		says   string
	}{
		"private-yes":         {200, ""},
		"private-no":          {403, "forbidden"},
		"private-away":        {500, "try again later"},
		"presence-a":          {500, "log"},
		"private-encrypted-a": {403, "not set up"},
		"news":                {400, "public"},
		"":                    {400, "empty"},
		"private-ü":           {400, "characters"},
		"private-a:b":         {400, "characters"},
	} {
		e, ok := got[name]
		if !ok || e.Status != want.status || !strings.Contains(e.Error, want.says) || (e.Data != nil) != (want.status == 200) {
			t.Errorf("%q: %v %+v, want %+v", name, ok, e, want)
		}
		if strings.Contains(e.Error, "database") || strings.Contains(e.Error, "friend") {
			t.Errorf("%q: the reason is in %+v", name, e)
		}
	}
	if len(got) != len(names) || !strings.Contains(log.String(), "the database is away") || !strings.Contains(log.String(), "not a friend") || strings.Contains(log.String(), docSecret) {
		t.Errorf("%d entries, and the log\n%s", len(got), log.String())
	}
}

func TestBatchRefusesAll(t *testing.T) {
	t.Parallel()
	many := "socket_id=1.2"
	array := `"private-a0"`
	for i := range channelauth.MaxBatch + 1 {
		many += fmt.Sprintf("&channel_name[%d]=private-a%d", i, i)
		array += fmt.Sprintf(`,"private-a%d"`, i)
	}
	for _, tt := range []struct{ name, contentType, body, says string }{
		{"too many", formType, many, "100"},
		{"too many without numbers", formType, "socket_id=1.2" + strings.Repeat("&channel_name[]=private-a", 101), "100"},
		{"too many, JSON", jsonType, `{"socket_id":"1.2","channel_name":[` + array + `]}`, "100"},
		{"both forms", formType, "socket_id=1.2&channel_name=private-a&channel_name[0]=private-b", "not both"},
		{"no number", formType, "socket_id=1.2&channel_name[a]=private-a", "number"},
		{"a negative number", formType, "socket_id=1.2&channel_name[-1]=private-a", "number"},
		{"one number twice", formType, "socket_id=1.2&channel_name[0]=private-a&channel_name[0]=private-b", "each once"},
		{"one number in two ways", formType, "socket_id=1.2&channel_name[0]=private-a&channel_name[00]=private-b", "each once"},
		{"deeper", formType, "socket_id=1.2&channel_name[0][1]=private-a", "number"},
		{"no socket id", formType, "channel_name[0]=private-a", "socket_id"},
		{"two socket ids", formType, "socket_id=1.2&socket_id=3.4&channel_name[0]=private-a", "socket_id"},
		{"an impossible socket id", formType, "socket_id=1&channel_name[0]=private-a", "socket id"},
		{"an empty array", jsonType, `{"socket_id":"1.2","channel_name":[]}`, "array of strings"},
		{"an array of numbers", jsonType, `{"socket_id":"1.2","channel_name":["private-a",5]}`, "array of strings"},
		{"an array with null", jsonType, `{"socket_id":"1.2","channel_name":["private-a",null]}`, "array of strings"},
		{"an object", jsonType, `{"socket_id":"1.2","channel_name":{"0":"private-a"}}`, "channel_name is not a string"},
	} {
		h := newHandler(t, func(c *channelauth.Config) {
			c.Authorize = func(_ *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
				t.Errorf("%s: asked %+v", tt.name, ask)
				return channelauth.Grant{}, nil
			}
		})
		w := post(h, tt.contentType, tt.body)
		if got := fields(t, w); w.Code != http.StatusBadRequest || !strings.Contains(got["error"], tt.says) {
			t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
		}
	}
}

// TestBatchFits asks for as many channels as there may be, with the longest
// names, each character escaped.
func TestBatchFits(t *testing.T) {
	t.Parallel()
	h := newHandler(t, nil)
	form := url.Values{"socket_id": {"1.2"}}
	for i := range channelauth.MaxBatch {
		name := fmt.Sprintf("private-%03d", i)
		form.Set(fmt.Sprintf("channel_name[%d]", i), name+strings.Repeat("=", channelauth.MaxChannelLength-len(name)))
	}
	got := entries(t, post(h, formType, form.Encode()))
	for name, e := range got {
		if e.Status != http.StatusOK {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if len(got) != channelauth.MaxBatch {
		t.Errorf("%d entries", len(got))
	}
}

// TestBatchEndsWithItsRequest checks that nobody is asked for an answer that
// nobody waits for.
func TestBatchEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	asked := 0
	h := newHandler(t, func(c *channelauth.Config) {
		c.Authorize = func(*http.Request, channelauth.Ask) (channelauth.Grant, error) {
			asked++
			cancel()
			return channelauth.Grant{}, nil
		}
	})
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader("socket_id=1.2&channel_name[0]=private-a&channel_name[1]=private-b"))
	r.Header.Set("Content-Type", formType)
	h.ServeHTTP(httptest.NewRecorder(), r)
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
