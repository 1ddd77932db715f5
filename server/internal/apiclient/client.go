package apiclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/thimble-go/thimble/server/internal/apiauth"
)

// Client calls the HTTP API of one application. Its methods may be called from
// any goroutine; its fields must not change meanwhile.
type Client struct {
	// BaseURL is the address of the API: scheme, host, port if any and, behind
	// a proxy, a path prefix, which is not part of the signature. ClusterURL
	// gives the one of a Pusher cluster. Required.
	BaseURL string

	// AppID is the application's id, as it stands in paths. Required.
	AppID string

	// Key and Secret are the application's credentials. Required.
	Key, Secret string

	// HTTP makes the requests. Redirects are not followed, whatever it says:
	// the signature holds for one path only. Zero: a client that gives up
	// after 10 seconds.
	HTTP *http.Client
}

// ClusterURL returns the BaseURL of a Pusher cluster: "eu" gives
// "https://api-eu.pusher.com".
func ClusterURL(cluster string) (string, error) {
	for _, c := range []byte(cluster) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return "", fmt.Errorf("apiclient: cluster %q is not a name like eu or mt1; for another server give its address", cluster)
		}
	}
	if cluster == "" {
		return "", errors.New("apiclient: the cluster is empty; give its name, like eu or mt1")
	}
	return "https://api-" + cluster + ".pusher.com", nil
}

// call makes one signed request below /apps/ID and decodes the answer.
func (c *Client) call(ctx context.Context, method string, path []string, query url.Values, body, answer any) error {
	request, err := c.request(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	response, err := c.http().Do(request)
	if err != nil {
		return &RequestError{method, c.BaseURL, withoutURL(err)}
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody))
		return &Error{Status: response.StatusCode, Body: string(text)}
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("apiclient: reading the answer: %w", err)
	}
	if len(text) > maxAnswer {
		return fmt.Errorf("apiclient: the answer is above %d MiB; ask for less, with a longer prefix", maxAnswer>>20)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("apiclient: the answer is not what the HTTP API says (is %s the address of one?): %w", c.BaseURL, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method string, path []string, query url.Values, body any) (*http.Request, error) {
	base, err := c.base()
	if err != nil {
		return nil, err
	}
	var payload []byte
	if body != nil {
		if payload, err = marshal(body); err != nil {
			return nil, fmt.Errorf("apiclient: %w", err)
		}
	}
	decoded, escaped := "/apps/"+c.AppID, "/apps/"+escape(c.AppID)
	for _, segment := range path {
		decoded += "/" + segment
		escaped += "/" + escape(segment)
	}
	query = apiauth.Sign(c.Key, c.Secret, method, decoded, query, payload, time.Now())
	target := base + escaped + "?" + query.Encode()

	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("apiclient: BaseURL %q: %w", c.BaseURL, withoutURL(err))
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Accept", "application/json")
	return request, nil
}

// base checks the configuration and returns BaseURL without a final slash.
func (c *Client) base() (string, error) {
	if c.AppID == "" || c.Key == "" || c.Secret == "" {
		return "", errors.New("apiclient: set the application's id, key and secret")
	}
	if c.AppID == "." || c.AppID == ".." {
		return "", fmt.Errorf("apiclient: %q cannot be an application's id", c.AppID)
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", errors.New("apiclient: BaseURL is not an address like https://api-eu.pusher.com or http://127.0.0.1:6001")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New("apiclient: BaseURL may have a path, but no user, query or fragment")
	}
	return strings.TrimRight(c.BaseURL, "/#"), nil
}

func (c *Client) http() *http.Client {
	client := http.Client{Timeout: defaultTimeout}
	if c.HTTP != nil {
		client = *c.HTTP
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// escape writes a path segment. Channel names stay as they are: all their
// characters may stand in a path, and then the decoded and the requested path
// are one, which a server cannot verify wrongly.
func escape(segment string) string {
	for _, r := range segment {
		alphanumeric := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !alphanumeric && !strings.ContainsRune("_-=@,.;", r) {
			return url.PathEscape(segment)
		}
	}
	return segment
}

// withoutURL takes off the URL, in which the signature stands.
func withoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// marshal is json.Marshal without the escaping of <, > and &, which would make
// the event larger.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
