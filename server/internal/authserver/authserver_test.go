package authserver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/thimble-go/thimble/channelauth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	ada = "token-of-ada-0123456789"
	bob = "token-of-bob-0123456789"
)

const rules = `
anyone = ["private-news", "presence-lobby"]
[[users]]
id = "ada"
token = "` + ada + `"
info = { name = "Ada" }
channels = ["private-*", "presence-room"]
watchlist = ["bob"]
[[users]]
id = "bob"
token = "` + bob + `"
channels = ["*"]
`

var signer = channelauth.Signer{Key: "app-key", Secret: "app-secret"}

// ask asks an endpoint and returns the status, and the answer's fields.
func ask(t *testing.T, h http.Handler, token string, fields ...string) (int, map[string]string) {
	t.Helper()
	form := url.Values{"socket_id": {"1.2"}}
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] != "" {
			form.Set(fields[i], fields[i+1])
		}
	}
	path := ChannelPath
	if form.Get("channel_name") == "" {
		path = UserPath
	}
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	var got map[string]string
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, answer.Body)
	}
	return answer.Code, got
}

func endpoint(t *testing.T, r *Rules) http.Handler {
	t.Helper()
	h, err := New(Config{Key: signer.Key, Secret: signer.Secret, MasterKey: []byte(strings.Repeat("m", 32)), Rules: r})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestRules(t *testing.T) {
	t.Parallel()
	r, err := parse([]byte(rules))
	if err != nil {
		t.Fatal(err)
	}
	h := endpoint(t, r)
	for _, tt := range []struct {
		token, channel string
		status         int
	}{
		{"", "private-news", 200},
		{"", "private-other", 403},
		{"", "presence-lobby", 403}, // as whom?
		{"", "presence-room", 403},
		{"", "", 403},
		{"nobody-has-this-token", "private-news", 403},
		{"", "private-encrypted-news", 403},
		{ada, "private-other", 200},
		{ada, "private-", 200},
		{ada, "private-encrypted-other", 403}, // another kind
		{ada, "presence-lobby", 200},
		{ada, "presence-room", 200},
		{ada, "presence-room2", 403},
		{ada, "", 200},
		{bob, "private-encrypted-x", 200},
		{bob, "presence-x", 200},
		{ada + "x", "private-other", 403},
	} {
		status, got := ask(t, h, tt.token, "channel_name", tt.channel)
		if status != tt.status {
			t.Errorf("%s on %q: status %d, want %d: %v", tt.token, tt.channel, status, tt.status, got)
		}
		if status == 200 && tt.channel != "" {
			if err := signer.VerifyChannel(got["auth"], "1.2", tt.channel, got["channel_data"]); err != nil {
				t.Errorf("%s on %s: %v", tt.token, tt.channel, err)
			}
		}
	}
	_, got := ask(t, h, ada, "channel_name", "presence-room", "user_id", "somebody else")
	if got["channel_data"] != `{"user_id":"ada","user_info":{"name":"Ada"}}` {
		t.Errorf("who it is comes from the token alone: %s", got["channel_data"])
	}
	_, got = ask(t, h, ada, "user_id", "somebody else")
	if err := signer.VerifyUser(got["auth"], "1.2", got["user_data"]); err != nil || got["user_data"] != `{"id":"ada","user_info":{"name":"Ada"},"watchlist":["bob"]}` {
		t.Errorf("sign-in: %v, %s", err, got["user_data"])
	}
	if _, got = ask(t, h, bob, "channel_name", "private-encrypted-x"); got["shared_secret"] == "" {
		t.Errorf("no shared secret: %v", got)
	}
}

func TestEverybody(t *testing.T) {
	t.Parallel()
	h := endpoint(t, nil)
	for fields, want := range map[string]string{
		"":                      `{"user_id":"guest-1.2"}`,
		"user_id=ada":           `{"user_id":"ada"}`,
		"user_id=ada&user_info": `{"user_id":"ada","user_info":{"a":1}}`,
	} {
		args := []string{"channel_name", "presence-a"}
		if fields != "" {
			args = append(args, "user_id", "ada")
		}
		if strings.Contains(fields, "info") {
			args = append(args, "user_info", `{"a":1}`)
		}
		if status, got := ask(t, h, "", args...); status != 200 || got["channel_data"] != want {
			t.Errorf("%s: status %d, %v", fields, status, got)
		}
	}
	if status, _ := ask(t, h, "", "channel_name", "presence-a", "user_info", "{"); status != 403 {
		t.Errorf("no JSON: status %d", status)
	}
	if status, got := ask(t, h, ""); status != 200 || got["user_data"] != `{"id":"guest-1.2"}` {
		t.Errorf("sign-in: status %d, %v", status, got)
	}
}

func TestWrongRules(t *testing.T) {
	t.Parallel()
	user := func(text string) string {
		return "[[users]]\nid = \"ada\"\ntoken = \"" + ada + "\"\n" + text
	}
	for text, says := range map[string]string{
		"":                           "nobody may join anything",
		"anyone = [\"news\"]":        `anyone: "news" is public`,
		"anyone = [\"pri*te-a\"]":    "elsewhere than at its end",
		"anyone = [\"private-a b\"]": "A-Z a-z 0-9",
		"anyone = [\"\"]":            "is public",
		"[[users]]\ntoken = \"x\"":   "users[0]: the id is empty",
		"[[users]]\nid = \"a\"":      "less than 16 characters",
		"[[users]]\nid = \"a\"\ntoken = \"0123456789 0123456789\"":    "white space",
		user("chanels = [\"*\"]"):                                     "4:1: there is no field users.chanels; channels may be meant",
		user("channels = [\"public\"]"):                               "users[0]: \"public\" is public",
		user("") + user(""):                                           "another user has the id",
		user("") + strings.Replace(user(""), "\"ada\"", "\"bob\"", 1): "is that of another user",
		user("info = { x = \"" + strings.Repeat("x", 2000) + "\" }"):  "1024 are allowed",
	} {
		_, err := parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), ada) {
			t.Errorf("%.60q: got %v, want %q", text, err, says)
		}
	}
	if _, err := parse([]byte(strings.Replace(Sample, "...", ada, 1))); err != nil {
		t.Errorf("the sample: %v", err)
	}
	if text := fmt.Sprintf("%v %+v %#v", User{ID: "a", Token: ada}, User{Token: ada}, User{Token: ada}); strings.Contains(text, ada) {
		t.Error("a token is shown")
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "rules.toml")
	if _, err := Load(name); err == nil || !strings.Contains(err.Error(), "--help shows one") {
		t.Errorf("none: %v", err)
	}
	if err := os.WriteFile(name, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(name); err != nil {
		t.Error(err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("readable for others: %v", err)
		}
	}
}

// A request that is there when the end comes gets its answer.
func TestServeEndsInOrder(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Serve(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			cancel()
			_, _ = io.WriteString(w, "the answer")
		}), time.Minute)
	}()
	response, err := http.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if err != nil || string(text) != "the answer" {
		t.Errorf("got %q, %v", text, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Whoever is in a file that is taken is let in with the token.
func FuzzParse(f *testing.F) {
	f.Add([]byte(rules))
	f.Add([]byte(Sample))
	f.Add([]byte("anyone = [\"*\"]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := parse(text)
		if err != nil {
			return
		}
		for _, user := range r.Users {
			request := httptest.NewRequest(http.MethodPost, UserPath, nil)
			request.Header.Set("Authorization", "Bearer "+user.Token)
			grant, err := r.decide(request, channelauth.Ask{SocketID: "1.2"})
			if err != nil || grant.UserID != user.ID {
				t.Errorf("%q is let in as %q: %v", user.ID, grant.UserID, err)
			}
		}
	})
}
