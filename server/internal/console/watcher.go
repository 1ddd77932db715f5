package console

import (
	"encoding/json"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// watcher is one open page: what it has asked for, and what waits to be sent to
// it. Its methods may be called from any goroutine.
type watcher struct {
	app string
	id  string

	mu      sync.Mutex
	look    look
	sampler sampler
	counts  [kinds]int64 // exact, whatever is shown
	queue   []byte       // lines of JSON
}

// look is what the page looks for: events that match it are shown before others.
type look struct {
	Kinds   []string `json:"kinds"` // none: all
	Channel string   `json:"channel"`
	Event   string   `json:"event"`
	Text    string   `json:"text"`
}

// any says that everything is looked for.
func (l *look) any() bool {
	return len(l.Kinds) == 0 && l.Channel == "" && l.Event == "" && l.Text == ""
}

// matches says whether an event is looked for, by the rule of the page: parts of
// texts, in capitals or not.
func (l *look) matches(e *Event) bool {
	return (len(l.Kinds) == 0 || has(l.Kinds, e.Kind.String())) &&
		contains(e.Channel, l.Channel) && contains(e.Name, l.Event) &&
		(l.Text == "" || contains(e.Data, l.Text) || contains(e.SocketID, l.Text) || contains(e.UserID, l.Text) ||
			contains(e.Channel, l.Text) || contains(e.Name, l.Text))
}

func has(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}

// contains expects part in small letters.
func contains(s, part string) bool {
	return part == "" || strings.Contains(strings.ToLower(s), part)
}

// seek sets what the page looks for.
func (w *watcher) seek(l look) {
	l.Channel, l.Event, l.Text = strings.ToLower(l.Channel), strings.ToLower(l.Event), strings.ToLower(l.Text)
	w.mu.Lock()
	w.look = l
	w.mu.Unlock()
}

// row is an event as the page gets it.
type row struct {
	At      int64  `json:"at"` // milliseconds of Unix time
	Kind    string `json:"kind"`
	Socket  string `json:"socket,omitempty"`
	Channel string `json:"channel,omitempty"`
	Event   string `json:"event,omitempty"`
	User    string `json:"user,omitempty"`
	Size    int    `json:"size"`
	Data    string `json:"data,omitempty"`
	Cut     bool   `json:"cut,omitempty"` // Data is the beginning only
}

// tell counts an event and queues a row, if it is shown and there is room.
func (w *watcher) tell(e *Event, now time.Duration, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[e.Kind]++
	in := e.Kind
	if !w.look.any() && w.look.matches(e) {
		in += kinds
	}
	if !w.sampler.take(in, now) {
		return
	}
	data, cut := shorten(e.Data, maxData)
	line, _ := json.Marshal(row{ // of strings and numbers: it cannot fail
		At: at.UnixMilli(), Kind: e.Kind.String(), Size: len(e.Data), Data: data, Cut: cut,
		Socket: text(e.SocketID), Channel: text(e.Channel), Event: text(e.Name), User: text(e.UserID),
	})
	if len(w.queue)+len(line)+1 > maxQueue {
		w.sampler.lose(in)
		return
	}
	w.queue = append(append(w.queue, line...), '\n')
}

// take returns the lines that wait. buffer is used for those that come next.
func (w *watcher) take(buffer []byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := w.queue
	w.queue = buffer[:0]
	return lines
}

// account returns the exact counts, by name, and what was left out since the
// last call.
func (w *watcher) account() (map[string]int64, []omission) {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts := make(map[string]int64)
	for k, n := range w.counts {
		if n > 0 {
			counts[Kind(k).String()] = n
		}
	}
	return counts, w.sampler.omissions()
}

func text(s string) string {
	s, _ = shorten(s, maxText)
	return s
}

// shorten returns at most limit bytes of s, in whole characters.
func shorten(s string, limit int) (beginning string, cut bool) {
	if len(s) <= limit {
		return s, false
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit], true
}
