package channelauth

import (
	"net/http"
	"slices"
)

// allowOrigin lets the pages of an allowed origin read the answer (Fetch
// standard, "CORS protocol"), and reports whether the request is from one.
func (h *handler) allowOrigin(w http.ResponseWriter, r *http.Request) bool {
	if len(h.config.AllowedOrigins) == 0 {
		return false
	}
	header := w.Header()
	header.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(h.config.AllowedOrigins, origin) {
		return false
	}
	header.Set("Access-Control-Allow-Origin", origin)
	// Who is asking usually stands in a cookie.
	header.Set("Access-Control-Allow-Credentials", "true")
	return true
}

// preflight tells a browser whether a page may ask with the headers it wants.
// Any header may come: applications authenticate with headers of their own.
func (h *handler) preflight(w http.ResponseWriter, r *http.Request, allowed bool) {
	header := w.Header()
	if !allowed {
		h.no(w, r, Ask{}, refuse(http.StatusForbidden, "this origin is not in the server's AllowedOrigins"))
		return
	}
	header.Add("Vary", "Access-Control-Request-Headers")
	header.Set("Access-Control-Allow-Methods", http.MethodPost)
	if wanted := r.Header.Get("Access-Control-Request-Headers"); wanted != "" {
		header.Set("Access-Control-Allow-Headers", wanted)
	}
	header.Set("Access-Control-Max-Age", preflightSeconds)
	header.Del("Content-Type")
	w.WriteHeader(http.StatusNoContent)
}

func (h *handler) methods() string {
	if len(h.config.AllowedOrigins) == 0 {
		return http.MethodPost
	}
	return http.MethodPost + ", " + http.MethodOptions
}
