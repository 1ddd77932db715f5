package broker

import (
	"io"
	"net/http"
	"slices"
	"strings"
)

// about is what GET / says.
const about = `This is a Thimble broker. It speaks Pusher Channels.

WebSocket: /app/{key}?protocol=7
HTTP API:  /apps/{id}/events
Health:    /healthz, and /readyz
`

// routes makes the handler of everything.
func (b *Broker) routes() http.Handler {
	mux := http.NewServeMux()
	api := func(route, path string, h http.Handler) { mux.Handle("/apps/{app}/"+path, b.measured(route, h)) }
	api("events", "events", only(b.api(http.StatusOK, (*app).maxEventBody, (*app).postEvent), http.MethodPost))
	api("batch_events", "batch_events", only(b.api(http.StatusOK, (*app).maxBatchBody, (*app).postBatch), http.MethodPost))
	api("channels", "channels", only(b.api(http.StatusOK, (*app).maxQueryBody, (*app).getChannels), http.MethodGet, http.MethodHead))
	api("channel", "channels/{channel}", only(b.api(http.StatusOK, (*app).maxQueryBody, (*app).getChannel), http.MethodGet, http.MethodHead))
	api("users", "channels/{channel}/users", only(b.api(http.StatusOK, (*app).maxQueryBody, (*app).getUsers), http.MethodGet, http.MethodHead))
	api("channel_events", "channels/{channel}/events", only(b.api(http.StatusAccepted, (*app).maxEventBody, (*app).postChannelEvent), http.MethodPost))
	api("stats", "channels/{channel}/stats", only(b.api(http.StatusOK, (*app).maxQueryBody, (*app).getStats), http.MethodGet, http.MethodHead))
	api("terminate", "users/{user}/terminate_connections", only(b.api(http.StatusOK, (*app).maxQueryBody, (*app).postTerminate), http.MethodPost))
	mux.Handle("/app/{key}", only(func(w http.ResponseWriter, _ *http.Request) {
		upgradeRequired(w, "Connect here with WebSocket")
	}, http.MethodGet))
	mux.Handle("/readyz", b.ReadyHandler())
	mux.Handle("/healthz", only(text("ok\n"), http.MethodGet, http.MethodHead))
	if b.console != nil {
		mux.Handle("/console", b.console.Handler())
		mux.Handle("/console/", b.console.Handler())
	}
	mux.Handle("/{$}", only(text(about), http.MethodGet, http.MethodHead))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "Not found: GET / says what there is", http.StatusNotFound)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Before the mux, which would redirect a path that is not clean:
		// WebSocket clients do not follow.
		if asksForUpgrade(r) {
			b.connect(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// only lets the methods pass, and answers OPTIONS with their names.
func only(handle http.HandlerFunc, methods ...string) http.Handler {
	allow := strings.Join(append(methods, http.MethodOptions), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(methods, r.Method) {
			handle(w, r)
			return
		}
		w.Header().Set("Allow", allow)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		http.Error(w, "Method not allowed: use "+allow, http.StatusMethodNotAllowed)
	})
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, s)
	}
}
