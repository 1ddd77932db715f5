package channelauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	fieldSocketID = "socket_id"
	fieldChannel  = "channel_name"
)

// readAsk reads and checks the question. What it read is also left where an
// application looks for it: in r.PostForm, and in r.Body to be read again. If
// the question is about several channels they are returned, not yet checked,
// and ask names none.
func readAsk(w http.ResponseWriter, r *http.Request) (ask Ask, channels []string, no *refusal) {
	fields, list, no := readFields(w, r)
	if no != nil {
		return Ask{}, nil, no
	}
	r.PostForm = fields

	if len(fields[fieldSocketID]) != 1 {
		return Ask{}, nil, refuse(http.StatusBadRequest, "send socket_id, once")
	}
	if len(fields[fieldChannel]) > 1 {
		return Ask{}, nil, refuse(http.StatusBadRequest, "send channel_name once, or channel_name[0], channel_name[1] and so on, or not at all to sign in")
	}
	ask = Ask{SocketID: fields.Get(fieldSocketID), Params: make(url.Values, len(fields))}
	if err := CheckSocketID(ask.SocketID); err != nil {
		return Ask{}, nil, refuse(http.StatusBadRequest, bare(err))
	}
	for name, values := range fields {
		if _, ok := position(name); name != fieldSocketID && name != fieldChannel && !ok {
			ask.Params[name] = values
		}
	}
	if list == nil {
		if list, no = listed(fields); no != nil {
			return Ask{}, nil, no
		}
	}
	switch {
	case len(list) > MaxBatch:
		return Ask{}, nil, refuse(http.StatusBadRequest, fmt.Sprintf("ask for at most %d channels at once", MaxBatch))
	case list != nil && fields.Has(fieldChannel):
		return Ask{}, nil, refuse(http.StatusBadRequest, "send channel_name or channel_name[0], not both")
	case list != nil:
		return ask, list, nil
	}
	// An empty channel_name is a mistake of the client and no wish to sign in.
	if fields.Has(fieldChannel) {
		channel := fields.Get(fieldChannel)
		if err := checkTarget(ask.SocketID, channel); err != nil {
			return Ask{}, nil, refuse(http.StatusBadRequest, bare(err))
		}
		ask.Channel, ask.Kind = channel, KindOf(channel)
	}
	return ask, nil, nil
}

// position returns what stands in the brackets of channel_name[0]; false: the
// field is another.
func position(name string) (string, bool) {
	rest, found := strings.CutPrefix(name, fieldChannel+"[")
	inner, ended := strings.CutSuffix(rest, "]")
	return inner, found && ended
}

// listed returns the channels of a form that asks for several, in the order of
// their numbers; nil if it does not.
func listed(fields url.Values) ([]string, *refusal) {
	var list []string
	byNumber := make(map[int]string)
	for name, values := range fields {
		at, ok := position(name)
		switch n, err := strconv.Atoi(at); {
		case !ok:
		case at == "": // channel_name[], as often as there are channels
			list = append(list, values...)
		case err != nil || n < 0 || len(values) != 1 || byNumber[n] != "":
			return nil, refuse(http.StatusBadRequest, "number the channels, each once: channel_name[0], channel_name[1] and so on")
		default:
			byNumber[n] = values[0]
		}
	}
	for _, n := range slices.Sorted(maps.Keys(byNumber)) {
		list = append(list, byNumber[n])
	}
	return list, nil
}

// readFields reads the body; list are the channels that a JSON body has as an
// array.
func readFields(w http.ResponseWriter, r *http.Request) (fields url.Values, list []string, no *refusal) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := media == "application/x-www-form-urlencoded"
	if err != nil || (!form && media != "application/json") {
		return nil, nil, refuse(http.StatusUnsupportedMediaType, "send application/x-www-form-urlencoded or application/json")
	}
	// A middleware that looked for a field (against CSRF, say) has taken the
	// body and left this.
	if form && r.PostForm != nil {
		return r.PostForm, nil, nil
	}
	body, no := readBody(w, r)
	if no != nil {
		return nil, nil, no
	}
	if form {
		fields, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, nil, refuse(http.StatusBadRequest, "the body is not a well-formed form")
		}
		return fields, nil, nil
	}
	return readJSON(body)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	tooLarge := refuse(http.StatusRequestEntityTooLarge, "the body is above 64 KiB; send less")
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

// readJSON turns a JSON object into the fields that a form would have had, and
// an array as channel_name into a list.
func readJSON(body []byte) (fields url.Values, list []string, no *refusal) {
	var object map[string]json.RawMessage
	if !utf8.Valid(body) || json.Unmarshal(body, &object) != nil || object == nil {
		return nil, nil, refuse(http.StatusBadRequest, `the body is not a JSON object like {"socket_id":"1.2","channel_name":"private-a"}`)
	}
	if raw := object[fieldChannel]; len(raw) > 0 && raw[0] == '[' {
		var names []*string // nil for a null, which a string would swallow
		if json.Unmarshal(raw, &names) != nil || len(names) == 0 || slices.Contains(names, nil) {
			return nil, nil, refuse(http.StatusBadRequest, fieldChannel+" is neither a string nor an array of strings")
		}
		for _, name := range names {
			list = append(list, *name)
		}
		delete(object, fieldChannel)
	}
	fields = make(url.Values, len(object))
	for name, raw := range object {
		value, ok := text(raw)
		if !ok {
			if name == fieldSocketID || name == fieldChannel {
				return nil, nil, refuse(http.StatusBadRequest, name+" is not a string")
			}
			value = string(raw)
		}
		fields.Set(name, value)
	}
	return fields, list, nil
}
