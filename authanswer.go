package thimble

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"github.com/thimble-go/thimble/internal/wire"
)

var (
	errNoAuth       = errors.New("thimble: the answer has no auth token; a yes is {\"auth\":\"KEY:SIGNATURE\"}, a no is status 403")
	errAuthToken    = errors.New("thimble: the answer's auth is not KEY:SIGNATURE")
	errChannelData  = errors.New("thimble: the answer's channel_data is not a string")
	errSharedSecret = errors.New("thimble: the answer's shared_secret is not 32 bytes in base64; check the master key of the server that makes it")
	errNoUserData   = errors.New("thimble: the answer has no user_data; check that the URL is the one for users, often /pusher/user-auth")
	errUserData     = errors.New("thimble: the answer's user_data is not a JSON object, as a string, with an id")
	errNotJSON      = errors.New("thimble: the answer is not a JSON object; check that this is the endpoint's URL, and not a page or a login")
	errEntry        = errors.New("thimble: the answer's entry for the channel is not an object with status and data")
	errNoEntry      = errors.New("thimble: the answer has no entry for the channel; if the endpoint knows no batches, set Endpoint.Batch to 0")
)

// secretSize is the size of an encrypted channel's key, in bytes.
const secretSize = 32

// StatusError is an answer of an authorization endpoint with a status other
// than 200 and 201, to a request or, in a batch, for one channel.
type StatusError struct {
	URL    string // without query, which may hold secrets
	Status int
	// Text is what the answer says, if it is short and plain.
	Text string
}

func (e *StatusError) Error() string {
	s := "thimble: " + e.URL + " answered with status " + strconv.Itoa(e.Status)
	if e.Text != "" {
		s += ": " + e.Text
	}
	switch {
	case e.Status >= 300 && e.Status <= 399:
		s += "; redirections are not followed: check the URL, or the headers that log in"
	case e.Status == 101 || e.Status == 404 || e.Status == 405:
		s += "; check the URL"
	case (e.Status == 401 || e.Status == 403) && e.Text == "":
		s += "; check the headers that log in, and who may join"
	case e.Status >= 500 && e.Text == "":
		s += "; its log should say why"
	}
	return s
}

// readAnswer reads an endpoint's answer about one channel. What it holds beside
// the token and what was signed stays here, a shared secret above all.
func readAnswer(url, channel string, res response) (Token, error) {
	v, err := res.object(url)
	if err != nil {
		return Token{}, err
	}
	token, err := parseToken(v, channel)
	if err != nil {
		return Token{}, malformed(url, res.status, err)
	}
	return token, nil
}

// readUserAnswer reads an endpoint's answer about the user.
func readUserAnswer(url string, res response) (UserToken, error) {
	v, err := res.object(url)
	if err != nil {
		return UserToken{}, err
	}
	token, err := parseUserToken(v)
	if err != nil {
		return UserToken{}, malformed(url, res.status, err)
	}
	return token, nil
}

// readBatchAnswer reads an endpoint's answer about several channels: an object
// with an entry for each, of a status, which may be left out with a yes, and
// data, which is what the endpoint says when asked for the channel alone.
func readBatchAnswer(url string, channels []string, res response) ([]AuthResult, error) {
	v, err := res.object(url)
	if err != nil {
		return nil, err
	}
	// One walk, however many channels there are; the last of several wins.
	entries := make(map[string]wire.Value, len(channels))
	for _, name := range channels {
		entries[name] = nil
	}
	for members := wire.Members(v); members.Next(); {
		name := members.Text()
		if _, asked := entries[name]; asked {
			entries[name] = members.Value
		}
	}
	results := make([]AuthResult, len(channels))
	for i, name := range channels {
		results[i].Token, results[i].Err = readEntry(url, name, res.status, entries[name])
	}
	return results, nil
}

// readEntry reads what a batch says about one channel.
func readEntry(url, channel string, status int, entry wire.Value) (Token, error) {
	data := entry.Get("data")
	switch kind := entry.Kind(); {
	case kind == wire.Absent:
		return Token{}, &AuthError{Status: status, Permanent: true, Err: &answerError{url, errNoEntry}}
	case kind != wire.Object:
		return Token{}, malformed(url, status, errEntry)
	}
	switch own := entry.Get("status"); own.Kind() {
	case wire.Absent, wire.Null:
	default:
		n, ok := own.Int()
		if !ok || n < 100 || n > 599 {
			return Token{}, malformed(url, status, errEntry)
		}
		if status = int(n); status != 200 && status != 201 {
			text := plainText(entry)
			if text == "" {
				text = plainText(data)
			}
			return Token{}, refused(url, status, text)
		}
	}
	if data.Kind() != wire.Object {
		return Token{}, malformed(url, status, errEntry)
	}
	token, err := parseToken(data, channel)
	if err != nil {
		return Token{}, malformed(url, status, err)
	}
	return token, nil
}

// object returns the JSON object of an answer that is a yes.
func (res *response) object(url string) (wire.Value, error) {
	if res.status != 200 && res.status != 201 {
		err := refused(url, res.status, plainText(res.body))
		if res.status == 429 || res.status == 503 {
			err.RetryAfter = res.retryAfter
		}
		return nil, err
	}
	if !wire.Valid(res.body) {
		return nil, malformed(url, res.status, errNotJSON)
	}
	v, _ := wire.ParseValue(res.body)
	if v.Kind() != wire.Object {
		return nil, malformed(url, res.status, errNotJSON)
	}
	return v, nil
}

func refused(url string, status int, text string) *AuthError {
	return &AuthError{Status: status, Permanent: permanent(status), Err: &StatusError{URL: url, Status: status, Text: text}}
}

// malformed is an answer that may be a proxy's page while the endpoint is away:
// worth trying again, slowly.
func malformed(url string, status int, err error) *AuthError {
	return &AuthError{Status: status, Err: &answerError{url, err}}
}

// answerError says what an error is about: which endpoint gave a malformed
// answer, say.
type answerError struct {
	about string
	err   error
}

func (e *answerError) Error() string {
	return "thimble: " + e.about + ": " + strings.TrimPrefix(e.err.Error(), "thimble: ")
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

// parseAuth takes the token out of an answer.
func parseAuth(v wire.Value) (string, error) {
	auth := v.Get("auth")
	if auth.Kind() != wire.String || len(auth) <= len(`""`) {
		return "", errNoAuth
	}
	text := auth.Text()
	if i := strings.IndexByte(text, ':'); i < 1 || i == len(text)-1 {
		return "", errAuthToken
	}
	return text, nil
}

func parseToken(v wire.Value, channel string) (token Token, err error) {
	if token.Auth, err = parseAuth(v); err != nil {
		return Token{}, err
	}
	switch data := v.Get("channel_data"); data.Kind() {
	case wire.Absent, wire.Null:
	case wire.String:
		token.ChannelData = data.Text()
	default:
		return Token{}, errChannelData
	}
	if wire.KindOf(channel) == wire.Encrypted {
		if token.SharedSecret, err = parseSecret(v.Get("shared_secret")); err != nil {
			return Token{}, err
		}
	}
	return token, nil
}

// parseSecret reads the key of an encrypted channel, nil if there is none. It
// leaves no copy but the one it returns.
func parseSecret(v wire.Value) ([]byte, error) {
	switch v.Kind() {
	case wire.Absent, wire.Null:
		return nil, nil
	case wire.String:
	default:
		return nil, errSharedSecret
	}
	// Standard base64 has slashes, which some JSON encoders escape: six bytes
	// for one at most.
	size := base64.StdEncoding.EncodedLen(secretSize)
	if len(v) > len(`""`)+6*size {
		return nil, errSharedSecret
	}
	own := append(wire.Value(nil), v...)
	text := own.Unescape()
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(decoded, text)
	ok := err == nil && n == secretSize && len(text) == size // the decoder passes over line breaks
	clear(own)
	if !ok {
		clear(decoded)
		return nil, errSharedSecret
	}
	return decoded[:secretSize:secretSize], nil
}

func parseUserToken(v wire.Value) (token UserToken, err error) {
	if token.Auth, err = parseAuth(v); err != nil {
		return UserToken{}, err
	}
	data := v.Get("user_data")
	switch data.Kind() {
	case wire.Absent, wire.Null:
		return UserToken{}, errNoUserData
	case wire.String:
	default:
		return UserToken{}, errUserData
	}
	token.UserData = data.Text()
	user, err := wire.ParseValue([]byte(token.UserData))
	if err != nil || user.Get("id").Kind() != wire.String || user.Get("id").Text() == "" {
		return UserToken{}, errUserData
	}
	return token, nil
}

// plainText returns a short answer that is text, or the error that it holds as
// JSON. HTML is left out: it says nothing in a log.
func plainText(body []byte) string {
	if !wire.Valid(body) {
		text := trimmed(string(body[:min(len(body), maxPlainText+1)]))
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

// trimmed is a text without white space around it.
func trimmed(s string) string {
	for s != "" && s[0] <= ' ' {
		s = s[1:]
	}
	for s != "" && s[len(s)-1] <= ' ' {
		s = s[:len(s)-1]
	}
	return s
}

const maxPlainText = 200
