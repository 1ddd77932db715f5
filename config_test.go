package thimble_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	ok := func(set func(*thimble.Config)) thimble.Config {
		cfg := thimble.Config{Key: "key", Host: "example.com", Plaintext: true}
		set(&cfg)
		return cfg
	}
	for _, test := range []struct {
		name   string
		config thimble.Config
		fails  string // part of the text; empty: it is fine
	}{
		{"nothing", thimble.Config{}, "Config.Key"},
		{"no host", thimble.Config{Key: "key", Plaintext: true}, "Config.Cluster"},
		{"cluster", thimble.Config{Key: "key", Cluster: "eu", Plaintext: true}, ""},
		{"cluster with a dot", thimble.Config{Key: "key", Cluster: "eu.example.com", Plaintext: true}, "Config.Cluster"},
		{"all that keys have", ok(func(c *thimble.Config) { c.Key = "azAZ09-_.~:" }), ""},
		{"key that a path would lose", ok(func(c *thimble.Config) { c.Key = "." }), "Config.Key"},
		{"key that leads up", ok(func(c *thimble.Config) { c.Key = ".." }), "Config.Key"},
		{"key with a space", ok(func(c *thimble.Config) { c.Key = "a b" }), "Config.Key"},
		{"key with a percent sign", ok(func(c *thimble.Config) { c.Key = "a%2e" }), "Config.Key"},
		{"key with a control character", ok(func(c *thimble.Config) { c.Key = "a\x7f" }), "Config.Key"},
		{"key with a bracket", ok(func(c *thimble.Config) { c.Key = "a[" }), "Config.Key"},
		{"key with an at sign", ok(func(c *thimble.Config) { c.Key = "a@" }), "Config.Key"},
		{"key with a backquote", ok(func(c *thimble.Config) { c.Key = "a`" }), "Config.Key"},
		{"key with a brace", ok(func(c *thimble.Config) { c.Key = "a{" }), "Config.Key"},
		{"key with a slash", ok(func(c *thimble.Config) { c.Key = "a/b" }), "Config.Key"},
		{"key with a question mark", ok(func(c *thimble.Config) { c.Key = "a?b" }), "Config.Key"},
		{"key with a line", ok(func(c *thimble.Config) { c.Key = "a\r\nX: y" }), "Config.Key"},
		{"host and port", ok(func(c *thimble.Config) { c.Host = "127.0.0.1:6001" }), ""},
		{"IPv6", ok(func(c *thimble.Config) { c.Host = "[::1]" }), ""},
		{"IPv6 and port", ok(func(c *thimble.Config) { c.Host = "[::1]:6001" }), ""},
		{"IPv6 without brackets", ok(func(c *thimble.Config) { c.Host = "::1" }), "Config.Host"},
		{"IPv6 with a zone", ok(func(c *thimble.Config) { c.Host = "[fe80::1%eth0]:80" }), "Config.Host"},
		{"brackets around nothing", ok(func(c *thimble.Config) { c.Host = "[]" }), "Config.Host"},
		{"one bracket", ok(func(c *thimble.Config) { c.Host = "]" }), "Config.Host"},
		{"port and no host", ok(func(c *thimble.Config) { c.Host = ":6001" }), "Config.Host"},
		{"no port behind the colon", ok(func(c *thimble.Config) { c.Host = "example.com:" }), "Config.Host"},
		{"port 0", ok(func(c *thimble.Config) { c.Host = "example.com:0" }), "Config.Host"},
		{"port 65536", ok(func(c *thimble.Config) { c.Host = "example.com:65536" }), "Config.Host"},
		{"port by name", ok(func(c *thimble.Config) { c.Host = "example.com:https" }), "Config.Host"},
		{"URL", ok(func(c *thimble.Config) { c.Host = "wss://example.com" }), "Config.Host"},
		{"host and path", ok(func(c *thimble.Config) { c.Host = "example.com/x" }), "Config.Host"},
		{"host with a line", ok(func(c *thimble.Config) { c.Host = "example.com\r\nX: y" }), "Config.Host"},
		{"host with a space", ok(func(c *thimble.Config) { c.Host = "exam ple.com" }), "Config.Host"},
		{"host with a letter that needs punycode", ok(func(c *thimble.Config) { c.Host = "bücher.example" }), "Config.Host"},
		{"path", ok(func(c *thimble.Config) { c.Path = "/a/b%20c" }), ""},
		{"path without a slash", ok(func(c *thimble.Config) { c.Path = "a" }), "Config.Path"},
		{"path with a slash behind", ok(func(c *thimble.Config) { c.Path = "/a/" }), "Config.Path"},
		{"path with a query", ok(func(c *thimble.Config) { c.Path = "/a?b" }), "Config.Path"},
		{"path with a space", ok(func(c *thimble.Config) { c.Path = "/a b" }), "Config.Path"},
		{"path with a lone percent sign", ok(func(c *thimble.Config) { c.Path = "/a%zz" }), "Config.Path"},
		{"path with a quote", ok(func(c *thimble.Config) { c.Path = `/a"` }), "Config.Path"},
		{"negative size", ok(func(c *thimble.Config) { c.ReadBuffer = -1 }), "size"},
		{"the largest buffer", ok(func(c *thimble.Config) { c.ReadBuffer = 16 << 20 }), ""},
		{"a larger buffer", ok(func(c *thimble.Config) { c.ReadBuffer = 16<<20 + 1 }), "ReadBuffer"},
		{"a pointer to an endpoint", ok(func(c *thimble.Config) { c.Authorizer, c.UserAuthorizer = new(thimble.Endpoint), new(thimble.Endpoint) }), ""},
		{"negative limit", ok(func(c *thimble.Config) { c.MaxMessage = -1 }), "size"},
		{"negative queue", ok(func(c *thimble.Config) { c.Queue = -1 }), "size"},
		{"negative backlog", ok(func(c *thimble.Config) { c.Backlog = -1 }), "size"},
		{"negative attempts", ok(func(c *thimble.Config) { c.Attempts = -1 }), "size"},
		{"negative members", ok(func(c *thimble.Config) { c.MaxMembers = -1 }), "size"},
		{"negative timeout", ok(func(c *thimble.Config) { c.AuthTimeout = -1 }), "timeout"},
		{"negative wait", ok(func(c *thimble.Config) { c.PollWait = -1 }), "timeout"},
		{"activity below a second", ok(func(c *thimble.Config) { c.ActivityTimeout = time.Second - 1 }), "timeout"},
		{"pong below a second", ok(func(c *thimble.Config) { c.PongTimeout = time.Millisecond }), "timeout"},
		{"a second", ok(func(c *thimble.Config) { c.ActivityTimeout, c.PongTimeout = time.Second, time.Second }), ""},
		{"no randomness", ok(func(c *thimble.Config) { c.Entropy = strings.NewReader("") }), "randomness"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, err := thimble.New(test.config)
			switch {
			case test.fails == "" && err != nil:
				t.Error(err)
			case test.fails != "" && (err == nil || client != nil || !strings.Contains(err.Error(), test.fails) || !strings.HasPrefix(err.Error(), "thimble: ")):
				t.Errorf("got %v, which does not name %q", err, test.fails)
			}
		})
	}
}

// TestAddresses checks where a client goes, and that it says so.
func TestAddresses(t *testing.T) {
	t.Parallel()
	passed := func(_ context.Context, conn net.Conn, _ string) (net.Conn, error) { return conn, nil }
	for _, test := range []struct {
		name    string
		config  thimble.Config
		address string
	}{
		{"cluster", thimble.Config{Key: "k", Cluster: "eu", TLS: passed}, "ws-eu.pusher.com:443"},
		{"cluster, plaintext", thimble.Config{Key: "k", Cluster: "mt1", Plaintext: true}, "ws-mt1.pusher.com:80"},
		{"host wins", thimble.Config{Key: "k", Cluster: "eu", Host: "example.com", TLS: passed}, "example.com:443"},
		{"port", thimble.Config{Key: "k", Host: "example.com:6001", Plaintext: true}, "example.com:6001"},
		{"IPv6", thimble.Config{Key: "k", Host: "[::1]", Plaintext: true}, "[::1]:80"},
		{"IPv6 and port", thimble.Config{Key: "k", Host: "[::1]:6001", TLS: passed}, "[::1]:6001"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dialled := make(chan string, 1)
			test.config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				select {
				case dialled <- network + " " + address:
				default:
				}
				<-ctx.Done()
				return nil, ctx.Err()
			}
			run(t, newClient(t, test.config))
			if got := waitFor(t, "the address", dialled); got != "tcp "+test.address {
				t.Errorf("dialled %s", got)
			}
		})
	}
}

// TestTLSLayer checks that a TLS layer of the user's own is what stands
// between, and that its failure is told.
func TestTLSLayer(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	refused := errors.New("not this one")
	var names []string
	client := newClient(t, thimble.Config{Key: "k", Host: f.host(), TLS: func(_ context.Context, conn net.Conn, name string) (net.Conn, error) {
		if names = append(names, name); len(names) == 1 {
			return nil, refused
		}
		return conn, nil
	}})
	errs := failures(client)
	r := run(t, client)
	if _, err := f.tcp().Read(make([]byte, 1)); err == nil {
		t.Error("the client talks without TLS")
	}
	if err := waitFor(t, "the failure", errs); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	f.accept("1.1")
	r.cancel()
	_ = r.wait()
	if names[0] != "127.0.0.1" {
		t.Errorf("the name to check is %q", names[0])
	}
}

// TestTLSLayerTakesItsTime has a TLS layer that wants to say goodbye to a peer
// that takes nothing, as crypto/tls does for seconds.
func TestTLSLayerTakesItsTime(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	raw := &closing{closed: make(chan struct{})}
	client := newClient(t, thimble.Config{
		Key: "k", Host: f.host(),
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			raw.Conn = conn
			return raw, err
		},
		TLS: func(_ context.Context, conn net.Conn, _ string) (net.Conn, error) {
			return lingering{conn, raw.closed}, nil
		},
	})
	changes := states(client)
	r := run(t, client)
	f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	client.Disconnect()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
}

// TestNoConnection has functions of the user return nothing at all.
func TestNoConnection(t *testing.T) {
	t.Parallel()
	for _, layer := range []string{"Dial", "TLS"} {
		f := newFake(t)
		raw := &closing{closed: make(chan struct{})}
		client := newClient(t, thimble.Config{
			Key: "k", Host: f.host(), Plaintext: layer == "Dial",
			Dial: func(_ context.Context, network, address string) (net.Conn, error) {
				if layer == "Dial" {
					return nil, nil
				}
				conn, err := net.Dial(network, address)
				raw.Conn = conn
				return raw, err
			},
			TLS: func(context.Context, net.Conn, string) (net.Conn, error) { return nil, nil },
		})
		errs := failures(client)
		run(t, client)
		if err := waitFor(t, "the failure", errs); !strings.Contains(err.Error(), "neither a connection nor an error") {
			t.Errorf("%s: got %v", layer, err)
		}
		if layer == "TLS" {
			waitFor(t, "the transport's end", raw.closed)
		}
		client.Disconnect()
	}
}

// closing tells when it is closed.
type closing struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (c *closing) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// lingering closes when what is below has been closed.
type lingering struct {
	net.Conn
	closed chan struct{}
}

func (l lingering) Close() error {
	<-l.closed
	return l.Conn.Close()
}
