package broker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// Event is what is published.
type Event struct {
	// Name of the event: 1 to 200 characters.
	Name string

	// Channels that it goes to: 1 to 100, to each once.
	Channels []string

	// Data is any text, JSON mostly. It is handed on as it is.
	Data string

	// SocketID is a connection that the event does not go to: the one that
	// caused it. Empty means none.
	SocketID string
}

// Publish sends an event to everybody who is on its channels. It returns when
// the event is queued for all of them, without waiting for any, and ctx is only
// looked at before.
//
// The errors wrap [ErrUnknownApp], [ErrEvent], [ErrTooLarge] or [ErrClosed];
// then nothing was sent.
func (b *Broker) Publish(ctx context.Context, appID string, e Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	app := b.apps.Load().byID[appID]
	if app == nil {
		return fmt.Errorf("%w: no App has the ID %q", ErrUnknownApp, appID)
	}
	if err := app.check(&e); err != nil {
		return err
	}
	b.mu.Lock()
	down := b.down
	b.mu.Unlock()
	if down {
		return ErrClosed
	}
	app.publish(&e)
	return nil
}

// publish sends an event that has been checked.
func (a *app) publish(e *Event) {
	start := time.Now()
	defer func() { a.broker.instruments.publish.Observe(time.Since(start).Seconds()) }()
	for i, name := range e.Channels {
		if slices.Contains(e.Channels[:i], name) {
			continue // named twice, it is one
		}
		if hasCache(name) {
			a.hub.keep(name, e, peer.EventFrame(e.Name, name, e.Data))
			continue
		}
		if ch := a.hub.find(name); ch != nil {
			ch.publish(e, peer.EventFrame(e.Name, name, e.Data))
		} else {
			a.hub.published(name, e)
		}
	}
}

// check says whether an event may be published.
func (a *app) check(e *Event) error {
	maxData := a.conf().MaxEventData
	switch {
	case e.Name == "":
		return fmt.Errorf("%w: it has no name", ErrEvent)
	case utf8.RuneCountInString(e.Name) > wire.MaxEventName:
		return fmt.Errorf("%w: the name has %d characters, %d are allowed", ErrEvent, utf8.RuneCountInString(e.Name), wire.MaxEventName)
	case len(e.Channels) == 0:
		return fmt.Errorf("%w: it has no channel", ErrEvent)
	case len(e.Channels) > maxPublishChannels:
		return fmt.Errorf("%w: it goes to %d channels, %d are allowed", ErrEvent, len(e.Channels), maxPublishChannels)
	case e.SocketID != "" && !wire.ValidSocketID(e.SocketID):
		return fmt.Errorf("%w: socket_id is not of the form 1234.5678", ErrEvent)
	case len(e.Data) > maxData:
		a.limit(peer.LimitEventData)
		return fmt.Errorf("%w: the data has %d bytes, %d are allowed; "+raise, ErrTooLarge, len(e.Data), maxData)
	case !utf8.ValidString(e.Name) || !utf8.ValidString(e.Data):
		return fmt.Errorf("%w: name and data must be UTF-8", ErrEvent)
	}
	for _, name := range e.Channels {
		if !publishable(name) {
			return fmt.Errorf("%w: the channel name %.200q is not 1 to %d characters of A-Z a-z 0-9 _ - = @ , . ;", ErrEvent, name, wire.MaxChannelName)
		}
	}
	return nil
}

// publishable says whether events may go to a channel: one that clients name,
// or that of a signed-in user.
func publishable(name string) bool {
	return wire.ValidChannel(strings.TrimPrefix(name, "#server-to-user-"))
}
