package thimble

import (
	"errors"
	"strings"
	"testing"
)

// FuzzReadAnswer reads whatever an endpoint may answer: it is a token that can
// be sent on, or an error that can be logged.
func FuzzReadAnswer(f *testing.F) {
	for _, body := range []string{
		"", "{}", "[]", "null", "<html>", "Forbidden\r\n",
		`{"auth":"key:sig"}`, `{"auth":"key:sig","channel_data":"{\"user_id\":\"1\"}","shared_secret":"s"}`,
		`{"auth":":"}`, `{"auth":null}`, `{"auth":"k:s","auth":"nocolon"}`, `{"auth":"k:s","channel_data":{}}`,
		`{"error":"no\nway"}`, `{"message":"who are you?"}`, `{"error":{"code":1}}`, "\xff",
	} {
		f.Add(200, []byte(body))
		f.Add(403, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		token, err := readAnswer("http://example.com/auth", status, body)
		if err == nil {
			key, sig, ok := strings.Cut(token.Auth, ":")
			if !ok || key == "" || sig == "" {
				t.Errorf("the token is %q", token.Auth)
			}
			return
		}
		var auth *AuthError
		if token.Auth != "" || token.SharedSecret != nil || !errors.As(err, &auth) || auth.Status != status {
			t.Errorf("got %v, %#v", token, err)
		}
		if strings.ContainsAny(err.Error(), "\r\n\x1b") {
			t.Errorf("the text is %q", err)
		}
	})
}
