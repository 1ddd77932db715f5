package http1

import "strconv"

// Field is one header field of a request.
type Field struct{ Name, Value string }

// Request is a request to write.
type Request struct {
	Method string  // a token, "GET" or "POST"; HEAD and CONNECT are refused
	Host   string  // value of the Host field: URL.Host
	Target string  // path and query, percent-encoded: "/pusher/auth?x=1"
	Fields []Field // all but Host, Content-Length and Transfer-Encoding
	Body   []byte  // nil: none, and then only a POST has a Content-Length, of 0
	Close  bool    // asks the server to close the connection after its response
}

// AppendRequest appends the request to dst. If any part of it could be read as
// something else than that part (a line break or NUL anywhere, a space in the
// target, a name that is no token), it returns dst as it was, and an error.
func AppendRequest(dst []byte, r *Request) ([]byte, error) {
	if err := r.check(); err != nil {
		return dst, err
	}
	dst = append(dst, r.Method...)
	dst = append(dst, ' ')
	dst = append(dst, r.Target...)
	dst = append(dst, " HTTP/1.1\r\n"...)
	dst = appendField(dst, "Host", r.Host) // first, as RFC 9110 7.2 asks
	for _, f := range r.Fields {
		dst = appendField(dst, f.Name, f.Value)
	}
	if r.Body != nil || r.Method == "POST" {
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, int64(len(r.Body)), 10)
		dst = append(dst, "\r\n"...)
	}
	if r.Close {
		dst = appendField(dst, "Connection", "close")
	}
	dst = append(dst, "\r\n"...)
	return append(dst, r.Body...), nil
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

func (r *Request) check() error {
	// The response to HEAD or CONNECT ends elsewhere than its fields say
	// (RFC 9112 6.3), and Reader does not know the method.
	if r.Method == "" || r.Method == "HEAD" || r.Method == "CONNECT" || !every(r.Method, isToken) {
		return ErrMethod
	}
	if _, _, err := SplitHost(r.Host); err != nil {
		return err
	}
	if !ValidTarget(r.Target) {
		return ErrTarget
	}
	for _, f := range r.Fields {
		if f.Name == "" || !every(f.Name, isToken) || !every(f.Value, isFieldByte) {
			return ErrField
		}
		// A second one of these would contradict the one that is written, or
		// the body (RFC 9112 11.2).
		if EqualFold(f.Name, "Host") || EqualFold(f.Name, "Content-Length") || EqualFold(f.Name, "Transfer-Encoding") {
			return ErrField
		}
	}
	return nil
}
