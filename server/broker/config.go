package broker

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// Config says what a Broker serves. Only Apps must be set.
type Config struct {
	// Apps are the applications: at least one. No two may share an id or a key.
	Apps []App

	// Logger takes what an operator wants to know; nil is silent. Secrets and
	// tokens are never logged.
	Logger *slog.Logger

	// ActivityTimeout is how long a client may be silent before it is pinged;
	// at least a second, since it is advertised in seconds. Zero means 120 s.
	ActivityTimeout time.Duration

	// PongTimeout is how long a pinged client may stay silent before it is
	// closed with 4201. Zero means 30 s.
	PongTimeout time.Duration

	// HandshakeTimeout is how long a client may take to send the head of its
	// request; for connections that Serve accepts. Zero means 5 s.
	HandshakeTimeout time.Duration

	// WriteTimeout is how long a client that has stopped reading may hold up
	// what is written to it, before its connection is cut. Zero means 10 s.
	WriteTimeout time.Duration

	// MaxMessage bounds, in bytes, one message from a client; a longer one
	// closes its connection with 1009: also one that MaxEventData would allow. At
	// least 4 KiB, at most 1 GiB. Zero means 64 KiB, or what the largest
	// MaxEventData of the Apps takes at most, if that is more.
	MaxMessage int

	// QueueBytes is how much, in bytes, should at most wait to be sent to one
	// connection. A client for whom more waits is closed with 4100 if it has
	// taken nothing for a second, or once 32 times as much waits: a burst is no
	// proof that it is slow. At least 4 KiB, at most 1 GiB. Zero means 256 KiB, or
	// what the largest MaxEventData of the Apps takes at most, if that is more.
	QueueBytes int

	// MaxConnections is how many connections there may be; one more is refused
	// with 4100. Zero means as many as the limit of open files leaves room for,
	// and there are never more than that.
	MaxConnections int

	// AcceptRate is how many connections Serve accepts in a second, those of the
	// HTTP API included; the others wait in the kernel. Zero means no cap.
	AcceptRate int

	// MaxConnectionsPerIP is how many connections there may be from one address;
	// one more is refused with 4100. Zero means no cap.
	MaxConnectionsPerIP int

	// Drain is over how long Shutdown spreads the closing of connections. Zero
	// means at once, which is best where the same clients come back to the same
	// address: who is closed early finds nobody.
	Drain time.Duration

	// DrainCode is what Shutdown closes connections with: 4100, after which
	// clients wait a second, so that this server can be back, or 4200, after
	// which they connect at once, for several servers behind one address. Zero
	// means 4100.
	DrainCode int

	// Ready is what else must be up before clients are sent here: its error is
	// what GET /readyz says. It is called for each such request, and must not
	// block. nil means nothing.
	Ready func() error

	// WebhookQueue is a file for the webhooks that wait, so that they survive the
	// end of the process, however it comes. One Broker uses it at a time. Empty
	// means that they wait in memory only.
	WebhookQueue string

	// WebhookQueueBytes is how much, in bytes, may wait for each Webhook, in
	// memory and in the file. What more comes is dropped, logged and counted.
	// Zero means 64 MiB.
	WebhookQueueBytes int

	// TrustedProxies are the addresses of proxies in front of the Broker, which
	// are believed what they say in X-Forwarded-For and X-Forwarded-Proto: for
	// App.TLSOnly and MaxConnectionsPerIP. Empty: nobody is believed.
	TrustedProxies []netip.Prefix

	// Console opens a page for operators at /console. Zero means that there is
	// none.
	Console Console
}

// App is one application: its clients never hear those of another.
type App struct {
	// ID names the application in the HTTP API. It has no slash.
	ID string

	// Key names the application to clients; it is public. It has neither a
	// slash nor a colon.
	Key string

	// Secret signs requests and tokens. Whoever has it can do everything.
	Secret string

	// MoreKeys are keys that count beside the first one, so that each can be
	// replaced without a moment in which none counts: add the new one here, move
	// everybody to it, then make it the first and leave the old one out.
	MoreKeys []Key

	// Disabled refuses connections with 4003, and requests with status 403.
	Disabled bool

	// TLSOnly refuses connections without TLS with 4000; clients come back with.
	TLSOnly bool

	// Origins are the pages that may connect: "https://example.com", or only the
	// host, "example.com", for any scheme and port, or "*.example.com" for the
	// hosts below it. Others are refused with 4009. Clients that are no browsers
	// send no origin, or any, so this protects the users of pages and not the
	// application. Empty means all.
	Origins []string

	// MaxConnections is how many connections the application may have; one more
	// is refused with 4004, and clients give up then. Zero means no cap.
	MaxConnections int

	// MaxSubscriptions is on how many channels one connection may be. Zero means
	// 10,000.
	MaxSubscriptions int

	// MaxMembers is how many users a presence channel may have. Zero means 100.
	MaxMembers int

	// ClientEventRate is how many client events a connection may send in a
	// second. Zero means 10.
	ClientEventRate int

	// RequestRate is how many requests of the HTTP API may come in a second,
	// more get status 429. Zero means no cap.
	RequestRate int

	// ClientEvents lets clients send events to each other on private and
	// presence channels.
	ClientEvents bool

	// SubscriptionCounts tells those on a channel, unless it is a presence
	// channel, how many they are: each time that this changes while they are up
	// to a hundred, every 5 s when they are more.
	SubscriptionCounts bool

	// Watchlists tells users who have signed in which of those on their
	// watchlist come and go.
	Watchlists bool

	// AuthorizeWithin is how long a connection may take until it has signed in
	// or subscribed to a private or presence channel, before it is closed with
	// 4009. Zero means for ever.
	AuthorizeWithin time.Duration

	// CacheTTL is how long the last event of a cache channel is kept. Zero means
	// 30 minutes.
	CacheTTL time.Duration

	// CacheBytes bounds the memory for these events: when they would be more,
	// the oldest go. Zero means 64 MiB.
	CacheBytes int

	// Webhooks are addresses that are told what happens. Their requests are
	// signed with Key and Secret, whatever MoreKeys there are.
	Webhooks []Webhook

	// MaxEventData bounds the data of one event in bytes; what has more is
	// refused with status 413, or error 4301. At most 1 GiB; zero means 10 KiB.
	MaxEventData int
}

// Key is a key of an application, with the secret that belongs to it.
type Key struct {
	Key    string // public, with neither a slash nor a colon
	Secret string
}

// String names the key and hides the secret.
func (k Key) String() string { return "broker.Key{Key:" + k.Key + "}" }

// GoString is for the verb %#v, which would show the secret otherwise.
func (k Key) GoString() string { return k.String() }

// LogValue keeps the secret out of structured logs.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// keys returns all keys, the first one first.
func (a *App) keys() []Key {
	return append([]Key{{Key: a.Key, Secret: a.Secret}}, a.MoreKeys...)
}

// String names the application and hides the secret.
func (a App) String() string { return "broker.App{ID:" + a.ID + " Key:" + a.Key + "}" }

// GoString is for the verb %#v, which would show the secret otherwise.
func (a App) GoString() string { return a.String() }

// LogValue keeps the secret out of structured logs.
func (a App) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Validate says what New would find wrong with the configuration; it opens
// nothing. Its errors wrap [ErrConfig].
func (c Config) Validate() error { return c.validate() }

func (c Config) validate() error {
	if len(c.Apps) == 0 {
		return fmt.Errorf("%w: Apps is empty; give it an App with an ID, a Key and a Secret", ErrConfig)
	}
	if err := c.Console.validate(); err != nil {
		return err
	}
	ids, keys := make(map[string]bool), make(map[string]bool)
	for i, app := range c.Apps {
		if err := app.validate(); err != nil {
			return fmt.Errorf("%w: Apps[%d]: %w", ErrConfig, i, err)
		}
		if ids[app.ID] {
			return fmt.Errorf("%w: Apps[%d]: another app has the ID %q already", ErrConfig, i, app.ID)
		}
		ids[app.ID] = true
		for _, k := range app.keys() {
			if keys[k.Key] {
				return fmt.Errorf("%w: Apps[%d]: another app has the Key %q already, or this one has it twice", ErrConfig, i, k.Key)
			}
			keys[k.Key] = true
		}
	}
	if c.ActivityTimeout != 0 && c.ActivityTimeout < time.Second {
		return fmt.Errorf("%w: ActivityTimeout is %v; use at least 1s, or zero for %v", ErrConfig, c.ActivityTimeout, peer.DefaultActivityTimeout)
	}
	if c.DrainCode != 0 && c.DrainCode != peer.CodeOverCapacity && c.DrainCode != peer.CodeReconnect {
		return fmt.Errorf("%w: DrainCode is %d; use 4100 where the same server comes back, or 4200 where there are others", ErrConfig, c.DrainCode)
	}
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"PongTimeout", int64(c.PongTimeout)},
		{"HandshakeTimeout", int64(c.HandshakeTimeout)},
		{"WriteTimeout", int64(c.WriteTimeout)},
		{"MaxMessage", int64(c.MaxMessage)},
		{"QueueBytes", int64(c.QueueBytes)},
		{"MaxConnections", int64(c.MaxConnections)},
		{"MaxConnectionsPerIP", int64(c.MaxConnectionsPerIP)},
		{"AcceptRate", int64(c.AcceptRate)},
		{"Drain", int64(c.Drain)},
		{"WebhookQueueBytes", int64(c.WebhookQueueBytes)},
	} {
		if limit.value < 0 {
			return fmt.Errorf("%w: %s is negative; use zero for its default", ErrConfig, limit.name)
		}
	}
	for _, size := range []struct {
		name  string
		value int
	}{{"MaxMessage", c.MaxMessage}, {"QueueBytes", c.QueueBytes}} {
		switch {
		case size.value != 0 && size.value < leastBytes:
			return fmt.Errorf("%w: %s is %d; use at least %d, since a subscription with its token must fit, or zero for what the apps need", ErrConfig, size.name, size.value, leastBytes)
		case size.value > mostBytes:
			return fmt.Errorf("%w: %s is %d; use at most %d, or zero for what the apps need", ErrConfig, size.name, size.value, mostBytes)
		}
	}
	return nil
}

func (a App) validate() error {
	switch {
	case a.ID == "":
		return fmt.Errorf("the ID is empty; the HTTP API takes it in /apps/{ID}/events")
	case strings.Contains(a.ID, "/"):
		return fmt.Errorf("the ID %q has a slash; it is one part of a path", a.ID)
	}
	for _, k := range a.keys() {
		switch {
		case k.Key == "":
			return fmt.Errorf("the Key is empty; clients connect to /app/{Key}")
		case strings.ContainsAny(k.Key, "/:"):
			return fmt.Errorf("the Key %q has a slash or a colon; it is one part of a path and of a token", k.Key)
		case k.Secret == "":
			return fmt.Errorf("the Secret is empty; with it everybody could sign")
		}
	}
	for _, origin := range a.Origins {
		if err := checkOrigin(origin); err != nil {
			return err
		}
	}
	for i := range a.Webhooks {
		if err := a.Webhooks[i].validate(); err != nil {
			return fmt.Errorf("in Webhooks[%d]: %w", i, err)
		}
	}
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"MaxEventData", int64(a.MaxEventData)},
		{"AuthorizeWithin", int64(a.AuthorizeWithin)},
		{"CacheTTL", int64(a.CacheTTL)},
		{"MaxConnections", int64(a.MaxConnections)},
		{"MaxSubscriptions", int64(a.MaxSubscriptions)},
		{"MaxMembers", int64(a.MaxMembers)},
		{"ClientEventRate", int64(a.ClientEventRate)},
		{"RequestRate", int64(a.RequestRate)},
		{"CacheBytes", int64(a.CacheBytes)},
	} {
		if limit.value < 0 {
			return fmt.Errorf("%s is negative; use zero for its default", limit.name)
		}
	}
	if a.MaxEventData > mostBytes {
		return fmt.Errorf("MaxEventData is %d; use at most %d", a.MaxEventData, mostBytes)
	}
	return nil
}

// withDefaults returns c with every zero replaced by what it means, but for
// MaxMessage and QueueBytes: see size.
func (c Config) withDefaults() Config {
	apps := append([]App(nil), c.Apps...)
	for i := range apps {
		if apps[i].MaxEventData == 0 {
			apps[i].MaxEventData = DefaultMaxEventData
		}
		if apps[i].MaxMembers == 0 {
			apps[i].MaxMembers = peer.DefaultMaxMembers
		}
		if apps[i].CacheTTL == 0 {
			apps[i].CacheTTL = DefaultCacheTTL
		}
		if apps[i].CacheBytes == 0 {
			apps[i].CacheBytes = DefaultCacheBytes
		}
	}
	c.Apps = apps
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.ActivityTimeout == 0 {
		c.ActivityTimeout = peer.DefaultActivityTimeout
	}
	if c.PongTimeout == 0 {
		c.PongTimeout = peer.DefaultPongTimeout
	}
	if c.WriteTimeout == 0 {
		c.WriteTimeout = DefaultWriteTimeout
	}
	if c.HandshakeTimeout == 0 {
		c.HandshakeTimeout = DefaultHandshakeTimeout
	}
	return c
}

// size sets what may come in one message, and what may wait for one connection,
// from the configuration or else from the applications, which have no zeros.
func (b *Broker) size(apps []App) {
	largest := int64(0)
	for i := range apps {
		largest = max(largest, int64(apps[i].MaxEventData))
	}
	b.maxMessage.Store(cmp.Or(int64(b.config.MaxMessage), min(max(DefaultMaxMessage, 6*largest+envelope), mostBytes)))
	b.queueBytes.Store(cmp.Or(int64(b.config.QueueBytes), min(max(DefaultQueueBytes, 6*largest), mostBytes)))
}
