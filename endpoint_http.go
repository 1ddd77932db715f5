//go:build !tinygo

package thimble

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/thimble-go/thimble/internal/http1"
)

// endpoints is shared by all Endpoints, so that connections are reused. It
// follows no redirection: that would answer the question of somebody else, or
// bring a login page.
var endpoints = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

var errAnswerSize = errors.New("thimble: the answer is larger than 64 KiB")

// exchange sends a request and reads the answer.
func exchange(ctx context.Context, u http1.URL, r *http1.Request) (status int, body []byte, err error) {
	scheme := "http://"
	if u.TLS {
		scheme = "https://"
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, scheme+u.Host+r.Target, bytes.NewReader(r.Body))
	if err != nil {
		return 0, nil, err
	}
	for _, f := range r.Fields {
		req.Header.Set(f.Name, f.Value)
	}
	res, err := endpoints.Do(req)
	if err != nil {
		// What wraps it names the URL once more, query and all.
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, maxAuthAnswer+1))
	if err != nil {
		return 0, nil, err
	}
	if len(body) > maxAuthAnswer {
		return 0, nil, errAnswerSize
	}
	return res.StatusCode, body, nil
}
