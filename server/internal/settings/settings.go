package settings

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/thimble-go/thimble/server/broker"
)

// Settings are what the file holds. A zero means the default.
type Settings struct {
	Listen    string `toml:"listen" comment:"host:port to listen on"`
	LogLevel  string `toml:"log_level" comment:"debug, info, warn or error"`
	LogFormat string `toml:"log_format" comment:"text or json"`

	MetricsListen string `toml:"metrics_listen" comment:"host:port for /metrics of Prometheus, with /healthz and /readyz; whoever reaches it can read it, so keep it private; empty: none"`

	ActivityTimeout     Duration `toml:"activity_timeout" comment:"how long a client may be silent before it is pinged"`
	PongTimeout         Duration `toml:"pong_timeout" comment:"how long a pinged client may stay silent"`
	WriteTimeout        Duration `toml:"write_timeout" comment:"how long a client that has stopped reading may hold up what is written to it"`
	HandshakeTimeout    Duration `toml:"handshake_timeout" comment:"how long a client may take to send the head of its request"`
	ShutdownTimeout     Duration `toml:"shutdown_timeout" comment:"how long clients may take to go when the broker ends"`
	MaxMessage          int      `toml:"max_message" comment:"bytes of one message from a client; at least 4096; 0: as the apps need it, at least 65536"`
	QueueBytes          int      `toml:"queue_bytes" comment:"bytes that should at most wait for one client; at least 4096; 0: as the apps need it, at least 262144"`
	Drain               Duration `toml:"drain" comment:"over how long the broker, when it ends, spreads the closing of connections"`
	DrainCode           int      `toml:"drain_code" comment:"what it closes them with: 4100 where the same broker comes back, 4200 where others behind the same address go on"`
	AcceptRate          int      `toml:"accept_rate" comment:"connections that are accepted in a second, requests included; 0: no cap"`
	MaxConnections      int      `toml:"max_connections" comment:"of all apps; 0: as many as the limit of open files allows"`
	MaxConnectionsPerIP int      `toml:"max_connections_per_ip" comment:"0: no cap"`
	TrustedProxies      []Prefix `toml:"trusted_proxies" comment:"addresses, or networks like 10.0.0.0/8, that are believed what they say in X-Forwarded-For and X-Forwarded-Proto"`

	WebhookQueue      string `toml:"webhook_queue" comment:"file for the webhooks that wait, so that they survive the end of the process; empty: in memory only"`
	WebhookQueueBytes int    `toml:"webhook_queue_bytes" comment:"that may wait for one endpoint"`

	TLS     TLS     `toml:"tls" comment:"TLS on the same port; both files are read again when they change"`
	Console Console `toml:"console" comment:"a page at /console that shows what happens and publishes events; none without a password"`

	Apps []App `toml:"apps"`
}

// TLS are the files of a certificate.
type TLS struct {
	Certificate string `toml:"certificate" comment:"file, PEM, with the certificates in between"`
	Key         string `toml:"key" comment:"file, PEM"`

	ACMEDomains   []string `toml:"acme_domains" comment:"names to get certificates for from an ACME authority, whose terms are accepted with that; in place of certificate and key"`
	ACMECache     string   `toml:"acme_cache" comment:"directory for these certificates and their keys; empty: acme in the directory that systemd gives"`
	ACMEEmail     string   `toml:"acme_email" comment:"where the authority writes to"`
	ACMEDirectory string   `toml:"acme_directory" comment:"address of the authority; empty: Let's Encrypt"`
	ACMECA        string   `toml:"acme_ca" comment:"file, PEM, with who has signed the authority's own certificate; empty: whom the system trusts"`
	ACMEHTTP      string   `toml:"acme_http" comment:"host:port, port 80 as seen from outside, for challenges over HTTP; empty: over TLS, on port 443 as seen from outside"`
}

// Defaults sets where certificates are kept, if nobody says so: dir, unless it
// is empty.
func (t *TLS) Defaults(dir string) {
	if len(t.ACMEDomains) > 0 && t.ACMECache == "" {
		t.ACMECache = dir
	}
}

// On says whether there is TLS.
func (t *TLS) On() bool { return t.Certificate != "" || len(t.ACMEDomains) > 0 }

func (t *TLS) check() error {
	switch {
	case (t.Certificate == "") != (t.Key == ""):
		return errors.New("tls takes both certificate and key, or neither")
	case t.Certificate != "" && len(t.ACMEDomains) > 0:
		return errors.New("tls takes either certificate and key, or acme_domains")
	case len(t.ACMEDomains) > 0 && t.ACMECache == "":
		return errors.New("tls takes acme_cache with acme_domains: without it each start would ask for new certificates, until the authority gives none")
	case len(t.ACMEDomains) == 0 && t.ACMECache+t.ACMEEmail+t.ACMEDirectory+t.ACMECA+t.ACMEHTTP != "":
		return errors.New("tls has settings of ACME without acme_domains")
	}
	return nil
}

// Console is who may open the console.
type Console struct {
	Password string `toml:"password" comment:"at least 8 characters, best many more"`
}

// App is an application.
type App struct {
	ID     string `toml:"id"`
	Key    string `toml:"key"`
	Secret string `toml:"secret"`
	Keys   []Key  `toml:"keys" comment:"more keys that count beside the first"`

	Webhooks []Webhook `toml:"webhooks" comment:"addresses that are told what happens"`

	Disabled           bool     `toml:"disabled" comment:"refuse everybody"`
	ClientEvents       bool     `toml:"client_events" comment:"let clients send events to each other"`
	SubscriptionCounts bool     `toml:"subscription_counts" comment:"tell those on a channel how many they are"`
	Watchlists         bool     `toml:"watchlists" comment:"tell signed-in users who of their watchlist comes and goes"`
	TLSOnly            bool     `toml:"tls_only" comment:"refuse connections without TLS"`
	Origins            []string `toml:"origins" comment:"pages that may connect, such as https://example.com or *.example.com; none: all"`
	AuthorizeWithin    Duration `toml:"authorize_within" comment:"how long a client may take until it has signed in or joined a private channel; 0: for ever"`
	CacheTTL           Duration `toml:"cache_ttl" comment:"how long cache channels keep their last event"`
	CacheBytes         int      `toml:"cache_bytes" comment:"memory for these events"`
	MaxConnections     int      `toml:"max_connections" comment:"0: no cap"`
	MaxSubscriptions   int      `toml:"max_subscriptions" comment:"channels of one connection"`
	MaxMembers         int      `toml:"max_members" comment:"users of a presence channel"`
	MaxEventData       int      `toml:"max_event_data" comment:"bytes of the data of one event"`
	ClientEventRate    int      `toml:"client_event_rate" comment:"client events of a connection in a second"`
	RequestRate        int      `toml:"request_rate" comment:"requests of the HTTP API in a second; 0: no cap"`
}

// Webhook is an address that is told what happens on an application's channels.
type Webhook struct {
	URL           string            `toml:"url" comment:"http or https"`
	Events        []string          `toml:"events" comment:"none: all of channel_occupied, channel_vacated, member_added, member_removed, client_event, cache_miss, subscription_count"`
	ChannelPrefix string            `toml:"channel_prefix" comment:"only of channels whose names begin with this"`
	ChannelSuffix string            `toml:"channel_suffix" comment:"only of channels whose names end with this"`
	Headers       map[string]string `toml:"headers" comment:"more fields of the requests, such as { Authorization = \"Bearer TOKEN\" }"`
	Batch         bool              `toml:"batch" comment:"several events in one request, while many wait"`
	Timeout       Duration          `toml:"timeout" comment:"of one request"`
}

// Key is a further key of an application.
type Key struct {
	Key    string `toml:"key"`
	Secret string `toml:"secret"`
}

// Duration is one like "90s" or "1h30m". It is no integer type, into which the
// library would read a number without a unit, as nanoseconds.
type Duration struct{ time.Duration }

// Prefix is an address, or a network.
type Prefix netip.Prefix

var (
	_ encoding.TextUnmarshaler = (*Duration)(nil)
	_ encoding.TextUnmarshaler = (*Prefix)(nil)
)

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration: write 90s, or 1h30m", text)
	}
	d.Duration = v
	return nil
}

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads it.
func (p *Prefix) UnmarshalText(text []byte) error {
	if address, err := netip.ParseAddr(string(text)); err == nil {
		address = address.Unmap()
		*p = Prefix(netip.PrefixFrom(address, address.BitLen()))
		return nil
	}
	v, err := netip.ParsePrefix(string(text))
	if err != nil {
		return fmt.Errorf("%q is no address and no network: write 10.0.0.1, or 10.0.0.0/8", text)
	}
	*p = Prefix(v.Masked())
	return nil
}

// MarshalText writes it.
func (p Prefix) MarshalText() ([]byte, error) { return netip.Prefix(p).MarshalText() }

// Default returns what counts where nobody says anything.
func Default() Settings {
	return Settings{
		Listen:           "127.0.0.1:6001",
		LogLevel:         "info",
		LogFormat:        "text",
		ActivityTimeout:  Duration{120 * time.Second},
		PongTimeout:      Duration{30 * time.Second},
		WriteTimeout:     Duration{broker.DefaultWriteTimeout},
		HandshakeTimeout: Duration{broker.DefaultHandshakeTimeout},
		ShutdownTimeout:  Duration{700 * time.Millisecond},
		DrainCode:        broker.DefaultDrainCode,

		WebhookQueueBytes: broker.DefaultWebhookQueueBytes,
	}
}

// Check says what is wrong with the settings, in the names of the file.
func (s *Settings) Check() error {
	switch s.LogLevel {
	case "debug", "info", "warn", "error":
	default:
		return fmt.Errorf("log_level is %q; it is one of debug, info, warn, error", s.LogLevel)
	}
	if s.LogFormat != "text" && s.LogFormat != "json" {
		return fmt.Errorf("log_format is %q; it is text or json", s.LogFormat)
	}
	for _, where := range []struct{ name, address string }{
		{"listen", s.Listen}, {"metrics_listen", s.MetricsListen}, {"tls.acme_http", s.TLS.ACMEHTTP},
	} {
		if where.address == "" && where.name != "listen" {
			continue
		}
		_, port, err := net.SplitHostPort(where.address)
		if err == nil {
			_, err = net.LookupPort("tcp", port)
		}
		if err != nil {
			return fmt.Errorf("%s: %q is no host:port, such as 127.0.0.1:6001", where.name, where.address)
		}
	}
	if err := s.TLS.check(); err != nil {
		return err
	}
	if s.ShutdownTimeout.Duration < 0 {
		return errors.New("shutdown_timeout is negative")
	}
	if len(s.Apps) == 0 {
		return errors.New("there is no app: add [[apps]] with id, key and secret")
	}
	return inFile(s.Broker().Validate())
}

// Notes are what is no mistake for certain, and can hardly be meant.
func (s *Settings) Notes() []string {
	var notes []string
	for i := range s.Apps {
		a := &s.Apps[i]
		if data := cmp.Or(a.MaxEventData, broker.DefaultMaxEventData); a.ClientEvents && s.MaxMessage != 0 && s.MaxMessage <= data {
			notes = append(notes, fmt.Sprintf("max_message is %d, and the app %q takes client events with %d bytes of data: who sends such a one is cut off with 1009; leave max_message out, and it is as large as the apps need it", s.MaxMessage, a.ID, data))
		}
	}
	return notes
}

// Broker returns what a broker is to be made of.
func (s *Settings) Broker() broker.Config {
	c := broker.Config{
		ActivityTimeout:     s.ActivityTimeout.Duration,
		PongTimeout:         s.PongTimeout.Duration,
		WriteTimeout:        s.WriteTimeout.Duration,
		HandshakeTimeout:    s.HandshakeTimeout.Duration,
		MaxMessage:          s.MaxMessage,
		QueueBytes:          s.QueueBytes,
		MaxConnections:      s.MaxConnections,
		AcceptRate:          s.AcceptRate,
		Drain:               s.Drain.Duration,
		DrainCode:           s.DrainCode,
		MaxConnectionsPerIP: s.MaxConnectionsPerIP,
		WebhookQueue:        s.WebhookQueue,
		WebhookQueueBytes:   s.WebhookQueueBytes,
		Console:             broker.Console{Password: s.Console.Password},
	}
	for _, p := range s.TrustedProxies {
		c.TrustedProxies = append(c.TrustedProxies, netip.Prefix(p))
	}
	for i := range s.Apps {
		c.Apps = append(c.Apps, s.Apps[i].broker())
	}
	return c
}

func (a *App) broker() broker.App {
	b := broker.App{
		ID:                 a.ID,
		Key:                a.Key,
		Secret:             a.Secret,
		Disabled:           a.Disabled,
		ClientEvents:       a.ClientEvents,
		SubscriptionCounts: a.SubscriptionCounts,
		Watchlists:         a.Watchlists,
		TLSOnly:            a.TLSOnly,
		Origins:            a.Origins,
		AuthorizeWithin:    a.AuthorizeWithin.Duration,
		CacheTTL:           a.CacheTTL.Duration,
		CacheBytes:         a.CacheBytes,
		MaxConnections:     a.MaxConnections,
		MaxSubscriptions:   a.MaxSubscriptions,
		MaxMembers:         a.MaxMembers,
		MaxEventData:       a.MaxEventData,
		ClientEventRate:    a.ClientEventRate,
		RequestRate:        a.RequestRate,
	}
	for _, k := range a.Keys {
		b.MoreKeys = append(b.MoreKeys, broker.Key(k))
	}
	for _, w := range a.Webhooks {
		b.Webhooks = append(b.Webhooks, broker.Webhook{
			URL:           w.URL,
			Events:        w.Events,
			ChannelPrefix: w.ChannelPrefix,
			ChannelSuffix: w.ChannelSuffix,
			Headers:       w.Headers,
			Batch:         w.Batch,
			Timeout:       w.Timeout.Duration,
		})
	}
	return b
}

// String tells nothing: secrets are in there.
func (s Settings) String() string { return fmt.Sprintf("settings of %d apps", len(s.Apps)) }

// GoString is for the verb %#v.
func (s Settings) GoString() string { return s.String() }
