package channelauth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/channelauth"
)

func TestVerifyVectors(t *testing.T) {
	t.Parallel()
	for _, tt := range channelVectors {
		if err := docSigner.VerifyChannel(docKey+":"+tt.signature, docSocket, tt.channel, tt.data); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := docSigner.VerifyUser(docKey+":"+docUserSignature, docSocket, docUserData); err != nil {
		t.Errorf("user: %v", err)
	}
}

func TestVerifyChannelRefuses(t *testing.T) {
	t.Parallel()
	good := channelVectors[0].signature
	presence := channelVectors[1]
	tests := []struct {
		name                        string
		signer                      channelauth.Signer
		auth, socket, channel, data string
		want                        error
	}{
		{"empty", docSigner, "", docSocket, "private-foobar", "", channelauth.ErrMalformedToken},
		{"no key", docSigner, good, docSocket, "private-foobar", "", channelauth.ErrMalformedToken},
		{"short signature", docSigner, docKey + ":" + good[:62], docSocket, "private-foobar", "", channelauth.ErrMalformedToken},
		{"long signature", docSigner, docKey + ":" + good + "00", docSocket, "private-foobar", "", channelauth.ErrMalformedToken},
		{"not hexadecimal", docSigner, docKey + ":" + strings.Repeat("z", 64), docSocket, "private-foobar", "", channelauth.ErrMalformedToken},
		{"another key", docSigner, "other:" + good, docSocket, "private-foobar", "", channelauth.ErrWrongKey},
		{"empty key", docSigner, ":" + good, docSocket, "private-foobar", "", channelauth.ErrWrongKey},
		{"another secret", channelauth.Signer{Key: docKey, Secret: "other"}, docKey + ":" + good, docSocket, "private-foobar", "", channelauth.ErrWrongSignature},
		{"another socket", docSigner, docKey + ":" + good, "1234.1235", "private-foobar", "", channelauth.ErrWrongSignature},
		{"another channel", docSigner, docKey + ":" + good, docSocket, "private-foobaz", "", channelauth.ErrWrongSignature},
		{"data added", docSigner, docKey + ":" + good, docSocket, "private-foobar", "{}", channelauth.ErrWrongSignature},
		{"data changed", docSigner, docKey + ":" + presence.signature, docSocket, presence.channel, strings.Replace(presence.data, "10", "11", 1), channelauth.ErrWrongSignature},
		{"data left out", docSigner, docKey + ":" + presence.signature, docSocket, presence.channel, "", channelauth.ErrWrongSignature},
		{"data moved into the channel", docSigner, docKey + ":" + presence.signature, docSocket, presence.channel + ":" + presence.data, "", channelauth.ErrChannelName},
		{"sign-in token as a subscription", docSigner, docKey + ":" + docUserSignature, docSocket, ":user", ":" + docUserData, channelauth.ErrChannelName},
		{"sign-in token with empty channel", docSigner, docKey + ":" + docUserSignature, docSocket, "", "user::" + docUserData, channelauth.ErrChannelName},
		{"public channel", docSigner, docKey + ":" + good, docSocket, "foobar", "", channelauth.ErrPublicChannel},
		{"bad socket", docSigner, docKey + ":" + good, "x", "private-foobar", "", channelauth.ErrSocketID},
		{"no secret", channelauth.Signer{Key: docKey}, docKey + ":" + good, docSocket, "private-foobar", "", channelauth.ErrCredentials},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.signer.VerifyChannel(tt.auth, tt.socket, tt.channel, tt.data)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			for _, hidden := range []string{docSecret, good} {
				if strings.Contains(err.Error(), hidden) {
					t.Errorf("%q shows in the error %v", hidden, err)
				}
			}
		})
	}
}

func TestVerifyUserRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, auth, socket, data string
		want                     error
	}{
		{"malformed", docKey, docSocket, docUserData, channelauth.ErrMalformedToken},
		{"another key", "other:" + docUserSignature, docSocket, docUserData, channelauth.ErrWrongKey},
		{"another user", docKey + ":" + docUserSignature, docSocket, `{"id":"12346"}`, channelauth.ErrWrongSignature},
		{"another socket", docKey + ":" + docUserSignature, "1.1", docUserData, channelauth.ErrWrongSignature},
		{"bad socket", docKey + ":" + docUserSignature, "1", docUserData, channelauth.ErrSocketID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := docSigner.VerifyUser(tt.auth, tt.socket, tt.data); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestVerifyTakesCapitalHex(t *testing.T) {
	t.Parallel()
	auth := docKey + ":" + strings.ToUpper(channelVectors[0].signature)
	if err := docSigner.VerifyChannel(auth, docSocket, "private-foobar", ""); err != nil {
		t.Error(err)
	}
}

func TestTokenKey(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{"key:abc": "key", "key": "", "": "", ":abc": "", "a:b:c": "a"} {
		if got := channelauth.TokenKey(token); got != want {
			t.Errorf("TokenKey(%q) = %q, want %q", token, got, want)
		}
	}
}
