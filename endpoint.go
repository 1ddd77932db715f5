package thimble

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/http1"
	"github.com/thimble-go/thimble/internal/wire"
)

// Endpoint is an Authorizer that asks an authorization endpoint over HTTP, the
// way the official clients do: a POST with socket_id and channel_name, which is
// answered with status 200 or 201 and a JSON object that holds auth, for
// presence channels channel_data, and for encrypted channels shared_secret.
// Package channelauth is such an endpoint.
//
// It is a UserAuthorizer as well, which sends socket_id alone and is answered
// with auth and user_data; and a BatchAuthorizer if Batch says so.
type Endpoint struct {
	// URL is the endpoint's address, http or https. It may have a query.
	URL string

	// JSON sends the parameters as a JSON object. Zero: as a form, like the
	// official clients.
	JSON bool

	// Header holds further header fields, such as Authorization.
	Header map[string]string

	// HeaderFunc returns further header fields for one request: it is called
	// before each, so a bearer token that expires is fetched here. They win
	// over Header. It runs within Config.AuthTimeout, which ctx carries, for
	// several requests at the same time. An error is reported and the request
	// tried again later, unless it is an AuthError that says otherwise.
	HeaderFunc func(ctx context.Context) (map[string]string, error)

	// Params holds further parameters for the body.
	Params map[string]string

	// ParamsFunc is to Params what HeaderFunc is to Header.
	ParamsFunc func(ctx context.Context) (map[string]string, error)

	// Batch is how many channels one request may ask for, when several wait:
	// after a reconnection, say. The endpoint has to know how: parameters
	// channel_name[0], channel_name[1] and so on (as JSON an array
	// channel_name), answered with an object that has for each channel
	// {"status":200,"data":{"auth":...}}. Package channelauth does, for up to
	// 100 channels. Zero: one request for each channel, like the official
	// clients.
	Batch int

	// Client makes the requests, with its own certificates, proxy or cookies.
	// It follows no redirection: that would answer the question of somebody
	// else, or bring a login page. Zero: one that all Endpoints share, with the
	// settings of http.DefaultTransport. Not used on boards.
	Client *HTTPClient
}

var (
	errEndpointURL = errors.New("thimble: Endpoint.URL is not an http or https address, such as https://example.com/pusher/auth")
	errAnswerSize  = errors.New("thimble: the answer is larger than an authorization can be")
)

// Bounds of an authorization endpoint's answer, in bytes: a token, and presence
// data that the service caps at 1 KB, with room for others; and what each
// further channel of a batch may add.
const (
	maxAuthAnswer = 64 << 10
	maxAuthEntry  = 4 << 10
)

// response is an endpoint's answer before anybody has looked into it.
type response struct {
	status     int
	body       []byte        // cut if it is too large and only says what went wrong
	retryAfter time.Duration // 0: it does not say
}

// Authorize asks for one channel.
func (e Endpoint) Authorize(ctx context.Context, req AuthRequest) (Token, error) {
	res, err := e.post(ctx, req.SocketID, maxAuthAnswer, func(f *fields) { f.add("channel_name", req.Channel) })
	if err != nil {
		return Token{}, err
	}
	defer clear(res.body)
	return readAnswer(e.shown(), req.Channel, res)
}

// AuthorizeUser asks for a token that signs the user in.
func (e Endpoint) AuthorizeUser(ctx context.Context, socketID string) (UserToken, error) {
	res, err := e.post(ctx, socketID, maxAuthAnswer, func(*fields) {})
	if err != nil {
		return UserToken{}, err
	}
	defer clear(res.body)
	return readUserAnswer(e.shown(), res)
}

// MaxBatch returns Batch.
func (e Endpoint) MaxBatch() int { return e.Batch }

// AuthorizeBatch asks for all of the channels in one request.
func (e Endpoint) AuthorizeBatch(ctx context.Context, socketID string, channels []string) ([]AuthResult, error) {
	if len(channels) == 0 {
		return nil, nil
	}
	limit := maxAuthAnswer + (len(channels)-1)*maxAuthEntry
	res, err := e.post(ctx, socketID, limit, func(f *fields) { f.addList("channel_name", channels) })
	if err != nil {
		return nil, err
	}
	defer clear(res.body)
	return readBatchAnswer(e.shown(), channels, res)
}

// shown is the URL without its query, which may hold secrets.
func (e Endpoint) shown() string {
	shown, _, _ := strings.Cut(e.URL, "?")
	return shown
}

// post asks the endpoint. channels adds to the body what it is about.
func (e Endpoint) post(ctx context.Context, socketID string, limit int, channels func(*fields)) (response, error) {
	u, err := http1.SplitURL(e.URL)
	if err != nil {
		return response{}, &AuthError{Permanent: true, Err: errEndpointURL}
	}
	body := fields{json: e.JSON}
	body.add("socket_id", socketID)
	channels(&body)
	params, err := merged(ctx, "Endpoint.ParamsFunc", e.Params, e.ParamsFunc)
	if err != nil {
		return response{}, err
	}
	for name, value := range params {
		if !isQuestion(name) {
			body.add(name, value)
		}
	}
	r := http1.Request{Method: "POST", Host: u.Host, Target: u.Target, Body: body.end()}
	setField(&r, "Accept", "application/json")
	contentType := "application/x-www-form-urlencoded"
	if e.JSON {
		contentType = "application/json"
	}
	setField(&r, "Content-Type", contentType)
	for name, value := range e.Header {
		setField(&r, name, value)
	}
	header, err := merged(ctx, "Endpoint.HeaderFunc", nil, e.HeaderFunc)
	if err != nil {
		return response{}, err
	}
	for name, value := range header {
		setField(&r, name, value) // whatever the case that Header has it in
	}
	res, err := exchange(ctx, e.Client, u, &r, limit)
	if err != nil {
		return response{}, &AuthError{Permanent: err == ErrNoTLS, Err: &answerError{e.shown(), adviseDial(err)}}
	}
	return res, nil
}

// merged returns what is set once, with what fn says this time on top.
func merged(ctx context.Context, who string, once map[string]string, fn func(context.Context) (map[string]string, error)) (map[string]string, error) {
	if fn == nil {
		return once, nil
	}
	now, err := fn(ctx)
	if err != nil {
		if typed, ok := as[*AuthError](err); ok {
			return nil, typed
		}
		return nil, &AuthError{Err: &answerError{who, err}}
	}
	if len(once) == 0 {
		return now, nil
	}
	all := make(map[string]string, len(once)+len(now))
	for name, value := range once {
		all[name] = value
	}
	for name, value := range now {
		all[name] = value
	}
	return all, nil
}

// setField sets a header field, in place of one of that name.
func setField(r *http1.Request, name, value string) {
	for i := range r.Fields {
		if http1.EqualFold(r.Fields[i].Name, name) {
			r.Fields[i].Value = value
			return
		}
	}
	r.Fields = append(r.Fields, http1.Field{Name: name, Value: value})
}

// isQuestion says whether a parameter is one that only the client itself sets:
// a second one would ask for something else.
func isQuestion(name string) bool {
	return name == "socket_id" || name == "channel_name" || strings.HasPrefix(name, "channel_name[")
}

// fields writes parameters, as a form or as a JSON object.
type fields struct {
	json bool
	b    []byte
}

func (f *fields) add(name, value string) {
	if !f.json {
		f.b = http1.AppendForm(f.b, name, value)
		return
	}
	f.name(name)
	f.b = wire.AppendString(f.b, value)
}

// addList writes a list the way PHP, Rails and the batching plugin of pusher-js
// have it in a form: name[0], name[1] and so on.
func (f *fields) addList(name string, values []string) {
	if !f.json {
		for i, value := range values {
			f.b = http1.AppendForm(f.b, name+"["+strconv.Itoa(i)+"]", value)
		}
		return
	}
	f.name(name)
	separator := byte('[')
	for _, value := range values {
		f.b = wire.AppendString(append(f.b, separator), value)
		separator = ','
	}
	f.b = append(f.b, ']')
}

func (f *fields) name(name string) {
	separator := byte(',')
	if f.b == nil {
		separator = '{'
	}
	f.b = append(wire.AppendString(append(f.b, separator), name), ':')
}

func (f *fields) end() []byte {
	if f.json {
		f.b = append(f.b, '}')
	}
	return f.b
}
