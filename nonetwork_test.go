package thimble_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

// ones is a source of randomness with which a delay is neither nothing nor all
// that it may be.
type ones struct{}

func (ones) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 1
	}
	return len(b), nil
}

// nameless is a resolver whose name server knows no name at all.
func nameless(t testing.TB) *net.Resolver {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			if n > 4 {
				b[2], b[3] = 0x81, 0x83 // an answer: there is no such name
				_, _ = server.WriteTo(b[:n], from)
			}
		}
	}()
	t.Cleanup(func() { server.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// TestNoNetwork checks what the user is told when there is no way to the
// server: where it was to be, why there is none, what to do about it, and when it
// is tried again.
func TestNoNetwork(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, host, want, advice string
		dial                     func(ctx context.Context, network, address string) (net.Conn, error)
	}{
		{"refused", "127.0.0.1:1", "connection refused", "check Host", nil},
		{"unknown host", "nobody.invalid:443", "lookup nobody.invalid", "check Cluster or Host", (&net.Dialer{Resolver: nameless(t)}).DialContext},
		{"no name server", "nobody.invalid:443", "connection refused", "check this machine's network", func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "read udp 127.0.0.1:53: connection refused", Name: "nobody"}}
		}},
		{"no route", "192.0.2.1:443", "network is unreachable", "check this machine's network", func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
		}},
		{"an error of the dialler's own", "example.com:443", "no such access point", "", func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("no such access point")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, thimble.Config{Key: "key", Host: test.host, Plaintext: true, Dial: test.dial, Entropy: ones{}})
			changes, errs := states(client), failures(client)
			run(t, client)
			err := waitFor(t, "the failure", errs)
			var typed *thimble.ConnectError
			if !errors.As(err, &typed) || typed.Address != test.host || typed.Retry <= 0 || typed.Retry > time.Second {
				t.Fatalf("failed with %#v", err)
			}
			text := err.Error()
			if !strings.HasPrefix(text, "thimble: no connection to "+test.host+": ") || !strings.Contains(text, test.want) || !advised(text, test.advice) || strings.Count(text, test.host) > addresses {
				t.Errorf("the text is %q", text)
			}
			client.Disconnect() // also while it waits for the next attempt
			reach(t, changes, thimble.StateDisconnected)
		})
	}
}

// TestNetworkComesAndGoes closes and opens the way to the server again and
// again.
func TestNetworkComesAndGoes(t *testing.T) {
	t.Parallel()
	for name, drive := range map[string]func(testing.TB, *thimble.Client){"Run": runs, "Poll": loop} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, manner{d: dialects[0]})
			p := newProxy(t, s.host(), fair)
			cfg := s.eager()
			cfg.Host = p.host()
			cfg.Authorizer = tokens("")
			client := newClient(t, cfg)
			changes := states(client)
			errs := make(chan error, 1) // there are a lot, without a delay in between
			client.OnError(func(err error) {
				select {
				case errs <- err:
				default:
				}
			})
			client.Subscribe("a")
			client.Subscribe("private-a")
			drive(t, client)
			for range 5 {
				reach(t, changes, thimble.StateConnected)
				s.settles(map[string]bool{"a": true, "private-a": true})
				p.hide(true)
				p.cut(reset)
				if c := reach(t, changes, thimble.StateConnecting); c.Err == nil {
					t.Errorf("the loss is told as %+v", c)
				}
				for range 3 {
					waitFor(t, "an attempt that fails", errs)
				}
				p.hide(false)
			}
		})
	}
}

// TestDialPanics has a Dial, a TLS and a Network that panic: the client goes
// on trying, and says why.
func TestDialPanics(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for name, change := range map[string]func(*thimble.Config, func()){
		"dial": func(cfg *thimble.Config, first func()) {
			dial := cfg.Dial
			cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				first()
				if dial != nil {
					return dial(ctx, network, address)
				}
				var d net.Dialer
				return d.DialContext(ctx, network, address)
			}
		},
		"network": func(cfg *thimble.Config, first func()) { cfg.Network = &panicNetwork{first} },
	} {
		cfg := f.config()
		panicked := false
		change(&cfg, func() {
			if !panicked {
				panicked = true
				panic("oops")
			}
		})
		client := newClient(t, cfg)
		told := make(chan error, 10)
		client.OnError(func(err error) { told <- err })
		run(t, client)
		var why *thimble.PanicError
		if err := waitFor(t, "the error", told); !errors.As(err, &why) || why.Value != "oops" {
			t.Errorf("%s: got %v", name, err)
		}
		f.accept("1.1")
	}
}

type panicNetwork struct{ first func() }

func (n *panicNetwork) Up(context.Context) error { n.first(); return nil }
func (n *panicNetwork) Lost(error)               {}
