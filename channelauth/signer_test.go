package channelauth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
)

// The credentials of the examples in Pusher's documentation.
const (
	docKey    = "278d425bdf160c739803"
	docSecret = "7ad3773142a6692b25b8"
	docSocket = "1234.1234"
)

var docSigner = channelauth.Signer{Key: docKey, Secret: docSecret}

// channelVectors are the vectors of the protocol reference, section 11.
var channelVectors = []struct {
	name, channel, data, signature string
}{
	{"private", "private-foobar", "", "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"},
	{"presence with numeric id", "presence-foobar", `{"user_id":10,"user_info":{"name":"Mr. Pusher"}}`, "afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c"},
	{"presence with text id", "presence-foobar", `{"user_id":"10","user_info":{"name":"Mr. Pusher"}}`, "48dac51d2d7569e1e9c0f48c227d4b26f238fa68e5c0bb04222c966909c4f7c4"},
}

const (
	docUserData      = `{"id":"12345"}`
	docUserSignature = "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba"
)

func TestSignChannelVectors(t *testing.T) {
	t.Parallel()
	for _, tt := range channelVectors {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := docSigner.SignChannel(docSocket, tt.channel, tt.data)
			if err != nil {
				t.Fatal(err)
			}
			if want := docKey + ":" + tt.signature; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestSignUserVector(t *testing.T) {
	t.Parallel()
	got, err := docSigner.SignUser(docSocket, docUserData)
	if err != nil {
		t.Fatal(err)
	}
	if want := docKey + ":" + docUserSignature; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The vector of the protocol reference, section 13. Its master key has 33
// bytes, whatever it says of itself.
func TestSharedSecretVector(t *testing.T) {
	t.Parallel()
	got := channelauth.SharedSecret("private-encrypted-bla", []byte("This is a string that is 32 chars"))
	if want := "AEgx+Z0qToZyPok8re06KJfe7dvtlRT+lJfc3cUr1Qs="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	raw, err := base64.StdEncoding.DecodeString(got)
	if err != nil {
		t.Fatal(err)
	}
	if want := "004831f99d2a4e86723e893caded3a2897deeddbed9514fe9497dcddc52bd50b"; hex.EncodeToString(raw) != want {
		t.Errorf("got %x, want %s", raw, want)
	}
}

func TestSignChannelRefuses(t *testing.T) {
	t.Parallel()
	member := func(id string) string { return `{"user_id":"` + id + `"}` }
	tests := []struct {
		name                  string
		signer                channelauth.Signer
		socket, channel, data string
		want                  error
	}{
		{"public channel", docSigner, docSocket, "news", "", channelauth.ErrPublicChannel},
		{"public cache channel", docSigner, docSocket, "cache-news", "", channelauth.ErrPublicChannel},
		{"empty channel", docSigner, docSocket, "", "", channelauth.ErrChannelName},
		{"broker's channel", docSigner, docSocket, "#server-to-user-1", "", channelauth.ErrChannelName},
		{"colon in channel", docSigner, docSocket, "private-a:b", "", channelauth.ErrChannelName},
		{"space in channel", docSigner, docSocket, "private-a b", "", channelauth.ErrChannelName},
		{"long channel", docSigner, docSocket, "private-" + strings.Repeat("a", 157), "", channelauth.ErrChannelName},
		{"no socket", docSigner, "", "private-a", "", channelauth.ErrSocketID},
		{"socket without dot", docSigner, "1234", "private-a", "", channelauth.ErrSocketID},
		{"socket with two dots", docSigner, "1.2.3", "private-a", "", channelauth.ErrSocketID},
		{"socket with letters", docSigner, "1.a", "private-a", "", channelauth.ErrSocketID},
		{"socket with colon", docSigner, "1.2:private-b", "private-a", "", channelauth.ErrSocketID},
		{"socket with newline", docSigner, "1.2\n", "private-a", "", channelauth.ErrSocketID},
		{"data is no object", docSigner, docSocket, "presence-a", `"1"`, channelauth.ErrUserObject},
		{"data is null", docSigner, docSocket, "presence-a", `null`, channelauth.ErrUserObject},
		{"data is not UTF-8", docSigner, docSocket, "presence-a", member("\xff"), channelauth.ErrUserObject},
		{"no user id", docSigner, docSocket, "presence-a", `{"id":"1"}`, channelauth.ErrUserObject},
		{"user id in capitals", docSigner, docSocket, "presence-a", `{"USER_ID":"1"}`, channelauth.ErrUserObject},
		{"empty user id", docSigner, docSocket, "presence-a", member(""), channelauth.ErrUserObject},
		{"long user id", docSigner, docSocket, "presence-a", member(strings.Repeat("a", 129)), channelauth.ErrUserID},
		{"large user", docSigner, docSocket, "presence-a", `{"user_id":"1","user_info":"` + strings.Repeat("a", 1000) + `"}`, channelauth.ErrUserObject},
		{"no key", channelauth.Signer{Secret: docSecret}, docSocket, "private-a", "", channelauth.ErrCredentials},
		{"no secret", channelauth.Signer{Key: docKey}, docSocket, "private-a", "", channelauth.ErrCredentials},
		{"colon in key", channelauth.Signer{Key: "a:b", Secret: docSecret}, docSocket, "private-a", "", channelauth.ErrCredentials},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			token, err := tt.signer.SignChannel(tt.socket, tt.channel, tt.data)
			if !errors.Is(err, tt.want) || token != "" {
				t.Fatalf("got %q and error %v, want %v", token, err, tt.want)
			}
			if strings.Contains(err.Error(), docSecret) {
				t.Errorf("the error shows the secret: %v", err)
			}
			if strings.Count(err.Error(), "channelauth:") != 1 {
				t.Errorf("the package's name should stand once in: %v", err)
			}
		})
	}
}

func TestSignChannelAtTheLimits(t *testing.T) {
	t.Parallel()
	room := 1024 - len(`{"user_id":"1","user_info":""}`)
	tests := []struct{ name, channel, data string }{
		{"longest channel", "private-" + strings.Repeat("a", 156), ""},
		{"whole alphabet", "private-AZaz09_-=@,.;", ""},
		{"cache", "private-cache-a", ""},
		{"encrypted", "private-encrypted-a", ""},
		{"encrypted cache", "private-encrypted-cache-a", ""},
		{"presence cache", "presence-cache-a", `{"user_id":"1"}`},
		{"presence of a signed-in user", "presence-a", ""},
		{"longest user id, in characters", "presence-a", `{"user_id":"` + strings.Repeat("é", 128) + `"}`},
		{"largest user", "presence-a", `{"user_id":"1","user_info":"` + strings.Repeat("a", room) + `"}`},
		{"e-mail as user id", "presence-a", `{"user_id":"a+b@example.com"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			token, err := docSigner.SignChannel(docSocket, tt.channel, tt.data)
			if err != nil {
				t.Fatal(err)
			}
			if err := docSigner.VerifyChannel(token, docSocket, tt.channel, tt.data); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSignUserRefuses(t *testing.T) {
	t.Parallel()
	list := func(n int) string { return `["u"` + strings.Repeat(`,"u"`, n-1) + `]` }
	tests := []struct {
		name, socket, data string
		want               error
	}{
		{"bad socket", "1", docUserData, channelauth.ErrSocketID},
		{"empty data", docSocket, "", channelauth.ErrUserObject},
		{"numeric id", docSocket, `{"id":12345}`, channelauth.ErrUserObject},
		{"no id", docSocket, `{"user_id":"1"}`, channelauth.ErrUserObject},
		{"id outside the alphabet of channels", docSocket, `{"id":"a b"}`, channelauth.ErrUserID},
		{"long id", docSocket, `{"id":"` + strings.Repeat("a", 129) + `"}`, channelauth.ErrUserID},
		{"large user_info", docSocket, `{"id":"1","user_info":"` + strings.Repeat("a", 1023) + `"}`, channelauth.ErrUserObject},
		{"watchlist of numbers", docSocket, `{"id":"1","watchlist":[1]}`, channelauth.ErrUserObject},
		{"long watchlist", docSocket, `{"id":"1","watchlist":` + list(101) + `}`, channelauth.ErrWatchlist},
		{"impossible user in watchlist", docSocket, `{"id":"1","watchlist":["a",""]}`, channelauth.ErrWatchlist},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			token, err := docSigner.SignUser(tt.socket, tt.data)
			if !errors.Is(err, tt.want) || token != "" {
				t.Fatalf("got %q and error %v, want %v", token, err, tt.want)
			}
			if strings.Count(err.Error(), "channelauth:") != 1 {
				t.Errorf("the package's name should stand once in: %v", err)
			}
		})
	}
	if _, err := docSigner.SignUser(docSocket, `{"id":"1","watchlist":`+list(100)+`}`); err != nil {
		t.Errorf("100 users in the watchlist: %v", err)
	}
	if _, err := (channelauth.Signer{}).SignUser(docSocket, docUserData); !errors.Is(err, channelauth.ErrCredentials) {
		t.Errorf("a Signer without credentials: got %v", err)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	master := []byte("master-key-master-key-master-key")
	config := channelauth.Config{Key: docKey, Secret: docSecret, EncryptionMasterKey: master}
	for _, value := range []any{docSigner, &docSigner, config, &config} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
		out := fmt.Sprintf("%v %+v %#v %s", value, value, value, value) + log.String()
		if strings.Contains(out, docSecret) || strings.Contains(out, string(master)) {
			t.Errorf("a secret shows in %s", out)
		}
		if !strings.Contains(out, docKey) {
			t.Errorf("no key shows in %s", out)
		}
	}
}
