package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/thimble-go/thimble/server/internal/apiauth"
	"github.com/thimble-go/thimble/server/internal/apiclient"
)

// base is the address of the HTTP API.
func (r *run) base() (string, error) {
	switch {
	case r.Host == "":
		return apiclient.ClusterURL(r.Cluster)
	case r.Plaintext:
		return "http://" + r.Host, nil
	}
	return "https://" + r.Host, nil
}

// http makes a client for a few requests, and what closes its connections.
func (r *run) http() (client *http.Client, end func()) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = r.TLS.Clone()
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: stay}, transport.CloseIdleConnections
}

// aware is how far clocks may differ before it is worth a word; an answer's
// date is in whole seconds.
const aware = 5 * time.Second

// clock compares this machine's clock with that of the HTTP API.
func (r *run) clock(ctx context.Context) outcome {
	base, err := r.base()
	if err != nil {
		return failed(strings.TrimPrefix(err.Error(), "apiclient: "), "check --cluster")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/", nil)
	if err != nil {
		return failed("the HTTP API has no address", "check --host")
	}
	client, end := r.http()
	defer end()
	start := time.Now()
	response, err := client.Do(request)
	if err != nil {
		text, _ := explain(err)
		return skipped("the HTTP API says no time: " + text)
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxHead)
	response.Body.Close()
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return skipped("the server says no time")
	}
	here := start.Add(time.Since(start) / 2)
	r.skew = date.Sub(here.Truncate(time.Second))
	return r.judgeClock()
}

func (r *run) judgeClock() outcome {
	off, direction := r.skew, "behind"
	if off < 0 {
		off, direction = -off, "ahead of"
	}
	off = off.Truncate(time.Second)
	text := fmt.Sprintf("this machine's clock is %v %s the server's", off, direction)
	switch {
	case off > apiauth.MaxAge:
		return failed(text+fmt.Sprintf(", and signed requests are valid for %d s", apiauth.MaxAge/time.Second), "set this machine's clock, or the server's")
	case off > aware:
		return good(text + fmt.Sprintf("; signed requests are valid up to %d s", apiauth.MaxAge/time.Second))
	}
	return good("this machine's clock agrees with the server's")
}

// api makes a signed request that changes nothing.
func (r *run) api(ctx context.Context) outcome {
	if r.AppID == "" || r.Secret == "" {
		return skipped("without --app-id and --secret the HTTP API cannot be asked")
	}
	client, end, err := r.client()
	if err != nil {
		return failed(strings.TrimPrefix(err.Error(), "apiclient: "), "check --cluster")
	}
	defer end()
	if _, err := client.Channels(ctx, ownPrivate); err != nil {
		return r.explainAPI(err)
	}
	return good("the HTTP API takes the application's id, key and secret")
}

// client is one of the HTTP API.
func (r *run) client() (client *apiclient.Client, end func(), err error) {
	base, err := r.base()
	if err != nil {
		return nil, nil, err
	}
	do, end := r.http()
	return &apiclient.Client{BaseURL: base, AppID: r.AppID, Key: r.Key, Secret: r.Secret, HTTP: do}, end, nil
}

// explainAPI says what is wrong with a request. The server's own words may have
// a signature in them, so they are read and not shown.
func (r *run) explainAPI(err error) outcome {
	var answer *apiclient.Error
	var request *apiclient.RequestError
	switch {
	case errors.As(err, &request):
		text, advice := explain(request.Err)
		return failed("the HTTP API is not reached: "+text, advice)
	case !errors.As(err, &answer):
		return failed("the HTTP API does not answer as it should: what is there is something else", "check --host: a proxy must send /apps/ to the server too")
	}
	text := fmt.Sprintf("the HTTP API answers %d", answer.Status)
	says := strings.ToLower(answer.Body)
	switch {
	case answer.TLSPort():
		return failed("the HTTP API is not reached: the port is one for TLS", "leave --plaintext out")
	case strings.Contains(says, "cluster"):
		return no(text+": the application is in another cluster", "the dashboard shows the cluster beside the keys; give that with --cluster")
	case answer.Status == http.StatusUnauthorized && r.results["clock"] != Failed && strings.Contains(says, "signature"):
		return no(text+": the signature does not match", "check --secret: it is not the one that belongs to --key")
	case answer.Status == http.StatusUnauthorized && (r.results["clock"] == Failed || strings.Contains(says, "timestamp")):
		return no(text+": the request counts as too old, or as made in the future", "set this machine's clock, or the server's")
	case answer.Status == http.StatusUnauthorized:
		return no(text, "check --secret, and that --app-id and --key belong together")
	case answer.Status == http.StatusForbidden:
		return no(text+": the application is disabled, or over its quota", "look at it in the dashboard, or in the server's settings")
	case answer.Status == http.StatusNotFound:
		return no(text+": there is no application with this id", "check --app-id, and that it belongs to this --cluster or --host; a proxy must send /apps/ to the server too")
	case answer.Status == http.StatusTooManyRequests:
		return no(text+": too many requests", "try again later, or raise the application's limit")
	case answer.Status >= 300 && answer.Status <= 399:
		return failed(text+", a redirection", "give the address that the API has now: redirections are not followed")
	case answer.Status >= 500:
		return failed(text, "the server has a problem, or a proxy does not reach it: look at its log, and try again later")
	}
	return no(text, "look at the server's log")
}
