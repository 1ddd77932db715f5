package thimble_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/thimble-go/thimble"
)

// TestSwitch goes to another server with another key: channels and handlers
// stay.
func TestSwitch(t *testing.T) {
	t.Parallel()
	one, two := newFake(t), newFake(t)
	cfg := one.eager()
	cfg.Authorizer = tokens("")
	client := newClient(t, cfg)
	got := events(client.Subscribe("private-a").Bind, "e")
	r := run(t, client)
	p := one.accept("1.1")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:1.1"}}`)
	p.confirm("private-a", "{}")
	p.event("e", "private-a", "1")
	waitFor(t, "the event", got)

	for _, bad := range []thimble.Server{{Path: "/x"}, {Plaintext: true}, {Key: "?"}, {Host: "http://x"}, {Host: "h", Path: "x"}, {Key: "?", Cluster: "eu"}, {Cluster: "e/u"}} {
		if err := client.Switch(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	if err := client.Switch(thimble.Server{Key: "other", Host: two.host(), Plaintext: true}); err != nil {
		t.Fatal(err)
	}
	if code := p.closed(); code != 1000 {
		t.Errorf("the first server is left with code %d", code)
	}
	q := two.accept("2.2")
	if !strings.Contains(q.request, "/app/other?") {
		t.Errorf("asked for %s", q.request)
	}
	q.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:2.2"}}`)
	q.confirm("private-a", "{}")
	q.event("e", "private-a", "2")
	if e := waitFor(t, "the event", got); e.Text != "2" {
		t.Errorf("got %s", e.Text)
	}
	client.Disconnect()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
}

// TestSwitchOfTheKeyAlone stays with the server, whatever says which that is.
func TestSwitchOfTheKeyAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		set  func(*thimble.Config, *fake)
		path string
	}{
		{"host and path", func(c *thimble.Config, _ *fake) { c.Path = "/below" }, "/below/app/"},
		{"cluster", func(c *thimble.Config, f *fake) {
			c.Host, c.Cluster = "", "eu"
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if address != "ws-eu.pusher.com:80" {
					t.Errorf("dials %s", address)
				}
				return new(net.Dialer).DialContext(ctx, network, f.host())
			}
		}, "/app/"},
	} {
		f := newFake(t)
		cfg := f.eager()
		test.set(&cfg, f)
		client := newClient(t, cfg)
		r := run(t, client)
		for _, key := range []string{"key", "other.key", "other.key"} {
			p := f.accept("1.1")
			if want := test.path + key + "?"; !strings.Contains(p.request, want) {
				t.Errorf("%s: asked for %s, want %s", test.name, p.request, want)
			}
			to := thimble.Server{Key: "other.key"}
			if key == to.Key {
				to.Key = "" // and so the same again
			}
			if err := client.Switch(to); err != nil {
				t.Fatal(err)
			}
			p.closed()
		}
		client.Disconnect()
		if err := r.wait(); err != nil {
			t.Error(err)
		}
	}
}

// TestSwitchFromAWrongKey mends what the server has refused.
func TestSwitchFromAWrongKey(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.eager())
	r := run(t, client)
	f.upgraded().closeWith(4001, "no such app")
	var refused *thimble.CloseError
	if err := r.wait(); !errors.As(err, &refused) || refused.Code != 4001 {
		t.Fatalf("got %v", err)
	}
	if err := client.Switch(thimble.Server{Key: "right", Host: f.host(), Plaintext: true}); err != nil {
		t.Fatal(err)
	}
	run(t, client)
	if p := f.accept("1.1"); !strings.Contains(p.request, "/app/right?") {
		t.Errorf("asked for %s", p.request)
	}
}

// TestAttempts gives up when it is told to.
func TestAttempts(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.eager()
	cfg.Attempts = 3
	dials := 0
	unreachable := errors.New("no way there")
	cfg.Dial = func(context.Context, string, string) (net.Conn, error) {
		dials++
		return nil, unreachable
	}
	client := newClient(t, cfg)
	err := run(t, client).wait()
	var gaveUp *thimble.AttemptsError
	if !errors.As(err, &gaveUp) || gaveUp.Attempts != 3 || dials != 3 || !errors.Is(err, unreachable) {
		t.Errorf("%d dials, %v", dials, err)
	}
	if client.State() != thimble.StateFailed {
		t.Errorf("the state is %s", client.State())
	}
}

// station is a Wi-Fi that is not there at first.
type station struct {
	up   chan error
	lost chan error
}

func (s *station) Up(ctx context.Context) error {
	select {
	case err := <-s.up:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *station) Lost(err error) { s.lost <- err }

// TestNetwork brings the link up before dialling, and is told of doubts.
func TestNetwork(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	link := &station{make(chan error), make(chan error, 10)}
	cfg := f.eager()
	cfg.Network = link
	client := newClient(t, cfg)
	errs := failures(client)
	run(t, client)
	noStation := errors.New("no such access point")
	link.up <- noStation
	if err := waitFor(t, "the failure", errs); !errors.Is(err, noStation) {
		t.Errorf("got %v", err)
	}
	if err := waitFor(t, "Lost", link.lost); err != noStation {
		t.Errorf("Lost(%v)", err)
	}
	link.up <- nil
	p := f.accept("1.1")
	p.closeWith(4200, "restart") // the server speaks: nothing is wrong with the link
	link.up <- nil
	p = f.accept("2.2")
	p.conn.Close()
	link.up <- nil
	f.accept("3.3")
	if err := waitFor(t, "Lost", link.lost); err == nil || strings.Contains(err.Error(), "4200") {
		t.Errorf("Lost(%v)", err)
	}
}
