package thimble

import (
	"errors"
	"strconv"
	"strings"

	"github.com/thimble-go/thimble/internal/wire"
)

var (
	errNoAuth      = errors.New("thimble: the answer has no auth token")
	errAuthToken   = errors.New("thimble: the answer's auth is not KEY:SIGNATURE")
	errChannelData = errors.New("thimble: the answer's channel_data is not a string")
	errNotJSON     = errors.New("thimble: the answer is not a JSON object")
)

// maxAuthAnswer bounds an authorization endpoint's answer in bytes: a token,
// and presence data that the service caps at 1 KB, with room for others.
const maxAuthAnswer = 64 << 10

// StatusError is an answer of an authorization endpoint with a status other
// than 200 and 201.
type StatusError struct {
	URL    string // without query, which may hold secrets
	Status int
	// Text is what the answer says, if it is short and plain.
	Text string
}

func (e *StatusError) Error() string {
	s := "thimble: " + e.URL + " answered with status " + strconv.Itoa(e.Status)
	switch {
	case e.Text != "":
		s += ": " + e.Text
	case e.Status >= 300 && e.Status <= 399:
		s += ", a redirection, which is not followed; check the URL, or the headers that log in"
	case e.Status == 404 || e.Status == 405:
		s += "; check the URL"
	}
	return s
}

// readAnswer reads an endpoint's answer. Only the token and what was signed
// are taken from it: whatever else it holds, a shared secret above all, is not
// for the server.
func readAnswer(url string, status int, body []byte) (Token, error) {
	if status != 200 && status != 201 {
		err := &StatusError{URL: url, Status: status, Text: plainText(body)}
		return Token{}, &AuthError{Status: status, Permanent: permanent(status), Err: err}
	}
	token, err := parseAnswer(body)
	if err != nil {
		// It may be a proxy's page while the endpoint is away: worth trying
		// again, slowly.
		return Token{}, &AuthError{Status: status, Err: &answerError{url, err}}
	}
	return token, nil
}

// answerError says which endpoint gave a malformed answer.
type answerError struct {
	url string
	err error
}

func (e *answerError) Error() string {
	return "thimble: " + e.url + ": " + strings.TrimPrefix(e.err.Error(), "thimble: ")
}

func (e *answerError) Unwrap() error { return e.err }

// permanent says whether a status will not change by asking again. After 401
// and 403 it may: the session asks once more with what is fresh by then.
func permanent(status int) bool {
	switch status {
	case 401, 403, 408, 425, 429:
		return false
	}
	return status >= 300 && status <= 499
}

func parseAnswer(body []byte) (Token, error) {
	if !wire.Valid(body) {
		return Token{}, errNotJSON
	}
	v, _ := wire.ParseValue(body)
	if v.Kind() != wire.Object {
		return Token{}, errNotJSON
	}
	auth, data := v.Get("auth"), v.Get("channel_data")
	if auth.Kind() != wire.String || len(auth) <= len(`""`) {
		return Token{}, errNoAuth
	}
	token := Token{Auth: auth.Text()}
	if i := strings.IndexByte(token.Auth, ':'); i < 1 || i == len(token.Auth)-1 {
		return Token{}, errAuthToken
	}
	switch data.Kind() {
	case wire.Absent, wire.Null:
	case wire.String:
		token.ChannelData = data.Text()
	default:
		return Token{}, errChannelData
	}
	return token, nil
}

// plainText returns a short answer that is text, or the error that it holds as
// JSON. HTML is left out: it says nothing in a log.
func plainText(body []byte) string {
	if !wire.Valid(body) {
		text := strings.TrimSpace(string(body[:min(len(body), maxPlainText+1)]))
		if len(text) > maxPlainText || strings.HasPrefix(text, "<") || !printable(text, "") {
			return ""
		}
		return text
	}
	v, _ := wire.ParseValue(body)
	for _, name := range [...]string{"error", "message"} {
		if text := v.Get(name); text.Kind() == wire.String && len(text) <= maxPlainText && printable(text.Text(), "") {
			return text.Text()
		}
	}
	return ""
}

const maxPlainText = 200
