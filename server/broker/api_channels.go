package broker

import (
	"slices"
	"time"

	"github.com/thimble-go/thimble/internal/wire"
)

// maxQueryBody bounds the body of a request that needs none: some libraries
// send an empty object.
func (a *app) maxQueryBody() bodyLimit { return bodyLimit{bytes: 1 << 10} }

// getChannels is GET /apps/{app}/channels.
func (a *app) getChannels(c *call) (any, error) {
	prefix, asked := c.query.Get("filter_by_prefix"), attributesIn(c.query.Get("info"))
	if err := checkInfo(asked, "user_count", "subscription_count"); err != nil {
		return nil, err
	}
	if slices.Contains(asked, "user_count") && wire.KindOf(prefix) != wire.Presence {
		return nil, badRequest("user_count may only be requested for presence channels - please supply filter_by_prefix beginning with presence-")
	}
	channels := make(map[string]attributes) // an object, also when empty
	for _, ch := range a.hub.occupied(prefix) {
		list := attributes{}
		if len(asked) > 0 {
			list = a.attributes(ch.name, asked)
		}
		channels[ch.name] = list
	}
	return map[string]any{"channels": channels}, nil
}

// getChannel is GET /apps/{app}/channels/{channel}.
func (a *app) getChannel(c *call) (any, error) {
	if !publishable(c.channel) {
		return nil, badRequest("Invalid channel name %.200q", c.channel)
	}
	kind, asked := wire.KindOf(c.channel), attributesIn(c.query.Get("info"))
	if err := checkInfo(asked, "occupied", "user_count", "subscription_count", "cache"); err != nil {
		return nil, err
	}
	if slices.Contains(asked, "user_count") && kind != wire.Presence {
		return nil, badRequest("user_count may only be requested for presence channels")
	}
	if slices.Contains(asked, "cache") && !hasCache(c.channel) {
		return nil, badRequest("cache may only be requested for cache channels")
	}
	connections, users := 0, 0
	if ch := a.hub.find(c.channel); ch != nil {
		connections, users = ch.count()
	}
	answer := map[string]any{"occupied": connections > 0}
	for _, attribute := range asked {
		switch attribute {
		case "user_count":
			answer[attribute] = users
		case "subscription_count":
			answer[attribute] = connections
		case "cache":
			answer[attribute] = a.hub.last(c.channel)
		}
	}
	return answer, nil
}

// lastEvent is what is kept of a cache channel, as the API shows it.
type lastEvent struct {
	Data string `json:"data"`
	TTL  int    `json:"ttl"` // seconds that are left, rounded up
}

// last returns the last event of a cache channel, nil if there is none.
func (h *hub) last(channel string) *lastEvent {
	now := h.now()
	e := h.cache.get(channel, now)
	if e == nil {
		return nil
	}
	return &lastEvent{Data: e.data, TTL: int((e.ends - now + time.Second - 1) / time.Second)}
}

// getStats is GET /apps/{app}/channels/{channel}/stats, which the service has
// for old libraries.
func (a *app) getStats(c *call) (any, error) {
	if !publishable(c.channel) {
		return nil, badRequest("Invalid channel name %.200q", c.channel)
	}
	connections, users := 0, 0
	if ch := a.hub.find(c.channel); ch != nil {
		connections, users = ch.count()
	}
	answer := map[string]any{"occupied": connections > 0, "connection_count": connections}
	if wire.KindOf(c.channel) == wire.Presence {
		answer["user_count"] = users
	}
	return answer, nil
}

// postTerminate is POST /apps/{app}/users/{user}/terminate_connections.
func (a *app) postTerminate(c *call) (any, error) {
	if !wire.ValidUserID(c.user) {
		return nil, badRequest("Invalid user id %.200q: it has 1 to %d characters of A-Z a-z 0-9 _ - = @ , . ;", c.user, wire.MaxUserID)
	}
	a.users.terminate(c.user)
	return struct{}{}, nil
}

// getUsers is GET /apps/{app}/channels/{channel}/users.
func (a *app) getUsers(c *call) (any, error) {
	if wire.KindOf(c.channel) != wire.Presence || !wire.ValidChannel(c.channel) {
		return nil, badRequest("Users may only be requested for presence channels")
	}
	type user struct {
		ID string `json:"id"`
	}
	users := []user{} // a list, also when empty
	if ch := a.hub.find(c.channel); ch != nil {
		for _, id := range ch.userIDs() {
			users = append(users, user{id})
		}
	}
	return map[string]any{"users": users}, nil
}
