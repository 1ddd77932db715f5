package thimble

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/wire"
)

const aURL = "http://example.com/auth"

// bodies are what an endpoint may answer, to whatever question.
var bodies = []string{
	"", "{}", "[]", "null", "<html>", "Forbidden\r\n",
	`{"auth":"key:sig"}`, `{"auth":"key:sig","channel_data":"{\"user_id\":\"1\"}","shared_secret":"s"}`,
	`{"auth":":"}`, `{"auth":null}`, `{"auth":"k:s","auth":"nocolon"}`, `{"auth":"k:s","channel_data":{}}`,
	`{"auth":"k:s","shared_secret":"AEgx+Z0qToZyPok8re06KJfe7dvtlRT+lJfc3cUr1Qs="}`,
	`{"auth":"k:s","shared_secret":"\u0041Egx+Z0qToZyPok8re06KJfe7dvtlRT\/lJfc3cUr1Qs="}`,
	`{"auth":"k:s","user_data":"{\"id\":\"1\"}"}`, `{"auth":"k:s","user_data":"{\"id\":1}"}`, `{"auth":"k:s","user_data":{}}`,
	`{"private-a":{"status":200,"data":{"auth":"k:s"}},"private-encrypted-b":{"status":403,"error":"no"}}`,
	`{"private-a":{"data":{"auth":"k:s"}},"private-encrypted-b":{"data":{"auth":"k:s","shared_secret":5}}}`,
	`{"private-a":{"status":"200"},"private-encrypted-b":[]}`, `{"private-a":{"status":1e3}}`, `{"\u0070rivate-a":null,"private-a":{}}`,
	`{"error":"no\nway"}`, `{"message":"who are you?"}`, `{"error":{"code":1}}`, "\xff",
}

func seed(f *testing.F) {
	for _, body := range bodies {
		f.Add(200, []byte(body))
		f.Add(403, []byte(body))
	}
}

// checkToken checks that a token can be sent on, or that its error can be
// logged.
func checkToken(t *testing.T, channel string, token Token, err error) {
	t.Helper()
	if err != nil {
		if token.Auth != "" || token.ChannelData != "" || token.SharedSecret != nil {
			t.Errorf("an error, and %v", token)
		}
		checkFailure(t, err)
		return
	}
	checkAuth(t, token.Auth)
	if n := len(token.SharedSecret); n != 0 && (n != 32 || wire.KindOf(channel) != wire.Encrypted) {
		t.Errorf("%s has a shared secret of %d bytes", channel, n)
	}
}

func checkAuth(t *testing.T, auth string) {
	t.Helper()
	key, sig, ok := strings.Cut(auth, ":")
	if !ok || key == "" || sig == "" {
		t.Errorf("the token is %q", auth)
	}
}

func checkFailure(t *testing.T, err error) {
	t.Helper()
	var auth *AuthError
	if !errors.As(err, &auth) {
		t.Fatalf("got %#v", err)
	}
	if strings.ContainsAny(err.Error(), "\r\n\x1b") || strings.Count(err.Error(), "thimble:") != 1 {
		t.Errorf("the text is %q", err)
	}
}

// FuzzReadAnswer reads whatever an endpoint may answer about one channel: it is
// a token that can be sent on, or an error that can be logged.
func FuzzReadAnswer(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for _, channel := range []string{"private-a", "presence-a", "private-encrypted-a"} {
			token, err := readAnswer(aURL, channel, response{status: status, body: body})
			checkToken(t, channel, token, err)
			var auth *AuthError
			if errors.As(err, &auth) && auth.Status != status {
				t.Errorf("status %d is told as %d", status, auth.Status)
			}
			if err == nil && status != 200 && status != 201 {
				t.Errorf("a token with status %d", status)
			}
		}
	})
}

// FuzzReadUserAnswer is the same for the user.
func FuzzReadUserAnswer(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		token, err := readUserAnswer(aURL, response{status: status, body: body})
		if err != nil {
			if token != (UserToken{}) {
				t.Errorf("an error, and %v", token)
			}
			checkFailure(t, err)
			return
		}
		checkAuth(t, token.Auth)
		user, err := wire.ParseValue([]byte(token.UserData))
		if err != nil || user.Get("id").Kind() != wire.String {
			t.Errorf("the user is %q", token.UserData)
		}
	})
}

// FuzzReadBatchAnswer is the same for several channels: all of them get an
// answer, and each its own.
func FuzzReadBatchAnswer(f *testing.F) {
	seed(f)
	channels := []string{"private-a", "private-encrypted-b", "presence-c"}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		results, err := readBatchAnswer(aURL, channels, response{status: status, body: body})
		if err != nil {
			checkFailure(t, err)
			return
		}
		if len(results) != len(channels) {
			t.Fatalf("%d results", len(results))
		}
		for i, channel := range channels {
			checkToken(t, channel, results[i].Token, results[i].Err)
		}
	})
}

func TestSharedSecret(t *testing.T) {
	t.Parallel()
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(255 - 3*i) // has + and / in base64
	}
	good := base64.StdEncoding.EncodeToString(key)
	if !strings.ContainsAny(good, "/") {
		t.Fatal("the key shows nothing about slashes")
	}
	for _, test := range []struct {
		name, json string
		ok         bool
	}{
		{"as it is", `"` + good + `"`, true},
		{"slashes escaped, as PHP does", `"` + strings.ReplaceAll(good, "/", `\/`) + `"`, true},
		{"empty", `""`, false},
		{"URL alphabet", `"` + base64.URLEncoding.EncodeToString(key) + `"`, false},
		{"without padding", `"` + base64.RawStdEncoding.EncodeToString(key) + `"`, false},
		{"31 bytes", `"` + base64.StdEncoding.EncodeToString(key[1:]) + `"`, false},
		{"33 bytes", `"` + base64.StdEncoding.EncodeToString(append([]byte{0}, key...)) + `"`, false},
		{"hex", `"` + strings.Repeat("0f", 32) + `"`, false},
		{"a line break", `"` + good[:8] + `\n` + good[8:] + `"`, false},
		{"long", `"` + strings.Repeat("A", 10_000) + `"`, false},
		{"a number", `12`, false},
		{"an object", `{"key":"` + good + `"}`, false},
	} {
		body := []byte(`{"auth":"k:s","shared_secret":` + test.json + `}`)
		token, err := readAnswer(aURL, "private-encrypted-a", response{status: 200, body: body})
		if test.ok != (err == nil) || test.ok && string(token.SharedSecret) != string(key) {
			t.Errorf("%s: %x, %v", test.name, token.SharedSecret, err)
		}
		var auth *AuthError
		if !test.ok && (!errors.As(err, &auth) || auth.Permanent || !strings.Contains(err.Error(), "shared_secret is not 32 bytes in base64") || strings.Contains(err.Error(), good[:8])) {
			t.Errorf("%s: %v", test.name, err)
		}
		// On other channels it means nothing, whatever it is.
		if token, err := readAnswer(aURL, "private-a", response{status: 200, body: body}); err != nil || token.SharedSecret != nil {
			t.Errorf("%s, not encrypted: %v, %v", test.name, token, err)
		}
	}
}

func TestUserAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, body, want, fails string }{
		{"good", `{"auth":"k:s","user_data":"{\"id\":\"1\",\"watchlist\":[\"2\"]}"}`, `{"id":"1","watchlist":["2"]}`, ""},
		{"no auth", `{"user_data":"{\"id\":\"1\"}"}`, "", "no auth token"},
		{"auth without a colon", `{"auth":"ks","user_data":"{\"id\":\"1\"}"}`, "", "KEY:SIGNATURE"},
		{"no user_data", `{"auth":"k:s"}`, "", "no user_data"},
		{"user_data null", `{"auth":"k:s","user_data":null}`, "", "no user_data"},
		{"what channels get", `{"auth":"k:s","channel_data":"{}"}`, "", "/pusher/user-auth"},
		{"user_data an object", `{"auth":"k:s","user_data":{"id":"1"}}`, "", "as a string"},
		{"user_data no JSON", `{"auth":"k:s","user_data":"id=1"}`, "", "with an id"},
		{"no id", `{"auth":"k:s","user_data":"{\"user_id\":\"1\"}"}`, "", "with an id"},
		{"id empty", `{"auth":"k:s","user_data":"{\"id\":\"\"}"}`, "", "with an id"},
		{"id a number", `{"auth":"k:s","user_data":"{\"id\":1}"}`, "", "with an id"},
		{"HTML", `<html>`, "", "not a JSON object"},
	} {
		token, err := readUserAnswer(aURL, response{status: 200, body: []byte(test.body)})
		if token.UserData != test.want || (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
			t.Errorf("%s: %+v, %v", test.name, token, err)
		}
	}
}

func TestBatchAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, entry string
		want        string // the token's
		status      int
		permanent   bool
		fails       string
	}{
		{"good", `{"status":200,"data":{"auth":"k:s"}}`, "k:s", 0, false, ""},
		{"201", `{"status":201,"data":{"auth":"k:s"}}`, "k:s", 0, false, ""},
		{"the status left out", `{"data":{"auth":"k:s"}}`, "k:s", 0, false, ""},
		{"the status null", `{"status":null,"data":{"auth":"k:s"}}`, "k:s", 0, false, ""},
		{"403 alone", `{"status":403}`, "", 403, false, "status 403"},
		{"403 with a token", `{"status":403,"data":{"auth":"k:s"}}`, "", 403, false, "status 403"},
		{"403 with a text", `{"status":403,"error":"not yours"}`, "", 403, false, "status 403: not yours"},
		{"403 with a text as data", `{"status":403,"data":{"message":"not yours"}}`, "", 403, false, "status 403: not yours"},
		{"404", `{"status":404}`, "", 404, true, "status 404"},
		{"500", `{"status":500,"data":null}`, "", 500, false, "status 500"},
		{"no data", `{"status":200}`, "", 200, false, "status and data"},
		{"data a string", `{"status":200,"data":"k:s"}`, "", 200, false, "status and data"},
		{"no token", `{"status":200,"data":{}}`, "", 200, false, "no auth token"},
		{"a status that is a text", `{"status":"200","data":{"auth":"k:s"}}`, "", 200, false, "status and data"},
		{"a status that is none", `{"status":7,"data":{"auth":"k:s"}}`, "", 200, false, "status and data"},
		{"an array", `[]`, "", 200, false, "status and data"},
		{"null", `null`, "", 200, false, "status and data"},
		{"twice, the last counts", `{"status":403},"private-x":{"data":{"auth":"k:s"}}`, "k:s", 0, false, ""},
	} {
		body := `{"other":{"data":{"auth":"o:o"}},"private-x":` + test.entry + `}`
		results, err := readBatchAnswer(aURL, []string{"private-none", "private-x"}, response{status: 200, body: []byte(body)})
		if err != nil || len(results) != 2 {
			t.Fatalf("%s: %v, %v", test.name, results, err)
		}
		var auth *AuthError
		if none := results[0].Err; !errors.As(none, &auth) || !auth.Permanent || !strings.Contains(none.Error(), "no entry") {
			t.Errorf("%s: a channel without an entry: %v", test.name, none)
		}
		got, err := results[1].Token.Auth, results[1].Err
		if got != test.want || (err == nil) != (test.fails == "") {
			t.Errorf("%s: %q, %v", test.name, got, err)
			continue
		}
		if err != nil && (!errors.As(err, &auth) || auth.Status != test.status || auth.Permanent != test.permanent || !strings.Contains(err.Error(), test.fails)) {
			t.Errorf("%s: %+v", test.name, err)
		}
	}
	// One that knows no batches.
	results, err := readBatchAnswer(aURL, []string{"private-x"}, response{status: 200, body: []byte(`{"auth":"k:s"}`)})
	if err != nil || !strings.Contains(results[0].Err.Error(), "Endpoint.Batch") {
		t.Errorf("got %v, %v", results, err)
	}
}
