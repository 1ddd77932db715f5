package console

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// cookie holds the token of a session. It has no path of its own, so that it
// is sent to where it came from, below api/, under whatever prefix.
const cookie = "thimble_console"

// header must be on every request of the page. A form, an image or a link on
// another site cannot set it, and a script there has to ask first, and gets no
// permission.
const header = "X-Thimble-Console"

// crossOrigin looks at what browsers say of where a request comes from.
var crossOrigin = http.NewCrossOriginProtection()

// guarded lets a request to handle pass if it comes from the page, and from
// somebody who may use it.
func (c *Console) guarded(handle http.HandlerFunc) http.HandlerFunc {
	return c.fromPage(func(w http.ResponseWriter, r *http.Request) {
		if !c.admitted(r) {
			refuse(w, http.StatusUnauthorized, "The console asks for its password.")
			return
		}
		handle(w, r)
	})
}

// fromPage lets pass what the page itself sends.
func (c *Console) fromPage(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case c.config.Password == "" && !(c.config.Local && local(r)):
			refuse(w, http.StatusForbidden, "Without a password the console is for this machine only: open it as localhost or 127.0.0.1, not through a proxy. Give the broker a password for its console to use it from elsewhere.")
		case r.Header.Get(header) == "":
			refuse(w, http.StatusForbidden, "Only the console's page may do this; it sends the header "+header+": 1.")
		case crossOrigin.Check(r) != nil:
			refuse(w, http.StatusForbidden, "Another site's page may not do this.")
		default:
			handle(w, r)
		}
	}
}

// admitted says whether the password is known, or not needed.
func (c *Console) admitted(r *http.Request) bool {
	return c.config.Password == "" || c.gate.knows(token(r), time.Now())
}

// token returns what the cookie holds, or nothing.
func token(r *http.Request) string {
	one, err := r.Cookie(cookie)
	if err != nil {
		return ""
	}
	return one.Value
}

// local says whether a request was made on this machine: over a loopback
// connection, through no proxy, and by a name that is always this machine's. A
// web site can have a name of its own point here, and its script would be
// welcome in the visitor's browser otherwise (DNS rebinding).
func local(r *http.Request) bool {
	for _, field := range []string{"X-Forwarded-For", "Forwarded", "Via"} {
		if r.Header.Get(field) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && loopback(host) && localName(r.Host)
}

func loopback(address string) bool {
	addr, err := netip.ParseAddr(address)
	return err == nil && addr.Unmap().IsLoopback()
}

// localName says whether a Host field, with a port or without, names this
// machine.
func localName(name string) bool {
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name = strings.Trim(name, "[]")
	return strings.EqualFold(name, "localhost") || loopback(name)
}
