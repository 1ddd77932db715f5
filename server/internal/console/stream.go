package console

import (
	"encoding/json"
	"net/http"
	"time"
)

// tick is what a page gets every second beside the rows.
type tick struct {
	At     int64            `json:"at"`
	Stats  Stats            `json:"stats"`
	Counts map[string]int64 `json:"counts"` // of events since the page watches
	Left   []omission       `json:"left,omitempty"`
}

// stream is GET api/stream: lines of JSON without end. The first one is
// {"watcher": id}, the others are rows and {"tick": ...}.
func (c *Console) stream(w http.ResponseWriter, r *http.Request) {
	app := r.URL.Query().Get("app")
	if _, ok := c.broker.Stats(app); !ok {
		refuse(w, http.StatusNotFound, "There is no such app any more.")
		return
	}
	one := c.watch(app)
	if one == nil {
		refuse(w, http.StatusServiceUnavailable, "The broker is ending, or as many pages watch it as may.")
		return
	}
	defer c.unwatch(one)
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{}) // the server's is for requests that end
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("X-Accel-Buffering", "no") // for proxies that would collect it
	send := func(lines []byte) bool {
		control.SetWriteDeadline(time.Now().Add(writeTimeout))
		_, err := w.Write(lines)
		return err == nil && control.Flush() == nil
	}
	if !send(line(map[string]string{"watcher": one.id})) {
		return
	}
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	var buffer []byte
	for next, last := time.Now(), false; !last; {
		select {
		case <-r.Context().Done():
			return
		case <-c.ending:
			last = true // the counts are exact to the end
		case <-flush.C:
		}
		lines := one.take(buffer)
		if now := time.Now(); last || !now.Before(next) {
			next = now.Add(tickEvery)
			stats, ok := c.broker.Stats(app)
			if !ok || !c.admitted(r) {
				return // the page asks again, and is told why
			}
			t := tick{At: now.UnixMilli(), Stats: stats}
			t.Counts, t.Left = one.account()
			lines = append(lines, line(map[string]tick{"tick": t})...)
		}
		if len(lines) > 0 && !send(lines) {
			return
		}
		buffer = lines
	}
}

func line(v any) []byte {
	b, _ := json.Marshal(v) // of strings and numbers: it cannot fail
	return append(b, '\n')
}

// seek is POST api/look: what the page looks for from now on.
func (c *Console) seek(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Watcher string `json:"watcher"`
		look
	}
	if !read(w, r, maxBody, &body) {
		return
	}
	one := c.watcher(body.Watcher)
	if one == nil {
		refuse(w, http.StatusNotFound, "This page does not watch any more.")
		return
	}
	one.seek(body.look)
	answer(w, struct{}{})
}
