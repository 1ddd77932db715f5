package webhook

import (
	"strconv"
	"strings"

	"github.com/thimble-go/thimble/internal/wire"
)

// Kind says what an event is. Kinds are bits, so that several can be joined.
type Kind uint8

// The kinds of events (Pusher docs, "Webhooks").
const (
	ChannelOccupied Kind = 1 << iota
	ChannelVacated
	MemberAdded
	MemberRemoved
	ClientEvent
	CacheMiss
	SubscriptionCount

	// All are all of them.
	All Kind = 1<<iota - 1
)

var names = [...]string{"channel_occupied", "channel_vacated", "member_added", "member_removed", "client_event", "cache_miss", "subscription_count"}

// Named returns the kind of this name, or 0.
func Named(name string) Kind {
	for i, n := range names {
		if n == name {
			return 1 << i
		}
	}
	return 0
}

// Names lists the names, for texts.
func Names() string { return strings.Join(names[:], ", ") }

// String returns the name of one kind.
func (k Kind) String() string {
	for i, name := range names {
		if k == 1<<i {
			return name
		}
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Event is something that endpoints are told. Channel is always set; the other
// fields as the kind has them.
type Event struct {
	Kind     Kind
	Channel  string
	UserID   string // member_added, member_removed; client_event on a presence channel
	Name     string // client_event
	Data     string // client_event
	SocketID string // client_event
	Count    int    // subscription_count
}

// size is about what it takes in memory.
func (e *Event) size() int {
	return len(e.Channel) + len(e.UserID) + len(e.Name) + len(e.Data) + len(e.SocketID) + overhead
}

// appendJSON writes the event as endpoints get it.
func (e *Event) appendJSON(b []byte) []byte {
	b = append(b, `{"name":"`...)
	b = append(b, e.Kind.String()...)
	b = append(b, `","channel":`...)
	b = wire.AppendString(b, e.Channel)
	if e.Kind == ClientEvent {
		b = append(b, `,"event":`...)
		b = wire.AppendString(b, e.Name)
		b = append(b, `,"data":`...)
		b = wire.AppendString(b, e.Data)
		b = append(b, `,"socket_id":`...)
		b = wire.AppendString(b, e.SocketID)
	}
	if e.UserID != "" {
		b = append(b, `,"user_id":`...)
		b = wire.AppendString(b, e.UserID)
	}
	if e.Kind == SubscriptionCount {
		b = append(b, `,"subscription_count":`...)
		b = strconv.AppendInt(b, int64(e.Count), 10)
	}
	return append(b, '}')
}

// appendBody writes the body of a request.
func appendBody(b []byte, ms int64, events [][]byte) []byte {
	b = append(b, `{"time_ms":`...)
	b = strconv.AppendInt(b, ms, 10)
	b = append(b, `,"events":[`...)
	for i, event := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, event...)
	}
	return append(b, "]}"...)
}
