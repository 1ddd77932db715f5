package broker

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/thimble-go/thimble/server/internal/webhook"
)

// Events that a Webhook may be told (Pusher docs, "Webhooks").
const (
	// ChannelOccupied: a channel has its first subscriber.
	ChannelOccupied = "channel_occupied"
	// ChannelVacated: a channel has lost its last one, three seconds ago.
	ChannelVacated = "channel_vacated"
	// MemberAdded: a user has come to a presence channel.
	MemberAdded = "member_added"
	// MemberRemoved: a user has gone from one, three seconds ago.
	MemberRemoved = "member_removed"
	// ClientEvent: a client has sent an event to the others on a channel.
	ClientEvent = "client_event"
	// CacheMiss: somebody has come to a cache channel that has no last event.
	// It is told once, until the channel has had an event or is empty.
	CacheMiss = "cache_miss"
	// SubscriptionCount: how many are on a channel, unless it is a presence
	// channel, as often as App.SubscriptionCounts tells clients, and whether it
	// does or not.
	SubscriptionCount = "subscription_count"
)

// Webhook is an address that is told what happens on the channels of an
// application, by POST requests that are signed with the application's Key and
// Secret. Channels that belong to one user are left out.
//
// A request that is not answered with 2xx is made again, at growing intervals,
// for five minutes. Events of a channel arrive in order; each is its own
// request unless Batch is set.
type Webhook struct {
	// URL is where the requests go: http or https. Redirects are not followed.
	// It names the endpoint: one that keeps it keeps what waits for it.
	URL string

	// Events are the names of those it is told, such as ChannelOccupied. Empty
	// means all.
	Events []string

	// ChannelPrefix and ChannelSuffix are what the names of its channels begin
	// and end with. Empty means any.
	ChannelPrefix string
	ChannelSuffix string

	// Headers are added to the requests. Those that the requests have themselves
	// cannot be set.
	Headers map[string]string

	// Batch joins up to a hundred events into one request: those that wait while
	// the one before it is on its way.
	Batch bool

	// Timeout bounds one request. Zero means 10 s.
	Timeout time.Duration
}

// String names the host and hides the rest, where secrets may be.
func (w Webhook) String() string { return "broker.Webhook{" + webhook.Host(w.URL) + "}" }

// GoString is for the verb %#v, which would show headers otherwise.
func (w Webhook) GoString() string { return w.String() }

// LogValue keeps secrets out of structured logs.
func (w Webhook) LogValue() slog.Value { return slog.StringValue(w.String()) }

// validate has neither the URL nor the headers in its errors.
func (w *Webhook) validate() error {
	u, err := url.Parse(w.URL)
	switch {
	case w.URL == "":
		return errors.New("the URL is empty; it is where the requests go")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("the URL is not of the form https://example.com/path, with http or https")
	case w.Timeout < 0:
		return errors.New("the Timeout is negative; use zero for its default")
	}
	for _, name := range w.Events {
		if webhook.Named(name) == 0 {
			return fmt.Errorf("the Events have %q, which is none of %s", name, webhook.Names())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
		if err := webhook.CheckHeader(name, w.Headers[name]); err != nil {
			return fmt.Errorf("the Headers: %w", err)
		}
	}
	return nil
}

// endpoint is w for the queue.
func (w *Webhook) endpoint() webhook.Endpoint {
	kinds := webhook.Kind(0)
	for _, name := range w.Events {
		kinds |= webhook.Named(name)
	}
	if kinds == 0 {
		kinds = webhook.All
	}
	return webhook.Endpoint{
		URL:     w.URL,
		Kinds:   kinds,
		Prefix:  w.ChannelPrefix,
		Suffix:  w.ChannelSuffix,
		Headers: maps.Clone(w.Headers),
		Batch:   w.Batch,
		Timeout: w.Timeout,
	}
}

// hooked are applications for the queue.
func hooked(apps []App) []webhook.App {
	all := make([]webhook.App, len(apps))
	for i, a := range apps {
		all[i] = webhook.App{ID: a.ID, Key: a.Key, Secret: a.Secret}
		for _, w := range a.Webhooks {
			all[i].Endpoints = append(all[i].Endpoints, w.endpoint())
		}
	}
	return all
}

// deeds are what has to be watched for events of a kind.
var deeds = map[webhook.Kind]deed{
	webhook.ChannelOccupied:   didOccupy,
	webhook.ChannelVacated:    didVacate,
	webhook.MemberAdded:       didAddMember,
	webhook.MemberRemoved:     didRemoveMember,
	webhook.ClientEvent:       didClientEvent,
	webhook.CacheMiss:         didMissCache,
	webhook.SubscriptionCount: didCount,
}

// openWebhooks makes the queue, if there is anything to put into it or to take
// out of it.
func (b *Broker) openWebhooks(apps []App) error {
	used := slices.ContainsFunc(apps, func(a App) bool { return len(a.Webhooks) > 0 })
	if b.webhooks.Load() != nil || !used && b.config.WebhookQueue == "" {
		return nil
	}
	q, err := webhook.Open(webhook.Config{Path: b.config.WebhookQueue, Limit: b.config.WebhookQueueBytes, Log: b.log}, hooked(apps))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrWebhookQueue, err)
	}
	b.webhooks.Store(q)
	return nil
}

// watchForWebhooks has the queue told what its endpoints want to know of these
// applications.
func (b *Broker) watchForWebhooks(d *directory) {
	q := b.webhooks.Load()
	if q == nil {
		return
	}
	for _, a := range d.byID {
		a.webhooks.Store(q.Source(a.id))
	}
	var next *observer
	wanted := q.Wanted()
	for kind, did := range deeds {
		if wanted&kind == 0 {
			continue
		}
		if next == nil {
			next = &observer{observe: tellWebhooks}
		}
		next.wanted |= did
	}
	b.observers.replace(b.hooked, next)
	b.hooked = next
}

// tellWebhooks is the observer.
func tellWebhooks(o occurrence) {
	s := o.app.webhooks.Load()
	if s == nil || strings.HasPrefix(o.channel, "#") {
		return
	}
	e := webhook.Event{Channel: o.channel, UserID: o.userID}
	switch o.did {
	case didOccupy:
		e.Kind = webhook.ChannelOccupied
	case didVacate:
		e.Kind = webhook.ChannelVacated
	case didAddMember:
		e.Kind = webhook.MemberAdded
	case didRemoveMember:
		e.Kind = webhook.MemberRemoved
	case didClientEvent:
		e.Kind, e.Name, e.Data, e.SocketID = webhook.ClientEvent, o.event, o.data, o.socketID
	case didMissCache:
		e.Kind = webhook.CacheMiss
	case didCount:
		e.Kind, e.Count = webhook.SubscriptionCount, o.count
	}
	s.Tell(e)
}
