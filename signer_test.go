package thimble

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
)

// The vectors of the service's documentation of authorization signatures.
var vectors = DevelopmentSigner{Key: "278d425bdf160c739803", Secret: "7ad3773142a6692b25b8"}

func TestSignerVectors(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ada := vectors
	ada.UserID, ada.UserInfo = "10", `{"name":"Mr. Pusher"}`
	user := vectors
	user.UserID = "12345"

	token, err := vectors.Authorize(ctx, AuthRequest{"1234.1234", "private-foobar"})
	if want := vectors.Key + ":58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"; err != nil || token.Auth != want || token.ChannelData != "" {
		t.Errorf("private: %+v, %v", token, err)
	}
	token, err = ada.Authorize(ctx, AuthRequest{"1234.1234", "presence-foobar"})
	if want := vectors.Key + ":48dac51d2d7569e1e9c0f48c227d4b26f238fa68e5c0bb04222c966909c4f7c4"; err != nil || token.Auth != want ||
		token.ChannelData != `{"user_id":"10","user_info":{"name":"Mr. Pusher"}}` {
		t.Errorf("presence: %+v, %v", token, err)
	}
	signed, err := user.AuthorizeUser(ctx, "1234.1234")
	if want := vectors.Key + ":4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba"; err != nil || signed.Auth != want || signed.UserData != `{"id":"12345"}` {
		t.Errorf("user: %+v, %v", signed, err)
	}
	// An id that is a number is what others sign; the signature is the same function.
	const text = `1234.1234:presence-foobar:{"user_id":10,"user_info":{"name":"Mr. Pusher"}}`
	if got, want := vectors.sign(text), vectors.Key+":afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c"; got != want {
		t.Errorf("presence with a number: %s", got)
	}
	// The master key of this one has 33 bytes.
	secret := sharedSecret("private-encrypted-bla", []byte("This is a string that is 32 chars"))
	if got := hex.EncodeToString(secret); got != "004831f99d2a4e86723e893caded3a2897deeddbed9514fe9497dcddc52bd50b" {
		t.Errorf("shared secret: %s", got)
	}
}

// TestSignerAgrees compares it with what servers sign.
func TestSignerAgrees(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	master := []byte("master-key-master-key-master-key")
	server := channelauth.Signer{Key: vectors.Key, Secret: vectors.Secret}
	for _, who := range []struct{ id, info string }{
		{"ada", ""}, {"ada", `{"name":"<Ada> & \"co\"\n"}`}, {"ada", ` [1, null ] `}, {`a"b\c` + "\n", `"x"`}, {"Zoë+1@example.com", ""}, {strings.Repeat("ü", 128), "7"},
	} {
		s := vectors
		s.UserID, s.UserInfo, s.EncryptionMasterKey = who.id, who.info, master
		for _, channel := range []string{"private-a", "private-cache-a", "presence-a", "presence-cache-a", "private-encrypted-a", "private-encrypted-cache-a"} {
			token, err := s.Authorize(ctx, AuthRequest{"12.34", channel})
			if err != nil {
				t.Fatalf("%q on %s: %v", who, channel, err)
			}
			if err := server.VerifyChannel(token.Auth, "12.34", channel, token.ChannelData); err != nil {
				t.Errorf("%q on %s: %v", who, channel, err)
			}
			kind := channelauth.KindOf(channel)
			if kind == channelauth.Presence {
				member, err := channelauth.ParseMember(token.ChannelData)
				if err != nil || member.UserID != who.id || string(member.UserInfo) != strings.TrimSpace(who.info) {
					t.Errorf("%q is %+v, %v", who, member, err)
				}
			}
			want := ""
			if kind == channelauth.Encrypted {
				want = channelauth.SharedSecret(channel, master)
			}
			if got, _ := json.Marshal(token.SharedSecret); kind == channelauth.Encrypted && string(got) != `"`+want+`"` || kind != channelauth.Encrypted && token.SharedSecret != nil {
				t.Errorf("%s: the secret is %s, not %s", channel, got, want)
			}
		}
	}
	s := vectors
	s.UserID, s.UserInfo = "ada@example.com", `{"name":"Ada"}`
	token, err := s.AuthorizeUser(ctx, "12.34")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.VerifyUser(token.Auth, "12.34", token.UserData); err != nil {
		t.Error(err)
	}
	if user, err := channelauth.ParseUser(token.UserData); err != nil || user.ID != s.UserID || string(user.UserInfo) != s.UserInfo {
		t.Errorf("got %+v, %v", user, err)
	}
}

func TestSignerRefuses(t *testing.T) {
	t.Parallel()
	good := vectors
	good.UserID, good.UserInfo, good.EncryptionMasterKey = "ada", `{"name":"Ada"}`, make([]byte, 32)
	for _, test := range []struct {
		name, socket, channel string
		change                func(*DevelopmentSigner)
		says                  string
	}{
		{"no key", "1.2", "private-a", func(s *DevelopmentSigner) { s.Key = "" }, "Key"},
		{"a key with a colon", "1.2", "private-a", func(s *DevelopmentSigner) { s.Key = "a:b" }, "colon"},
		{"no secret", "1.2", "private-a", func(s *DevelopmentSigner) { s.Secret = "" }, "Secret"},
		{"no secret, user", "1.2", "", func(s *DevelopmentSigner) { s.Secret = "" }, "Secret"},
		{"no socket id", "", "private-a", nil, "socket id"},
		{"a socket id that would say more", "1.2:private-b", "private-a", nil, "socket id"},
		{"the same, user", "1.2:private-b", "", nil, "socket id"},
		{"a public channel", "1.2", "news", nil, "private"},
		{"a channel that would be a user", "1.2", `private-a:{"id":"1"}`, nil, "valid name"},
		{"no user id", "1.2", "presence-a", func(s *DevelopmentSigner) { s.UserID = "" }, "UserID"},
		{"no user id, user", "1.2", "", func(s *DevelopmentSigner) { s.UserID = "" }, "UserID"},
		{"a long user id", "1.2", "presence-a", func(s *DevelopmentSigner) { s.UserID = strings.Repeat("x", 129) }, "128"},
		{"a user id that is not UTF-8", "1.2", "presence-a", func(s *DevelopmentSigner) { s.UserID = "\xff" }, "UserID"},
		{"a user id that no channel name has", "1.2", "", func(s *DevelopmentSigner) { s.UserID = "a b" }, "allowed"},
		{"info that is no JSON", "1.2", "presence-a", func(s *DevelopmentSigner) { s.UserInfo = `{"name":` }, "UserInfo"},
		{"info that ends the object", "1.2", "presence-a", func(s *DevelopmentSigner) { s.UserInfo = `{}},"user_id":"root"` }, "UserInfo"},
		{"much info", "1.2", "presence-a", func(s *DevelopmentSigner) { s.UserInfo = `"` + strings.Repeat("x", 1000) + `"` }, "1 KB"},
		{"far too much info", "1.2", "presence-a", func(s *DevelopmentSigner) { s.UserInfo = strings.Repeat(" ", 1<<20) + "{}" }, "1 KB"},
		{"no master key", "1.2", "private-encrypted-a", func(s *DevelopmentSigner) { s.EncryptionMasterKey = nil }, "32 bytes"},
		{"a master key in base64", "1.2", "private-encrypted-a", func(s *DevelopmentSigner) { s.EncryptionMasterKey = make([]byte, 44) }, "base64"},
	} {
		s := good
		if test.change != nil {
			test.change(&s)
		}
		var err error
		if test.channel == "" {
			_, err = s.AuthorizeUser(context.Background(), test.socket)
		} else {
			var token Token
			if token, err = s.Authorize(context.Background(), AuthRequest{test.socket, test.channel}); token.Auth != "" || token.SharedSecret != nil {
				t.Errorf("%s: an error, and %+v", test.name, token)
			}
		}
		var auth *AuthError
		if !errors.As(err, &auth) || !auth.Permanent || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), vectors.Secret) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestSignerHidesSecrets(t *testing.T) {
	t.Parallel()
	s := vectors
	s.EncryptionMasterKey = []byte("hush hush hush hush hush hush 32")
	marshalled, err := json.Marshal(Config{Authorizer: s}.Authorizer)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%+v", []any{&s}), fmt.Sprintf("%+v", Config{Authorizer: s}), string(marshalled)} {
		if strings.Contains(text, s.Secret) || strings.Contains(text, "hush") || strings.Contains(text, "104 117 115 104") || !strings.Contains(text, s.Key) {
			t.Errorf("printed as %s", text)
		}
	}
}
