package session

import (
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// A message that is too large is skipped and told. Its names mostly stand
// before its data, with some servers behind it. One such message must not be
// lost: the confirmation of a presence channel with many members. The channel
// is subscribed then, and its members are known only as they come and go.

// beginOversize looks at the beginning of a message that passes by.
func (s *Session) beginOversize(item *websocket.Item) {
	s.skipped = new(OversizeError)
	s.skipped.names(item.Payload)
}

// endOversize tells of a message that has passed by.
func (s *Session) endOversize(now time.Duration, item *websocket.Item) {
	err := s.skipped
	s.skipped = nil
	if err == nil {
		err = new(OversizeError)
	}
	s.oversized++
	err.Size, err.Limit, err.Count = item.Size, s.cfg.MaxMessage, s.oversized
	err.names(lastMember(item.Payload))
	if err.Event != nameSucceeded || s.phase != ready {
		s.fail(err)
		return
	}
	err.Event = ownSucceeded // as users know it
	ch := s.byName[err.Channel]
	if ch == nil && err.Channel == "" {
		ch = s.oldestPresence() // only these have much to say
	}
	if ch != nil {
		err.Channel = ch.Name
	}
	s.fail(err)
	if ch != nil {
		s.confirmed(now, ch, new(wire.Message))
	}
}

// names takes what an object names, as far as there is any of it.
func (e *OversizeError) names(object []byte) {
	for walk := wire.Members(object); walk.Next(); {
		switch {
		case walk.Is("event") && e.Event == "":
			e.Event = walk.Value.Text()
		case walk.Is("channel") && e.Channel == "":
			e.Channel = walk.Value.Text()
		}
	}
}

// lastMember makes an object of the end of one, from the channel's name on. An
// escaped quote shows that it stands inside the data.
func lastMember(end []byte) []byte {
	for i := len(end) - 1; i >= 0; i-- {
		if hasPrefix(end[i:], `"channel":`) {
			if i > 0 && end[i-1] == '\\' {
				return nil
			}
			return append([]byte{'{'}, end[i:]...)
		}
	}
	return nil
}

// oldestPresence returns the presence channel whose confirmation is due first.
func (s *Session) oldestPresence() *Channel {
	var oldest *Channel
	for _, ch := range s.channels {
		if ch.state == pending && ch.Kind == wire.Presence && (oldest == nil || ch.order < oldest.order) {
			oldest = ch
		}
	}
	return oldest
}
