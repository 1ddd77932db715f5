package session

import (
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// readOversize tells of a message that was skipped because of its size. Its
// beginning mostly says what it was. One must not be lost for that: the
// confirmation of a presence channel with many members. The channel is
// subscribed then, and its members are known only as they come and go.
func (s *Session) readOversize(now time.Duration, item *websocket.Item) {
	err := &OversizeError{Size: item.Size, Limit: s.cfg.MaxMessage}
	for walk := wire.Members(item.Payload); walk.Next(); {
		switch {
		case walk.Is("event"):
			err.Event = walk.Value.Text()
		case walk.Is("channel"):
			err.Channel = walk.Value.Text()
		}
	}
	if err.Event != nameSucceeded || s.phase != ready {
		s.fail(err)
		return
	}
	err.Event = "pusher:subscription_succeeded" // as users know it
	ch := s.byName[err.Channel]
	if ch == nil && err.Channel == "" {
		ch = s.oldestPresence() // only these have much to say
	}
	if ch != nil {
		err.Channel = ch.Name
	}
	s.fail(err)
	if ch != nil {
		ch.before = nil
		s.confirmed(now, ch, new(wire.Message))
	}
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
