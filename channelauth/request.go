package channelauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"
)

const (
	fieldSocketID = "socket_id"
	fieldChannel  = "channel_name"
)

// readAsk reads and checks the question. What it read is also left where an
// application looks for it: in r.PostForm, and in r.Body to be read again.
func readAsk(w http.ResponseWriter, r *http.Request) (Ask, *refusal) {
	fields, no := readFields(w, r)
	if no != nil {
		return Ask{}, no
	}
	r.PostForm = fields

	if len(fields[fieldSocketID]) != 1 {
		return Ask{}, refuse(http.StatusBadRequest, "send socket_id, once")
	}
	if len(fields[fieldChannel]) > 1 {
		return Ask{}, refuse(http.StatusBadRequest, "send channel_name once, or not at all to sign in")
	}
	ask := Ask{SocketID: fields.Get(fieldSocketID), Params: make(url.Values, len(fields))}
	if err := CheckSocketID(ask.SocketID); err != nil {
		return Ask{}, refuse(http.StatusBadRequest, bare(err))
	}
	// An empty channel_name is a mistake of the client and no wish to sign in.
	if fields.Has(fieldChannel) {
		channel := fields.Get(fieldChannel)
		if err := checkTarget(ask.SocketID, channel); err != nil {
			return Ask{}, refuse(http.StatusBadRequest, bare(err))
		}
		ask.Channel, ask.Kind = channel, KindOf(channel)
	}
	for name, values := range fields {
		if name != fieldSocketID && name != fieldChannel {
			ask.Params[name] = values
		}
	}
	return ask, nil
}

func readFields(w http.ResponseWriter, r *http.Request) (url.Values, *refusal) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := media == "application/x-www-form-urlencoded"
	if err != nil || (!form && media != "application/json") {
		return nil, refuse(http.StatusUnsupportedMediaType, "send application/x-www-form-urlencoded or application/json")
	}
	// A middleware that looked for a field (against CSRF, say) has taken the
	// body and left this.
	if form && r.PostForm != nil {
		return r.PostForm, nil
	}
	body, no := readBody(w, r)
	if no != nil {
		return nil, no
	}
	if form {
		fields, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "the body is not a well-formed form")
		}
		return fields, nil
	}
	return readJSON(body)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	tooLarge := refuse(http.StatusRequestEntityTooLarge, "the body is above 16 KiB; send less")
	if r.ContentLength > MaxBody {
		return nil, tooLarge
	}
	// Whoever mounts the handler may have a server without a timeout.
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	if r.Body == nil { // a request made by hand, in a test
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var limit *http.MaxBytesError
	if errors.As(err, &limit) {
		return nil, tooLarge
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body ended early")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// readJSON turns a JSON object into the fields that a form would have had.
func readJSON(body []byte) (url.Values, *refusal) {
	var object map[string]json.RawMessage
	if !utf8.Valid(body) || json.Unmarshal(body, &object) != nil || object == nil {
		return nil, refuse(http.StatusBadRequest, `the body is not a JSON object like {"socket_id":"1.2","channel_name":"private-a"}`)
	}
	fields := make(url.Values, len(object))
	for name, raw := range object {
		value, ok := text(raw)
		if !ok {
			if name == fieldSocketID || name == fieldChannel {
				return nil, refuse(http.StatusBadRequest, name+" is not a string")
			}
			value = string(raw)
		}
		fields.Set(name, value)
	}
	return fields, nil
}
