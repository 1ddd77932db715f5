package thimble_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// TestDialects has every server's manner of saying things pass the same tests.
func TestDialects(t *testing.T) {
	t.Parallel()
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			for _, test := range []struct {
				name string
				run  func(t *testing.T, d *dialect)
			}{
				{"subscribes to all kinds", dialectKinds},
				{"comes back to all of them", dialectReturns},
				{"refuses one channel", dialectRefuses},
				{"has the subscription already", dialectAgain},
				{"pings", dialectPings},
				{"does not know the key", dialectUnknown},
				{"reproaches", dialectReproaches},
			} {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					test.run(t, d)
				})
			}
		})
	}
}

// kinds are the channels of a dialect's tests, and how many cache misses each
// is told of where the server tells at all.
var kinds = map[string]int{
	"public": 0, "private-a": 0, "presence-a": 0, "private-encrypted-a": 0,
	"cache-a": 1, "private-cache-a": 1, "presence-cache-a": 1, "private-encrypted-cache-a": 1,
}

// dialectClient is a client that wants the channels.
func dialectClient(t testing.TB, s *service, channels ...string) *thimble.Client {
	cfg := s.eager()
	cfg.Authorizer = thimble.AuthorizerFunc(func(ctx context.Context, req thimble.AuthRequest) (thimble.Token, error) {
		token, err := tokens(`{"user_id":"me"}`).Authorize(ctx, req)
		if wire.KindOf(req.Channel) == wire.Encrypted {
			token.SharedSecret = make([]byte, 32)
		}
		return token, err
	})
	client := newClient(t, cfg)
	for _, name := range channels {
		client.Subscribe(name)
	}
	return client
}

func dialectKinds(t *testing.T, d *dialect) {
	s := newService(t, manner{d: d})
	client := dialectClient(t, s)
	changes := states(client)
	misses := events(client.Bind, "pusher:cache_miss")
	errs := failures(client)
	confirmed := make(map[string]<-chan seen)
	told := 0
	for name, n := range kinds {
		ch := client.Channel(name)
		confirmed[name] = events(ch.Bind, thimble.EventSubscribed)
		ch.Subscribe()
		if d.cached(name) {
			told += n
		}
	}
	run(t, client)
	reach(t, changes, thimble.StateConnected)
	l := waitFor(t, "a connection", s.lines)
	for name := range kinds {
		waitFor(t, "the confirmation of "+name, confirmed[name])
		ch := client.Channel(name)
		if !ch.Subscribed() || ch.Err() != nil {
			t.Errorf("%s: subscribed %v, %v", name, ch.Subscribed(), ch.Err())
		}
		if wire.KindOf(name) != wire.Presence {
			continue
		}
		me, _ := ch.Member("me")
		bob, known := ch.Member("bob")
		if ch.MemberCount() != 2 || ch.Me() != "me" || me.Info != `{"name":"Me"}` || !known || len(bob.Info) > 2 {
			t.Errorf("%s: the members are %v, me is %q", name, ch.Members(), ch.Me())
		}
	}
	if id := client.SocketID(); id != l.id {
		t.Errorf("the socket id is %q, not %q", id, l.id)
	}
	if d.miss != "" {
		for range told {
			if e := waitFor(t, "a cache miss", misses); kinds[e.Channel] != 1 {
				t.Errorf("%s misses its cache", e.Channel)
			}
		}
	}
	select {
	case err := <-errs:
		t.Errorf("failed: %v", err)
	default:
	}
}

func dialectReturns(t *testing.T, d *dialect) {
	s := newService(t, manner{d: d})
	want := make(map[string]bool)
	for name := range kinds {
		want[name] = true
	}
	client := dialectClient(t, s)
	for name := range want {
		client.Subscribe(name)
	}
	run(t, client)
	for _, code := range []int{4200, 1001, websocket.CodeNoStatus} {
		l := waitFor(t, "a connection", s.lines)
		s.settles(want)
		l.raw(websocket.AppendClose(nil, code, "", nil))
	}
	waitFor(t, "a connection", s.lines)
	s.settles(want)
}

func dialectRefuses(t *testing.T, d *dialect) {
	s := newService(t, manner{d: d})
	client := dialectClient(t, s, "public")
	refused := client.Channel("private-refused")
	failed := events(refused.Bind, thimble.EventSubscriptionError)
	others := events(client.Bind, thimble.EventSubscriptionError)
	confirmed := events(client.Channel("private-a").Bind, thimble.EventSubscribed)
	changes := states(client)
	run(t, client)
	reach(t, changes, thimble.StateConnected)
	// Both are under way at once. Some servers' refusals name no channel, so
	// the one that is refused comes first, as it would over any network.
	client.SubscribeAuthorized("private-refused", thimble.Token{Auth: "key:" + client.SocketID()})
	client.SubscribeAuthorized("private-a", thimble.Token{Auth: "key:" + client.SocketID()})
	e := waitFor(t, "the refusal", failed)
	var typed *thimble.SubscriptionError
	var server *thimble.ServerError
	if !errors.As(e.Err, &typed) || typed.Channel != "private-refused" || typed.Retry != 0 || !errors.As(e.Err, &server) || server.Message == "" {
		t.Errorf("refused with %#v", e.Err)
	}
	waitFor(t, "the other subscription", confirmed)
	if refused.Subscribed() || refused.Err() == nil || client.State() != thimble.StateConnected {
		t.Errorf("subscribed %v, %v, %s", refused.Subscribed(), refused.Err(), client.State())
	}
	waitFor(t, "the refusal", others)
	select {
	case e := <-others:
		t.Errorf("%s is refused too: %v", e.Channel, e.Err)
	default:
	}
}

// dialectAgain has a server that believes a channel to be subscribed when the
// client asks for it, and says so in its way.
func dialectAgain(t *testing.T, d *dialect) {
	s := newService(t, manner{d: d})
	client := dialectClient(t, s)
	a := client.Channel("a")
	confirmed := events(a.Bind, thimble.EventSubscribed)
	got := events(a.Bind, "e")
	run(t, client)
	l := waitFor(t, "a connection", s.lines)
	l.note("a", true)
	a.Subscribe()
	waitFor(t, "the confirmation", confirmed)
	l.say(about(d.confirmed, l.id, "a")) // and once more, unasked
	l.event("e", "a", "x")
	waitFor(t, "the event", got)
	a.Subscribe() // nothing to do
	s.settles(map[string]bool{"a": true})
	select {
	case <-confirmed:
		t.Error("confirmed twice")
	default:
	}
}

func dialectPings(t *testing.T, d *dialect) {
	pongs := make(chan bool, 10)
	control := make(chan bool, 10)
	s := newService(t, manner{
		d: d,
		then: func(_ *line, event, _ string) {
			if event == "pusher:pong" {
				pongs <- true
			}
		},
		pong: func(payload string) { control <- payload == "are you there" },
	})
	client := dialectClient(t, s)
	all := events(client.Bind, "*")
	run(t, client)
	l := waitFor(t, "a connection", s.lines)
	for range 3 {
		d.pings(l)
		answer := (<-chan bool)(pongs)
		if d.ping == "" {
			answer = control
		}
		if !waitFor(t, "the pong", answer) {
			t.Error("the pong is another one's")
		}
	}
	l.event("e", "", "")
	if e := waitFor(t, "an event", all); e.Name != "e" {
		t.Errorf("%s reaches a handler", e.Name)
	}
}

// TestDialectsArePinged has each server's answer to a ping count. It takes two
// seconds, for all of them at once.
func TestDialectsArePinged(t *testing.T) {
	t.Parallel()
	var checks []func()
	for _, d := range dialects {
		pings := make(chan bool, 10)
		s := newService(t, manner{d: d, then: func(_ *line, event, _ string) {
			if event == "pusher:ping" {
				pings <- true
			}
		}})
		cfg := s.eager()
		cfg.ActivityTimeout, cfg.PongTimeout = time.Second, time.Second
		client := newClient(t, cfg)
		all := events(client.Bind, "*")
		run(t, client)
		l := waitFor(t, "a connection", s.lines)
		checks = append(checks, func() {
			// The second ping can only come when the first answer counted.
			waitFor(t, "a ping to "+d.name, pings)
			waitFor(t, "another ping to "+d.name, pings)
			l.event("e", "", "")
			if e := waitFor(t, "an event", all); e.Name != "e" || client.SocketID() != l.id {
				t.Errorf("%s: %s reaches a handler; connected as %q", d.name, e.Name, client.SocketID())
			}
		})
	}
	for _, check := range checks {
		check()
	}
}

func dialectUnknown(t *testing.T, d *dialect) {
	if d.unknown == nil && d.unknownCode == 0 {
		t.Skip("it takes every key")
	}
	s := newService(t, manner{d: d})
	cfg := s.eager()
	cfg.Key = "unknown"
	client := newClient(t, cfg)
	err := run(t, client).wait()
	var closed *thimble.CloseError
	if !errors.As(err, &closed) || closed.Code != 4001 || !strings.Contains(err.Error(), "check Key") {
		t.Errorf("Run returns %v", err)
	}
	if client.State() != thimble.StateFailed {
		t.Errorf("state %s", client.State())
	}
}

// dialectReproaches has the server complain about other things while a
// subscription is under way: it is not to blame.
func dialectReproaches(t *testing.T, d *dialect) {
	asked, hold := make(chan bool), make(chan bool)
	s := newService(t, manner{d: d, before: func(_ *line, _, channel string) {
		if channel == "private-slow" {
			close(asked)
			<-hold
		}
	}})
	release := sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	client := dialectClient(t, s, "private-a")
	errs := failures(client)
	slow := client.Channel("private-slow")
	confirmed := events(slow.Bind, thimble.EventSubscribed)
	failed := events(client.Bind, thimble.EventSubscriptionError)
	run(t, client)
	l := waitFor(t, "a connection", s.lines)
	s.settles(map[string]bool{"private-a": true})
	slow.Subscribe()
	waitFor(t, "the subscription", asked)
	for _, text := range []string{d.reproach, d.nonsense} {
		if text == "" {
			continue
		}
		l.say(about(text, l.id, "private-a"))
		var server *thimble.ServerError
		if err := waitFor(t, "the reproach", errs); !errors.As(err, &server) || server.Message == "" {
			t.Errorf("told as %#v", err)
		}
	}
	release()
	waitFor(t, "the confirmation", confirmed)
	select {
	case e := <-failed:
		t.Errorf("%s failed: %v", e.Channel, e.Err)
	default:
	}
	if client.SocketID() != l.id {
		t.Errorf("connected as %q, not %q", client.SocketID(), l.id)
	}
}
