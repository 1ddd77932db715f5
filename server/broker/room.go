package broker

import (
	"context"
	"log/slog"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// room is how many connections there may be, and how many there are that are
// no WebSocket connections: each takes a file descriptor, and without one left
// nothing can be accepted, not even to say so.
type room struct {
	files    int // that the process may have open, zero if that is unknown
	most     int // WebSocket connections, zero for no cap
	refusals int // of those that are beyond most, told so in the protocol

	// requests are connections of the HTTP API, and those that are not yet
	// anything. A transport that accepts connections itself counts here too.
	requests atomic.Int64

	pace *rate.Limiter // of accepting, nil for none
}

// newRoom sets the caps, from the configuration and the limit of open files.
func newRoom(c *Config, files int) *room {
	r := &room{files: files, most: c.MaxConnections}
	r.refusals = r.most/8 + refusedConnections
	if files > 0 {
		spare := min(max(files/16, leastSpareFiles), mostSpareFiles)
		if most := max(files-spare, 1); r.most == 0 || r.most > most {
			r.most = most
		}
		r.refusals = min(r.refusals, spare/2)
	}
	if c.AcceptRate > 0 {
		r.pace = rate.NewLimiter(rate.Limit(c.AcceptRate), max(c.AcceptRate/10, 1))
	}
	return r
}

// log says which caps count.
func (r *room) log(log *slog.Logger, wanted int) {
	attrs := []any{slog.Int("max_connections", r.most), slog.Int("open_files", r.files)}
	if wanted > r.most {
		log.Warn("fewer connections are taken than max_connections allows: raise the limit of open files (ulimit -n, LimitNOFILE)", append(attrs, slog.Int("wanted", wanted))...)
		return
	}
	log.Info("caps", attrs...)
}

// exhausted says that one more connection, whatever it wants, would leave no
// file descriptor for anything else. sockets are the WebSocket connections.
func (r *room) exhausted(sockets int) bool {
	return r.files > 0 && sockets+int(r.requests.Load()) >= r.files-leastSpareFiles/2
}

// wait waits until the next connection may be accepted, or for ctx to end.
func (r *room) wait(ctx context.Context) error {
	if r.pace == nil {
		return nil
	}
	return r.pace.Wait(ctx)
}
