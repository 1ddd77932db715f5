package http1

import "errors"

// Errors of a response. The connection it came from is of no further use.
var (
	ErrStatusLine     = errors.New("http1: the answer does not begin with an HTTP/1 status line; check the address, port and TLS setting")
	ErrLineEnding     = errors.New("http1: a line of the response head does not end in CRLF")
	ErrFieldLine      = errors.New("http1: malformed header field in the response")
	ErrHeadTooLarge   = errors.New("http1: response head larger than MaxHead")
	ErrTooManyFields  = errors.New("http1: response head with more than MaxFields fields")
	ErrTooManyInterim = errors.New("http1: more than MaxInterim interim responses")
	ErrLength         = errors.New("http1: invalid, repeated or contradicted Content-Length in the response")
	ErrTransferCoding = errors.New("http1: the response has a transfer coding other than chunked")
	ErrChunk          = errors.New("http1: malformed chunked body")
	ErrTooMuchSkipped = errors.New("http1: more than MaxSkipped bytes of chunk extensions and trailers")
	ErrBodyTooLarge   = errors.New("http1: response body larger than allowed; raise MaxBody or shorten the response")
	ErrUnexpectedEnd  = errors.New("http1: the connection ended inside the response")

	// ErrNoResponse says that the connection ended before the first byte of a
	// response, as when a server closes an idle connection while a request is
	// on its way: a request that may be repeated can be sent again on a new
	// connection (RFC 9112 9.3.1).
	ErrNoResponse = errors.New("http1: the connection ended before the response")
)

// Errors of a request or an address. Nothing has been written.
var (
	ErrMethod   = errors.New("http1: the method must be a token other than HEAD and CONNECT")
	ErrHost     = errors.New("http1: the host must be a name, an IPv4 address or an IPv6 address in brackets; write other alphabets in punycode")
	ErrPort     = errors.New("http1: the port must be a number from 1 to 65535")
	ErrTarget   = errors.New("http1: the path and query must begin with a slash and be percent-encoded")
	ErrField    = errors.New("http1: a request field has an invalid name or value, or one that AppendRequest writes itself")
	ErrScheme   = errors.New("http1: the URL must begin with http:// or https://")
	ErrUserinfo = errors.New("http1: the URL must not contain a user name or password; send an Authorization field")
	ErrFragment = errors.New("http1: the URL must not contain a fragment; write # as %23")
)
