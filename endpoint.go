package thimble

import (
	"context"
	"errors"
	"strings"

	"github.com/thimble-go/thimble/internal/http1"
	"github.com/thimble-go/thimble/internal/wire"
)

// Endpoint is an Authorizer that asks an authorization endpoint over HTTP, the
// way the official clients do: a POST with socket_id and channel_name, which is
// answered with status 200 or 201 and a JSON object that holds auth and, for
// presence channels, channel_data. Package channelauth is such an endpoint.
type Endpoint struct {
	// URL is the endpoint's address, http or https. It may have a query.
	URL string

	// JSON sends the parameters as a JSON object. Zero: as a form, like the
	// official clients.
	JSON bool

	// Header holds further header fields, such as Authorization.
	Header map[string]string

	// Params holds further parameters for the body.
	Params map[string]string
}

var errEndpointURL = errors.New("thimble: Endpoint.URL is not an http or https address")

// Authorize asks the endpoint.
func (e Endpoint) Authorize(ctx context.Context, req AuthRequest) (Token, error) {
	u, err := http1.SplitURL(e.URL)
	if err != nil {
		return Token{}, &AuthError{Permanent: true, Err: errEndpointURL}
	}
	r := http1.Request{Method: "POST", Host: u.Host, Target: u.Target, Body: e.body(req)}
	setField(&r, "Accept", "application/json")
	contentType := "application/x-www-form-urlencoded"
	if e.JSON {
		contentType = "application/json"
	}
	setField(&r, "Content-Type", contentType)
	for name, value := range e.Header {
		setField(&r, name, value)
	}
	shown, _, _ := strings.Cut(e.URL, "?")
	status, body, err := exchange(ctx, u, &r)
	if err != nil {
		return Token{}, &AuthError{Permanent: err == ErrNoTLS, Err: &answerError{shown, err}}
	}
	return readAnswer(shown, status, body)
}

// setField sets a header field, in place of one of that name.
func setField(r *http1.Request, name, value string) {
	for i := range r.Fields {
		if strings.EqualFold(r.Fields[i].Name, name) {
			r.Fields[i].Value = value
			return
		}
	}
	r.Fields = append(r.Fields, http1.Field{Name: name, Value: value})
}

// body encodes the parameters.
func (e Endpoint) body(req AuthRequest) []byte {
	var b []byte
	add := func(name, value string) {
		if e.JSON {
			if b == nil {
				b = append(b, '{')
			} else {
				b = append(b, ',')
			}
			b = append(wire.AppendString(b, name), ':')
			b = wire.AppendString(b, value)
			return
		}
		b = http1.AppendForm(b, name, value)
	}
	add("socket_id", req.SocketID)
	add("channel_name", req.Channel)
	for name, value := range e.Params {
		if name != "socket_id" && name != "channel_name" {
			add(name, value)
		}
	}
	if e.JSON {
		b = append(b, '}')
	}
	return b
}
