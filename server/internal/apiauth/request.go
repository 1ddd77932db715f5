package apiauth

import (
	"net/http"
	"net/url"
	"strings"
)

// Request is what a signature covers.
type Request struct {
	// Method is the HTTP method.
	Method string

	// Path is the decoded path, as in http.Request.URL.Path, without a prefix
	// that the sender did not sign.
	Path string

	// RawPath is the same path as it was requested, with its escapes, as of
	// http.Request.URL.EscapedPath. Empty: there are none.
	RawPath string

	// Query is the parsed query.
	Query url.Values

	// Body is the whole body.
	Body []byte
}

// FromHTTP returns the request to verify. body is the whole body, read before;
// a path prefix that the sender did not sign must be gone, as after
// http.StripPrefix. The handler takes its parameters from Request.Params, since
// those are the ones that the signature covers.
func FromHTTP(r *http.Request, body []byte) Request {
	return Request{
		Method:  r.Method,
		Path:    r.URL.Path,
		RawPath: r.URL.EscapedPath(),
		Query:   parseQuery(r.URL.RawQuery),
		Body:    body,
	}
}

// parseQuery is url.ParseQuery that takes a bare semicolon, which net/url drops
// together with its parameter. It may stand in a channel name, and Pusher's
// library for Node does not escape it. A parameter with a broken escape is
// left out, and then the signature does not match.
func parseQuery(raw string) url.Values {
	query, _ := url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B"))
	return query
}
