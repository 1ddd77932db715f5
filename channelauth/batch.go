package channelauth

import "net/http"

// entry is what the answer to a batch says about one channel.
type entry struct {
	Status int     `json:"status"`
	Data   *answer `json:"data,omitempty"`
	Error  string  `json:"error,omitempty"`
}

// batch decides about each channel by itself; about one that is named twice,
// once. It stops when nobody waits for the answer any more.
func (h *handler) batch(r *http.Request, ask Ask, channels []string) map[string]entry {
	entries := make(map[string]entry, len(channels))
	for _, channel := range channels {
		if r.Context().Err() != nil {
			break
		}
		if _, done := entries[channel]; done {
			continue
		}
		one := ask
		one.Channel, one.Kind = channel, KindOf(channel)
		yes, no := h.decideOne(r, one)
		if no != nil {
			h.log(r, one, no)
			entries[channel] = entry{Status: no.status, Error: no.text}
			continue
		}
		entries[channel] = entry{Status: http.StatusOK, Data: &yes}
	}
	return entries
}

// decideOne is decide for a channel that has not been checked.
func (h *handler) decideOne(r *http.Request, ask Ask) (answer, *refusal) {
	if err := checkTarget(ask.SocketID, ask.Channel); err != nil {
		return answer{}, refuse(http.StatusBadRequest, bare(err))
	}
	return h.decide(r, ask)
}
