//go:build !tinygo

package thimble_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/thimble-go/thimble"
)

// TestPrintedWithoutSecrets prints what people print when they look for a
// mistake.
func TestPrintedWithoutSecrets(t *testing.T) {
	t.Parallel()
	endpoint := thimble.Endpoint{
		URL:    "https://example.com/auth?key=hidden",
		Header: map[string]string{"Authorization": "Bearer hidden"},
		Params: map[string]string{"session": "hidden"},
	}
	hidden := []byte("hidden")
	for _, v := range []any{
		endpoint, &endpoint,
		thimble.Endpoint{URL: "https://user:hidden@example.com/auth"},
		thimble.Config{Key: "key", Authorizer: endpoint, UserAuthorizer: endpoint},
		thimble.Config{Key: "key", Authorizer: &endpoint},
		thimble.Config{Key: "key", Authorizer: thimble.DevelopmentSigner{Key: "key", Secret: "hidden", EncryptionMasterKey: hidden}},
		thimble.Token{Auth: "key:hidden", ChannelData: `{"user_id":"1"}`, SharedSecret: hidden},
		[]thimble.AuthResult{{Token: thimble.Token{Auth: "key:hidden", SharedSecret: hidden}}},
		thimble.UserToken{Auth: "key:hidden", UserData: `{"id":"1"}`},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, "hidden") || strings.Contains(text, fmt.Sprint(hidden)) || strings.Contains(text, "0x68, 0x69") {
				t.Errorf("%s of %T: %s", verb, v, text)
			}
		}
	}
}
