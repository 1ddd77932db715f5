package broker

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/thimble-go/thimble/channelauth"
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

	// MaxMessage bounds, in bytes, one message from a client; a longer one
	// closes its connection with 1009. Zero means 64 KiB, or what the largest
	// MaxEventData of the Apps takes at most, if that is more.
	MaxMessage int

	// QueueBytes is how much, in bytes, should at most wait to be sent to one
	// connection. A client for whom more waits is closed with 4100 if it has
	// taken nothing for a second, or once 32 times as much waits: a burst is no
	// proof that it is slow. Zero means 256 KiB, or what the largest
	// MaxEventData of the Apps takes at most, if that is more.
	QueueBytes int

	// MaxConnections is how many connections there may be; one more is refused
	// with 4100. Zero means no cap.
	MaxConnections int
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

	// MaxEventData bounds the data of one event in bytes; what has more is
	// refused with status 413, or error 4301. Zero means 10 KiB.
	MaxEventData int
}

// String names the application and hides the secret.
func (a App) String() string { return "broker.App{ID:" + a.ID + " Key:" + a.Key + "}" }

// GoString is for the verb %#v, which would show the secret otherwise.
func (a App) GoString() string { return a.String() }

// LogValue keeps the secret out of structured logs.
func (a App) LogValue() slog.Value { return slog.StringValue(a.String()) }

func (c Config) validate() error {
	if len(c.Apps) == 0 {
		return fmt.Errorf("%w: Apps is empty; give it an App with an ID, a Key and a Secret", ErrConfig)
	}
	ids, keys := make(map[string]bool), make(map[string]bool)
	for i, app := range c.Apps {
		if err := app.validate(); err != nil {
			return fmt.Errorf("%w: Apps[%d]: %w", ErrConfig, i, err)
		}
		if ids[app.ID] {
			return fmt.Errorf("%w: Apps[%d]: another app has the ID %q already", ErrConfig, i, app.ID)
		}
		if keys[app.Key] {
			return fmt.Errorf("%w: Apps[%d]: another app has the Key %q already", ErrConfig, i, app.Key)
		}
		ids[app.ID], keys[app.Key] = true, true
	}
	if c.ActivityTimeout != 0 && c.ActivityTimeout < time.Second {
		return fmt.Errorf("%w: ActivityTimeout is %v; use at least 1s, or zero for %v", ErrConfig, c.ActivityTimeout, peer.DefaultActivityTimeout)
	}
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"PongTimeout", int64(c.PongTimeout)},
		{"HandshakeTimeout", int64(c.HandshakeTimeout)},
		{"MaxMessage", int64(c.MaxMessage)},
		{"QueueBytes", int64(c.QueueBytes)},
		{"MaxConnections", int64(c.MaxConnections)},
	} {
		if limit.value < 0 {
			return fmt.Errorf("%w: %s is negative; use zero for its default", ErrConfig, limit.name)
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
	case a.Key == "":
		return fmt.Errorf("the Key is empty; clients connect to /app/{Key}")
	case strings.ContainsAny(a.Key, "/:"):
		return fmt.Errorf("the Key %q has a slash or a colon; it is one part of a path and of a token", a.Key)
	case a.Secret == "":
		return fmt.Errorf("the Secret is empty; with it everybody could sign")
	}
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"MaxEventData", int64(a.MaxEventData)},
		{"AuthorizeWithin", int64(a.AuthorizeWithin)},
		{"CacheTTL", int64(a.CacheTTL)},
		{"CacheBytes", int64(a.CacheBytes)},
	} {
		if limit.value < 0 {
			return fmt.Errorf("%s is negative; use zero for its default", limit.name)
		}
	}
	return nil
}

// withDefaults returns c with every zero replaced by what it means.
func (c Config) withDefaults() Config {
	largest := 0
	apps := append([]App(nil), c.Apps...)
	for i := range apps {
		if apps[i].MaxEventData == 0 {
			apps[i].MaxEventData = DefaultMaxEventData
		}
		if apps[i].CacheTTL == 0 {
			apps[i].CacheTTL = DefaultCacheTTL
		}
		if apps[i].CacheBytes == 0 {
			apps[i].CacheBytes = DefaultCacheBytes
		}
		largest = max(largest, apps[i].MaxEventData)
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
	if c.HandshakeTimeout == 0 {
		c.HandshakeTimeout = DefaultHandshakeTimeout
	}
	if c.MaxMessage == 0 {
		c.MaxMessage = max(DefaultMaxMessage, 6*largest+envelope)
	}
	if c.QueueBytes == 0 {
		c.QueueBytes = max(DefaultQueueBytes, 6*largest)
	}
	return c
}

// settings are what the connections of an application have in common.
func (c *Config) settings(app App) *peer.Settings {
	s := peer.Settings{
		Signers:         []channelauth.Signer{{Key: app.Key, Secret: app.Secret}},
		ClientEvents:    app.ClientEvents,
		MaxEventData:    app.MaxEventData,
		MaxMessage:      c.MaxMessage,
		ActivityTimeout: c.ActivityTimeout,
		PongTimeout:     c.PongTimeout,
		AuthorizeWithin: app.AuthorizeWithin,
	}.WithDefaults()
	return &s
}
