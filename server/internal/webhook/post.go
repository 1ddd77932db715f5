package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/textproto"
	"net/url"
)

// The fields of a request that are always ours.
const (
	keyField       = "X-Pusher-Key"
	signatureField = "X-Pusher-Signature"
	contentType    = "application/json" // to the letter: libraries compare it
)

// reserved are the fields that nobody else may set.
var reserved = map[string]bool{
	keyField: true, signatureField: true, "Content-Type": true, "Content-Length": true, "Content-Encoding": true,
	"Transfer-Encoding": true, "Host": true, "Connection": true, "Trailer": true, "Te": true, "Upgrade": true,
}

// CheckHeader says whether a field may be added to requests. The value is not
// in the error.
func CheckHeader(name, value string) error {
	switch {
	case name == "" || !isToken(name):
		return fmt.Errorf("%q is no name of a header", name)
	case reserved[textproto.CanonicalMIMEHeaderKey(name)]:
		return fmt.Errorf("the header %s is set for each request and cannot be another", name)
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7F {
			return fmt.Errorf("the value of the header %s has a control character", name)
		}
	}
	return nil
}

// isToken: RFC 9110 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) >= 0:
		default:
			return false
		}
	}
	return true
}

// target is an Endpoint with what its requests are signed with.
type target struct {
	Endpoint
	app, key, secret string
}

// attributes say in a log which endpoint it is.
func (t *target) attributes() []any {
	return []any{slog.String("app", t.app), slog.String("endpoint", Host(t.URL))}
}

// post makes one request. Its errors are fit for a log.
func (t *target) post(ctx context.Context, client *http.Client, items []*item) error {
	events, size, ms := make([][]byte, len(items)), 0, int64(0)
	for i, item := range items {
		events[i], ms = item.json, max(ms, item.ms)
		size += len(item.json) + 1
	}
	body := appendBody(make([]byte, 0, size+64), ms, events)

	timeout := t.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v", timeout))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address cannot be used")
	}
	request.Header.Set("User-Agent", "thimble")
	for name, value := range t.Headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set(keyField, t.key)
	request.Header.Set(signatureField, sign(t.secret, body))

	answer, err := client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var whole *url.Error
		if errors.As(err, &whole) {
			err = whole.Err // which leaves out the address
		}
		return err
	}
	defer answer.Body.Close()
	io.CopyN(io.Discard, answer.Body, answerBytes)
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("answered with status %d", answer.StatusCode)
	}
	return nil
}

// sign returns the signature of a body.
func sign(secret string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}
