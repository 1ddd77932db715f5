package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/thimble-go/thimble/server/internal/apiauth"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// call is one request of the HTTP API that has been authenticated.
type call struct {
	channel string // from the path, if it names one
	user    string // from the path, if it names one
	query   url.Values
	body    []byte
}

// statusError is a refusal with its status. Its text is the body of the
// answer: official libraries show that to their users.
type statusError struct {
	status int
	text   string
	retry  int // seconds until a new attempt makes sense, 0 for none
}

func (e *statusError) Error() string { return e.text }

func badRequest(format string, args ...any) error {
	return &statusError{status: http.StatusBadRequest, text: fmt.Sprintf(format, args...)}
}

// api makes a handler of an endpoint: it finds the application, reads the body,
// as large as limit says, verifies the signature and writes what handle returns
// as JSON, with status.
func (b *Broker) api(status int, limit func(*app) bodyLimit, handle func(*app, *call) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		app := b.apps.Load().byID[r.PathValue("app")]
		if app == nil {
			http.Error(w, fmt.Sprintf("Unknown app: this server has none with the id %.100q", r.PathValue("app")), http.StatusNotFound)
			return
		}
		// Whoever embeds the Handler may have a server without this timeout.
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(requestTimeout))
		most := limit(app)
		body, err := readBody(r, most.bytes)
		if errors.Is(err, errBody) {
			err = app.tooLarge(most)
		}
		if err != nil {
			http.NewResponseController(w).EnableFullDuplex() // answers before the body has come
			w.Header().Set("Connection", "close")            // and nothing comes behind it
			app.fail(w, r, err)
			drain(w, r)
			return
		}
		app.counters.callBytesIn.Add(int64(len(body)))
		request := apiauth.FromHTTP(r, body)
		if err := apiauth.Verify(request, time.Now(), app.secret); err != nil {
			app.fail(w, r, err)
			return
		}
		if app.conf().Disabled {
			app.fail(w, r, &statusError{status: http.StatusForbidden, text: "This app is disabled"})
			return
		}
		if err := app.allow(); err != nil {
			app.fail(w, r, err)
			return
		}
		call := &call{channel: r.PathValue("channel"), user: r.PathValue("user"), query: request.Params(), body: body}
		key := ""
		if r.Method == http.MethodPost {
			key = r.Header.Get("X-Idempotency-Key")
		}
		answer, again, err := app.once(key, r.URL.Path, asked(call.query), body, func() ([]byte, error) {
			answer, err := handle(app, call)
			if err != nil {
				return nil, err
			}
			text, err := json.Marshal(answer)
			return append(text, '\n'), err // here, since those who ask again share it
		})
		if err != nil {
			app.fail(w, r, err)
			return
		}
		if again {
			w.Header().Set("X-Idempotency-Replayed", "true")
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if _, err := w.Write(answer); err != nil {
			b.log.Debug("an answer of the HTTP API was not taken", slog.String("app", app.id), slog.String("remote", r.RemoteAddr), slog.Any("error", err))
		}
	}
}

// asked is what a query says beside who asks: the same in each attempt of a
// request.
func asked(query url.Values) string {
	rest := make(url.Values, len(query))
	for name, values := range query {
		if !strings.HasPrefix(name, "auth_") && name != "body_md5" {
			rest[name] = values
		}
	}
	return rest.Encode()
}

// bodyLimit is how large a body may be, and which setting that follows from;
// none for a request that needs no body.
type bodyLimit struct {
	bytes   int64
	setting peer.Limit
}

var errBody = errors.New("request body too large")

// raise is what to do about data that is too large.
const raise = "raise MaxEventData, max_event_data in the settings"

// tooLarge refuses a body.
func (a *app) tooLarge(limit bodyLimit) error {
	text := fmt.Sprintf("Request body too large: %d bytes are allowed", limit.bytes)
	if limit.setting != "" {
		a.limit(limit.setting)
		text += "; " + raise
	}
	return &statusError{status: http.StatusRequestEntityTooLarge, text: text}
}

// readBody reads no byte of a body that says it is too large.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, errBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, limit))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, errBody
	case err != nil:
		return nil, badRequest("Request body not received: %v", err)
	}
	return body, nil
}

// drain takes what is still coming off the connection, within reason, once the
// request has been answered: who is still sending when the connection closes
// gets a reset in place of the answer.
func drain(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	control.Flush()
	control.SetReadDeadline(time.Now().Add(drainTime))
	io.CopyN(io.Discard, r.Body, drainBody)
}

// outward is the text of an error without the package, which who asks need not
// know.
func outward(err error) string { return strings.TrimPrefix(err.Error(), "broker: ") }

// fail answers with an error.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	text := outward(err)
	defer func() {
		if o := &a.broker.observers; o.want(didError) {
			o.tell(occurrence{did: didError, app: a, code: status, text: "A request of the HTTP API was refused: " + text, limit: status == http.StatusTooManyRequests || status == http.StatusRequestEntityTooLarge})
		}
	}()
	var unauthorized *apiauth.Error
	var refused *statusError
	switch {
	case errors.As(err, &unauthorized):
		status = unauthorized.Status()
		if skipped, ok := a.refusals.may(time.Now()); ok {
			a.broker.log.Warn("refused a request of the HTTP API", slog.String("app", a.id), slog.String("remote", r.RemoteAddr), slog.String("reason", unauthorized.Code.String()), slog.Int64("not_logged", skipped))
		}
	case errors.As(err, &refused):
		status = refused.status
		if refused.retry > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(refused.retry))
		}
	case errors.Is(err, ErrTooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrEvent):
		status = http.StatusBadRequest
	}
	http.Error(w, text, status)
}
