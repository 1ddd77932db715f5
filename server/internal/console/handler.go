package console

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"
)

//go:embed web
var web embed.FS

// routes puts the page and what it asks for together.
func (c *Console) routes() http.Handler {
	files, err := fs.Sub(web, "web")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/console", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "console/") // relative: there may be a prefix
		w.WriteHeader(http.StatusMovedPermanently)
	})
	mux.Handle("/console/", http.StripPrefix("/console", http.FileServerFS(files)))
	mux.HandleFunc("POST /console/api/login", c.fromPage(c.login))
	mux.HandleFunc("POST /console/api/logout", c.fromPage(c.logout))
	mux.HandleFunc("GET /console/api/apps", c.guarded(c.apps))
	mux.HandleFunc("GET /console/api/stream", c.guarded(c.stream))
	mux.HandleFunc("POST /console/api/look", c.guarded(c.seek))
	mux.HandleFunc("GET /console/api/channels", c.guarded(c.channels))
	mux.HandleFunc("GET /console/api/members", c.guarded(c.members))
	mux.HandleFunc("GET /console/api/connections", c.guarded(c.connections))
	mux.HandleFunc("POST /console/api/disconnect", c.guarded(c.disconnect))
	mux.HandleFunc("POST /console/api/publish", c.guarded(c.publish))
	mux.HandleFunc("/console/api/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "There is nothing here.")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range fields {
			w.Header().Set(name, value)
		}
		mux.ServeHTTP(w, r)
	})
}

// fields are in the head of every answer. The page may load and reach what is
// beside it, and nothing else; a script cannot even be made of text.
var fields = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	"X-Content-Type-Options":       "nosniff",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "no-referrer",
	"Cache-Control":                "no-store",
}

// login opens a session for who knows the password.
func (c *Console) login(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Password string `json:"password"`
	}
	if !read(w, r, maxBody, &body) {
		return
	}
	if c.config.Password == "" {
		answer(w, struct{}{}) // nothing is asked for
		return
	}
	address := c.config.Client(r)
	token, wait := c.gate.login(body.Password, address, time.Now())
	switch {
	case wait > 0:
		seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
		w.Header().Set("Retry-After", seconds)
		refuse(w, http.StatusTooManyRequests, "Too many wrong passwords from this address: try again in "+seconds+" s.")
	case token == "":
		c.config.Logger.Warn("somebody gave a wrong password for the console", slog.String("remote", address))
		refuse(w, http.StatusUnauthorized, "This is not the password.")
	default:
		http.SetCookie(w, &http.Cookie{
			Name: cookie, Value: token, MaxAge: int(sessionTime / time.Second),
			HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.config.Secure(r),
		})
		answer(w, struct{}{})
	}
}

// logout ends the session.
func (c *Console) logout(w http.ResponseWriter, r *http.Request) {
	c.gate.logout(token(r))
	http.SetCookie(w, &http.Cookie{Name: cookie, MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.config.Secure(r)})
	answer(w, struct{}{})
}

// read decodes the body of a request, or refuses it.
func read(w http.ResponseWriter, r *http.Request, limit int64, v any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit)).Decode(v)
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		refuse(w, http.StatusRequestEntityTooLarge, "The request has more than "+strconv.FormatInt(limit, 10)+" bytes.")
	case err != nil:
		refuse(w, http.StatusBadRequest, "The request is not the JSON that is expected here.")
	}
	return err == nil
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(body)
}

// refuse answers with a sentence that the page shows.
func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": why})
}
