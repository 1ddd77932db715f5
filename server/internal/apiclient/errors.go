package apiclient

import (
	"fmt"
	"net/http"
	"strings"
	"unicode"
)

// Error is an answer with a status outside 200 to 299.
type Error struct {
	// Status is the HTTP status.
	Status int

	// Body is what the server says, up to 4 KiB.
	Body string
}

// Error returns what the server says and what to do about it, on one line.
func (e *Error) Error() string {
	text := fmt.Sprintf("apiclient: the server answers %d", e.Status)
	if name := http.StatusText(e.Status); name != "" {
		text += " " + name
	}
	if body := oneLine(e.Body); body != "" {
		text += ": " + body
	}
	if hint := e.hint(); hint != "" {
		text += " (" + hint + ")"
	}
	return text
}

// RequestError is a request without an answer: it may have been carried out, or
// not.
type RequestError struct {
	Method, BaseURL string
	Err             error
}

func (e *RequestError) Error() string {
	return fmt.Sprintf("apiclient: %s %s: %v", e.Method, e.BaseURL, e.Err)
}

func (e *RequestError) Unwrap() error { return e.Err }

// TLSPort says that a port for TLS was sent a request without it, in the words
// of net/http or of nginx.
func (e *Error) TLSPort() bool {
	return e.Status == http.StatusBadRequest && (strings.Contains(e.Body, "HTTP request to an HTTPS server") || strings.Contains(e.Body, "plain HTTP request was sent to HTTPS port"))
}

func (e *Error) hint() string {
	switch {
	case e.TLSPort():
		return "the port is one for TLS: use https"
	case e.Status == http.StatusUnauthorized:
		return "check the key, the secret and this machine's clock"
	case e.Status == http.StatusForbidden:
		return "the application is disabled or over its quota"
	case e.Status == http.StatusNotFound:
		return "check the application id and the server's address"
	case e.Status == http.StatusRequestEntityTooLarge:
		return "the event's data is too large: the limit is 10 KB unless the server is configured otherwise"
	case e.Status == http.StatusTooManyRequests:
		return "slow down and try again later"
	case 300 <= e.Status && e.Status <= 399:
		return "redirects are not followed: give the address that the API has now"
	case e.Status >= 500:
		return "the server has a problem: try again later; a publish may have been delivered"
	}
	return ""
}

// oneLine makes a body fit for a terminal: what a server sends must not move
// the cursor.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxErrorShown {
		return strings.ToValidUTF8(s[:maxErrorShown], "") + "..."
	}
	return s
}
