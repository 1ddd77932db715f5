package broker

import (
	"crypto/rand"
	"encoding/binary"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/thimble-go/thimble/internal/websocket"
)

// connect makes a WebSocket connection of a request that asks for one. Whom it
// refuses for a reason of the protocol is told so there, after the upgrade:
// client libraries see no HTTP status.
func (b *Broker) connect(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Sec-WebSocket-Key")
	switch {
	case r.Method != http.MethodGet || !r.ProtoAtLeast(1, 1) || r.ProtoMajor > 1:
		http.Error(w, "WebSocket connections are made with GET in HTTP/1.1", http.StatusBadRequest)
		return
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		w.Header().Set("Sec-WebSocket-Version", "13")
		upgradeRequired(w, "Sec-WebSocket-Version must be 13")
		return
	case !websocket.ValidKey(key):
		http.Error(w, "Sec-WebSocket-Key must be 16 bytes in base64", http.StatusBadRequest)
		return
	}
	o := openingOf(r)
	app, refusal := b.welcome(o)
	place, err := b.reserve(app, b.proxies.client(o), refusal)
	if err != nil {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "No more connections are taken now: connect again later", http.StatusServiceUnavailable)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		b.release(place)
		b.log.Error("cannot take over a connection", slog.String("remote", r.RemoteAddr), slog.String("app", app.id), slog.Any("error", err))
		http.Error(w, "WebSocket connections cannot be made through this server", http.StatusInternalServerError)
		return
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	early = append([]byte(nil), early...)
	limitUnsentOf(conn)
	if !b.engine.carry(b, conn, o, place, early) {
		b.serveSocket(conn, o, place, early)
	}
}

// open makes a connection of one that has a place, and queues the answer to the
// request and the greeting, or why it is refused.
func (b *Broker) open(c *connection, o *opening, place admission, out outlet) {
	c.place, c.opened = place, b.now()
	c.client = client{app: place.app, out: out}
	if place.refusal != nil {
		b.log.Debug("refused a connection", slog.String("reason", reasonOf(place.refusal)), slog.String("remote", c.remote()), slog.String("app", place.app.id))
	}
	c.client.begin(switching(o), newSocketID(), place.refusal, c.opened)
	b.enter(c)
}

// asksForUpgrade says whether the request wants to become a WebSocket
// connection.
func asksForUpgrade(r *http.Request) bool {
	return hasToken(r.Header, "Connection", "upgrade") && hasToken(r.Header, "Upgrade", "websocket")
}

// hasToken looks for a token in a header field that is a list of such.
func hasToken(h http.Header, field, token string) bool {
	for _, line := range h.Values(field) {
		if listed(line, token) {
			return true
		}
	}
	return false
}

func upgradeRequired(w http.ResponseWriter, text string) {
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", "websocket")
	http.Error(w, text, http.StatusUpgradeRequired)
}

// switching is the answer that makes the connection a WebSocket. A subprotocol
// that is offered must be answered: browsers give up otherwise.
func switching(o *opening) []byte {
	b := append([]byte(nil), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	b = append(b, websocket.Accept(o.key)...)
	for _, name := range []string{"pusher-channels-protocol-7", "pusher-channels-protocol-6", "pusher-channels-protocol-5"} {
		if o.protocols != "" && listed(o.protocols, name) {
			b = append(b, "\r\nSec-WebSocket-Protocol: "...)
			b = append(b, name...)
			break
		}
	}
	return append(b, "\r\n\r\n"...)
}

// newSocketID makes an id that is not met twice and cannot be guessed: tokens
// are bound to it. Each half is small enough for a number in JavaScript.
func newSocketID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	const half = 64 - 53
	id := strconv.AppendUint(nil, binary.LittleEndian.Uint64(b[:8])>>half, 10)
	id = append(id, '.')
	return string(strconv.AppendUint(id, binary.LittleEndian.Uint64(b[8:])>>half, 10))
}
