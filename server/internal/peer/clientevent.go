package peer

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/wire"
)

// clientEvent handles an event from one client to the others on a channel. The
// limit of the rate comes first: what is refused for another reason costs the
// sender as much.
func (p *Peer) clientEvent(m *wire.Message, now time.Duration) Action {
	channel := echo(string(m.Channel))
	settings := p.settings.Get()
	if limit := settings.ClientEventRate; !p.events.allow(now, limit) {
		return p.reached(LimitClientEventRate, "Client event rate limit exceeded: "+strconv.Itoa(limit)+" per second", channel)
	}
	if !settings.ClientEvents {
		return p.complain(CodeClientEvent, "Client events are not enabled for this app: enable them on the server (ClientEvents, --client-events)", channel)
	}
	if !wire.KindOf(channel).ClientEvents() {
		return p.complain(CodeUnauthorized, "Client events are for private and presence channels", channel)
	}
	i := p.subs.find(m.Channel)
	if i < 0 {
		return p.complain(CodeUnauthorized, "Client event on channel "+channel+" without a subscription to it", channel)
	}
	if utf8.RuneCount(m.Event) > wire.MaxEventName {
		return p.complain(CodeClientEvent, "Client event name has more than "+strconv.Itoa(wire.MaxEventName)+" characters", channel)
	}
	if len(m.Data) > settings.MaxEventData {
		return p.reached(LimitEventData, "Client event data has more than "+strconv.Itoa(settings.MaxEventData)+" bytes", channel)
	}
	sub := &p.subs.list[i]
	return Action{
		Kind:    Publish,
		Channel: sub.Channel,
		Ref:     sub.Ref,
		Frame:   clientEventFrame(m, sub.Channel, sub.UserID),
	}
}

// reached refuses a client event for a limit.
func (p *Peer) reached(limit Limit, message, channel string) Action {
	a := p.complain(CodeClientEvent, message, channel)
	a.Limit = limit
	return a
}
