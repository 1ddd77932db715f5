package broker

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// opening is what counts of a request for a WebSocket connection, whoever read
// it.
type opening struct {
	path, query string // of the target: decoded, and as it came
	key         string // Sec-WebSocket-Key
	protocols   string // Sec-WebSocket-Protocol: a list
	origin      string

	from           netip.Addr // where the connection comes from
	secure         bool       // it is TLS
	forwardedFor   string     // X-Forwarded-For: a list
	forwardedProto string
}

// openingOf takes it from a request that net/http has read.
func openingOf(r *http.Request) *opening {
	return &opening{
		path:           r.URL.Path,
		query:          r.URL.RawQuery,
		key:            r.Header.Get("Sec-WebSocket-Key"),
		protocols:      strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","),
		origin:         r.Header.Get("Origin"),
		from:           direct(r),
		secure:         r.TLS != nil,
		forwardedFor:   strings.Join(r.Header.Values("X-Forwarded-For"), ","),
		forwardedProto: r.Header.Get("X-Forwarded-Proto"),
	}
}

// welcome finds out which application is meant, and whether the client may
// come in.
func (b *Broker) welcome(o *opening) (*app, *peer.Refusal) {
	key, ok := strings.CutPrefix(o.path, "/app/")
	if !ok || key == "" || strings.Contains(key, "/") {
		return b.strangers, peer.RefusePath
	}
	if refusal := peer.Admit(parameter(o.query, "protocol"), parameter(o.query, "version")); refusal != nil {
		return b.strangers, refusal
	}
	app := b.apps.Load().byKey[key]
	if app == nil {
		return b.strangers, peer.RefuseKey(key)
	}
	return app, app.refuse(o.origin, b.proxies.secure(o))
}

// parameter returns the first value of a name in a query, as url.Values.Get
// does, without making a map.
func parameter(query, name string) string {
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" || strings.Contains(pair, ";") {
			continue // as url.ParseQuery does
		}
		key, value, _ := strings.Cut(pair, "=")
		if key, err := url.QueryUnescape(key); err != nil || key != name {
			continue
		}
		if value, err := url.QueryUnescape(value); err == nil {
			return value
		}
	}
	return ""
}

// listed says whether a token stands in a list of such, as in the fields of a
// head.
func listed(list, token string) bool {
	for part := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(part), token) {
			return true
		}
	}
	return false
}
