package broker

import (
	"fmt"
	"net/http"
)

// Ready says why no more clients should be sent here, nil if nothing speaks
// against it: the Broker is shutting down, has nearly as many connections as it
// may have, or Config.Ready has an objection. GET /readyz answers with it.
func (b *Broker) Ready() error {
	b.mu.Lock()
	going, admitted, sockets := b.draining || b.down, b.admitted, len(b.connections)
	b.mu.Unlock()
	switch near := b.room.most - b.room.most/20; {
	case going:
		return ErrClosed
	case b.room.most > 0 && admitted >= near:
		return fmt.Errorf("broker: %d of %d connections are taken", admitted, b.room.most)
	case b.room.exhausted(sockets):
		return fmt.Errorf("broker: nearly all of %d open files are taken", b.room.files)
	}
	if b.config.Ready != nil {
		return b.config.Ready()
	}
	return nil
}

// ReadyHandler answers as GET /readyz does: for a server that is not closed
// when the Broker shuts down, and so can say that it does.
func (b *Broker) ReadyHandler() http.Handler {
	return only(func(w http.ResponseWriter, r *http.Request) {
		if err := b.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		text("ready\n")(w, r)
	}, http.MethodGet, http.MethodHead)
}
