package thimble_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/channelauth"
)

var (
	_ thimble.UserAuthorizer  = thimble.Endpoint{}
	_ thimble.BatchAuthorizer = thimble.Endpoint{}
	_ thimble.Authorizer      = thimble.DevelopmentSigner{}
	_ thimble.UserAuthorizer  = thimble.DevelopmentSigner{}
)

const (
	appKey    = "278d425bdf160c739803"
	appSecret = "7ad3773142a6692b25b8"
)

var master = []byte("master-key-master-key-master-key")

// authEndpoint is the authorization endpoint of an application.
func authEndpoint(t testing.TB, authorize func(r *http.Request, ask channelauth.Ask) (channelauth.Grant, error)) http.Handler {
	h, err := channelauth.NewHandler(channelauth.Config{Key: appKey, Secret: appSecret, EncryptionMasterKey: master, Authorize: authorize})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestEndpointAndChannelauth puts both sides together, for each kind of
// question and in both encodings.
func TestEndpointAndChannelauth(t *testing.T) {
	t.Parallel()
	server := endpoint(t, authEndpoint(t, func(r *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
		if ask.Channel == "private-no" {
			return channelauth.Grant{}, channelauth.ErrForbidden
		}
		return channelauth.Grant{UserID: ask.Params.Get("user"), UserInfo: map[string]string{"name": "Zoë <1>"}}, nil
	}).ServeHTTP)
	verify := channelauth.Signer{Key: appKey, Secret: appSecret}
	ctx := context.Background()
	for _, asJSON := range []bool{false, true} {
		e := thimble.Endpoint{URL: server.URL, JSON: asJSON, Params: map[string]string{"user": "zoë"}}
		check := func(channel string, token thimble.Token, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", channel, err)
			}
			if err := verify.VerifyChannel(token.Auth, "12.34", channel, token.ChannelData); err != nil {
				t.Errorf("%s: %v", channel, err)
			}
			secret := channelauth.SharedSecret(channel, master)
			if !strings.HasPrefix(channel, "private-encrypted-") {
				secret = ""
			}
			if got := base64.StdEncoding.EncodeToString(token.SharedSecret); got != secret {
				t.Errorf("%s: the secret is %q, not %q", channel, got, secret)
			}
		}
		channels := []string{"private-a", "presence-a", "private-encrypted-a", "private-encrypted-cache-a", "presence-cache-a"}
		for _, channel := range channels {
			token, err := e.Authorize(ctx, thimble.AuthRequest{SocketID: "12.34", Channel: channel})
			check(channel, token, err)
		}
		results, err := e.AuthorizeBatch(ctx, "12.34", append(channels, "private-no", "news"))
		if err != nil || len(results) != len(channels)+2 {
			t.Fatalf("%d results, %v", len(results), err)
		}
		for i, channel := range channels {
			check(channel, results[i].Token, results[i].Err)
		}
		for i, status := range []int{403, 400} {
			var auth *thimble.AuthError
			if err := results[len(channels)+i].Err; !errors.As(err, &auth) || auth.Status != status || auth.Permanent != (status == 400) {
				t.Errorf("a refused channel: %v", err)
			}
		}
	}
	e := thimble.Endpoint{URL: server.URL, Params: map[string]string{"user": "zoe"}}
	user, err := e.AuthorizeUser(ctx, "12.34")
	if err != nil {
		t.Fatal(err)
	}
	if err := verify.VerifyUser(user.Auth, "12.34", user.UserData); err != nil {
		t.Error(err)
	}
	if user.UserData != `{"id":"zoe","user_info":{"name":"Zoë <1>"}}` {
		t.Errorf("the user is %s", user.UserData)
	}
	if _, err := e.AuthorizeUser(ctx, "12"); err == nil || !strings.Contains(err.Error(), "status 400") {
		t.Errorf("an impossible socket id: %v", err)
	}
}

// TestEndpointAsksForUser checks the question and what may go wrong with it.
func TestEndpointAsksForUser(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		json   bool
		body   string
		status int
		answer string
		fails  string
	}{
		{"form", false, "socket_id=12.34", 200, `{"auth":"key:sig","user_data":"{\"id\":\"1\"}"}`, ""},
		{"JSON", true, `{"socket_id":"12.34"}`, 200, `{"auth":"key:sig","user_data":"{\"id\":\"1\"}"}`, ""},
		{"no user_data", false, "socket_id=12.34", 200, `{"auth":"key:s3cret"}`, "no user_data"},
		{"no auth", false, "socket_id=12.34", 200, `{"user_data":"{\"id\":\"s3cret\"}"}`, "no auth"},
		{"403", false, "socket_id=12.34", 403, `{"error":"who are you?"}`, "status 403: who are you?"},
		{"HTML", false, "socket_id=12.34", 200, "<html>s3cret", "not a JSON object"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); string(body) != test.body {
					t.Errorf("asked %s", body)
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.answer)
			})
			token, err := thimble.Endpoint{URL: server.URL + "?s3cret", JSON: test.json}.AuthorizeUser(context.Background(), "12.34")
			if test.fails == "" {
				if err != nil || token.Auth != "key:sig" || token.UserData != `{"id":"1"}` {
					t.Errorf("got %+v, %v", token, err)
				}
				return
			}
			var auth *thimble.AuthError
			if !errors.As(err, &auth) || auth.Status != test.status || !strings.Contains(err.Error(), test.fails) || strings.Contains(err.Error(), "s3cret") || token != (thimble.UserToken{}) {
				t.Errorf("got %+v, %v", token, err)
			}
		})
	}
}

// TestSharedSecretInErrors checks that a key that is not one is not shown.
func TestSharedSecretInErrors(t *testing.T) {
	t.Parallel()
	secret := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("s3cret"), 5))
	server := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"auth":"key:sig","shared_secret":"`+secret+`"}`)
	})
	token, err := thimble.Endpoint{URL: server.URL}.Authorize(context.Background(), thimble.AuthRequest{SocketID: "1.2", Channel: "private-encrypted-a"})
	if err == nil || !strings.Contains(err.Error(), "32 bytes") || strings.Contains(err.Error(), secret[:8]) || token.Auth != "" {
		t.Errorf("got %+v, %v", token, err)
	}
}
