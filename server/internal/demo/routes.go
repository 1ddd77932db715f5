package demo

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/thimble-go/thimble/firmware/app"
)

//go:embed web
var web embed.FS

// routes puts the doors of the demo together.
func (d *Demo) routes(endpoint http.Handler) http.Handler {
	files, err := fs.Sub(web, "web")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	mux := http.NewServeMux()
	mux.Handle("/", d.page(http.FileServerFS(files)))
	mux.HandleFunc("GET /demo/session", d.session)
	mux.HandleFunc("GET /demo/device", d.device)
	mux.HandleFunc("/demo/", notThisWay)
	mux.HandleFunc("POST /demo/device/start", d.deviceStart)
	mux.HandleFunc("POST /demo/device/stop", d.deviceStop)
	mux.Handle("/pusher/auth", endpoint)
	if d.broker != nil {
		handler := d.broker.Handler()
		mux.Handle("/app/", handler)
		mux.Handle("/apps/", handler)
		mux.Handle("/healthz", handler)
	}
	return onlyLocalNames(mux)
}

// onlyLocalNames refuses requests that came by a name other than localhost or
// an address. A web site could otherwise point a name of its own to this
// machine and use the demo from a visitor's browser (DNS rebinding).
func onlyLocalNames(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localName(r.Host) {
			http.Error(w, "The demo answers only to localhost and to addresses.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// localName says whether a Host field holds localhost or an address, with a
// port or without. Nothing else fits in, so it may be repeated in a header.
func localName(name string) bool {
	if host, port, err := net.SplitHostPort(name); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
		name = host
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && addr.Zone() == ""
}

// page serves the files of the page, which may load and reach nothing else.
func (d *Demo) page(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' "+
			d.websocketOrigin(r.Host)+"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		files.ServeHTTP(w, r)
	})
}

// describe is what others see of a user.
func describe(userID string) map[string]string {
	kind, _, _ := strings.Cut(userID, "-")
	if kind+"-" == devicePrefix {
		return map[string]string{"kind": "device", "name": "Simulated device", "board": "simulated"}
	}
	return map[string]string{"kind": "page", "name": kind}
}

// session tells the page where to connect, and gives it a ticket.
func (d *Demo) session(w http.ResponseWriter, r *http.Request) {
	role, prefix := "operator", operatorPrefix
	switch r.URL.Query().Get("as") {
	case "", "operator":
	case "guest":
		role, prefix = "guest", guestPrefix
	default:
		answer(w, http.StatusBadRequest, map[string]string{"error": "The role is operator or guest."})
		return
	}
	service := "embedded"
	if d.hosted() {
		service = "hosted"
	}
	userID := newUserID(prefix)
	answer(w, http.StatusOK, struct {
		Key           string    `json:"key"`
		WebSocket     string    `json:"websocket"`
		Auth          string    `json:"auth"`
		Channel       string    `json:"channel"`
		Ticket        string    `json:"ticket"`
		UserID        string    `json:"user_id"`
		Role          string    `json:"role"`
		Service       string    `json:"service"`
		DeviceControl bool      `json:"device_control"`
		Snippets      []Snippet `json:"snippets"`
	}{
		Key: d.config.Key, WebSocket: d.websocketFor(r.Host), Auth: "/pusher/auth", Channel: app.DefaultChannel,
		Ticket: d.tickets.issue(userID), UserID: userID, Role: role, Service: service,
		DeviceControl: role == "operator", Snippets: d.Snippets(),
	})
}

func (d *Demo) device(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]bool{"running": d.plug.running()})
}

func (d *Demo) deviceStart(w http.ResponseWriter, r *http.Request) {
	if !fromPage(w, r) {
		return
	}
	if err := d.plug.on(); err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	d.device(w, r)
}

func (d *Demo) deviceStop(w http.ResponseWriter, r *http.Request) {
	if !fromPage(w, r) {
		return
	}
	d.plug.off()
	d.device(w, r)
}

// notThisWay answers what below /demo/ is no door, or is used the wrong way.
func notThisWay(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusNotFound, map[string]string{"error": "There is GET /demo/session and GET /demo/device, and POST /demo/device/start and stop."})
}

// fromPage refuses what another site's page could send: it cannot set a header
// of its own without being asked for permission first, which it does not get.
func fromPage(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("X-Thimble-Demo") == "" {
		answer(w, http.StatusForbidden, map[string]string{"error": "Only the demo's page may do this; send the header X-Thimble-Demo: 1."})
		return false
	}
	return true
}

func answer(w http.ResponseWriter, status int, body any) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
