package apiauth

import (
	"fmt"
	"net/http"
	"strconv"
)

// Code says which part of the authentication failed, for a counter or a log.
type Code uint8

const (
	// MissingParameter: one of the parameters is absent, or given twice.
	MissingParameter Code = iota + 1
	// BadVersion: auth_version is not 1.0.
	BadVersion
	// UnknownKey: auth_key is no key of the application.
	UnknownKey
	// BadTimestamp: auth_timestamp is no number or too far from the clock.
	BadTimestamp
	// BadBodyMD5: body_md5 is not the MD5 of the body.
	BadBodyMD5
	// BadSignature: auth_signature is not the signature of the request.
	BadSignature
)

// String returns the code as a word with underscores, fit for a metric label.
func (c Code) String() string {
	switch c {
	case MissingParameter:
		return "missing_parameter"
	case BadVersion:
		return "bad_version"
	case UnknownKey:
		return "unknown_key"
	case BadTimestamp:
		return "bad_timestamp"
	case BadBodyMD5:
		return "bad_body_md5"
	case BadSignature:
		return "bad_signature"
	}
	return "code_" + strconv.Itoa(int(c))
}

// Error is a refusal. Its text is for the caller of the API: it says what to
// correct and holds no secret.
type Error struct {
	// Code is the part that failed.
	Code Code
	text string
}

// Error returns the text for the answer's body.
func (e *Error) Error() string { return e.text }

// Status is the HTTP status of the answer: 401.
func (e *Error) Status() int { return http.StatusUnauthorized }

func refuse(code Code, format string, args ...any) error {
	return &Error{Code: code, text: fmt.Sprintf(format, args...)}
}
