package broker

import (
	"context"
	"slices"
	"time"
)

// drain closes the listeners, and then the connections one after the other over
// Config.Drain. Requests of the HTTP API that have begun are answered, and
// events published, all the while.
func (b *Broker) drain(ctx context.Context) {
	b.mu.Lock()
	b.draining = true
	connections := slices.Clone(b.connections)
	for server, l := range b.servers {
		server.SetKeepAlivesEnabled(false)
		l.Close() // Serve returns then
	}
	b.mu.Unlock()

	start := time.Now()
	tick := time.NewTicker(drainStep)
	defer tick.Stop()
	for closed := 0; closed < len(connections); {
		part := min(float64(time.Since(start))/float64(b.config.Drain), 1)
		for due := int(part * float64(len(connections))); closed < due; closed++ {
			connections[closed].close(b.goodbye)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
