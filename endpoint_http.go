//go:build !tinygo

package thimble

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thimble-go/thimble/internal/http1"
)

// HTTPClient is what makes the requests of an Endpoint: on ordinary Go an
// http.Client.
type HTTPClient = http.Client

// endpoints is shared by all Endpoints without a Client of their own, so that
// connections are reused.
var endpoints = sync.OnceValue(func() *pool { return newPool(http.DefaultTransport) })

// exchange sends a request and reads the answer, whole, so that the connection
// can be used again.
func exchange(ctx context.Context, client *HTTPClient, u http1.URL, r *http1.Request, limit int) (response, error) {
	var own http.Client
	if client != nil {
		own = *client
	} else {
		own.Transport = endpoints()
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	scheme := "http://"
	if u.TLS {
		scheme = "https://"
	}
	for again := false; ; again = true {
		var stale, answered atomic.Bool
		traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GotConn:              func(info httptrace.GotConnInfo) { stale.Store(!info.Reused && isAhead(info.Conn)) },
			GotFirstResponseByte: func() { answered.Store(true) },
		})
		req, err := http.NewRequestWithContext(traced, r.Method, scheme+u.Host+r.Target, bytes.NewReader(r.Body))
		if err != nil {
			return response{}, err
		}
		for _, f := range r.Fields {
			req.Header.Set(f.Name, f.Value)
		}
		// It may be sent again on a fresh connection when a kept one turns out
		// to be closed. No such field is sent.
		req.Header["Idempotency-Key"] = nil
		res, err := own.Do(req)
		if err == nil {
			return receive(res, limit)
		}
		// A connection that was prepared and has been closed since is the same
		// case, but one that net/http does not know of.
		if !again && stale.Load() && !answered.Load() && ctx.Err() == nil {
			continue
		}
		// What wraps the error names the URL once more, query and all.
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return response{}, advise(err)
	}
}

// receive reads an answer. Of an error page that is too large the beginning
// will do.
func receive(res *http.Response, limit int) (response, error) {
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		return response{status: res.StatusCode}, nil // what follows is no body, and no context ends reading it
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, int64(limit)+1))
	if err != nil {
		return response{}, advise(err)
	}
	if len(body) > limit {
		if res.StatusCode == 200 || res.StatusCode == 201 {
			return response{}, errAnswerSize
		}
		body = body[:limit]
	}
	return response{res.StatusCode, body, retryAfter(res.Header.Get("Retry-After"))}, nil
}

// retryAfter reads a delay in seconds, or a date (RFC 9110 10.2.3).
func retryAfter(field string) time.Duration {
	if seconds, err := strconv.ParseUint(field, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(field); err == nil {
		return max(time.Until(date), 0)
	}
	return 0
}

// advise adds to an error of the way to the endpoint what to do about it.
func advise(err error) error {
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		host    x509.HostnameError
		header  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &unknown):
		return advised(err, "set Endpoint.Client to one that trusts the authority, or have the certificate signed by one that this system trusts")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return advised(err, "renew the certificate, or set this machine's clock")
	case errors.As(err, &host):
		return advised(err, "check the host in Endpoint.URL, or have the certificate made out to it")
	case errors.As(err, &header):
		return advised(err, "the server does not speak TLS there; check scheme and port of Endpoint.URL")
	case strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return advised(err, "the server does not speak TLS there; check scheme and port of Endpoint.URL")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return advised(err, "the connection ended before the answer did; look at the server's log")
	}
	return err
}

// kept is for boards: here net/http keeps the connections.
type kept struct{}

func (*kept) attach(ctx context.Context) context.Context { return ctx }

func (*kept) held() bool { return false }

func (*kept) close() {}

// adviseDial adds to an error what to do about it, if it is one of dialling.
func adviseDial(err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "no such host"):
		return advised(err, "check the host in Endpoint.URL, and this machine's network")
	case strings.Contains(text, "unreachable"), strings.Contains(text, "no route to host"), strings.Contains(text, "lookup "):
		return advised(err, "check this machine's network")
	case strings.Contains(text, "refused"):
		return advised(err, "nothing listens there: check Endpoint.URL, and that the endpoint runs")
	}
	return err
}

func advised(err error, advice string) error { return &explained{err.Error() + "; " + advice, err} }

// nilEndpoint says whether there is a pointer to an Endpoint, but no Endpoint.
func nilEndpoint(v any) bool {
	e, ok := v.(*Endpoint)
	return ok && e == nil
}
