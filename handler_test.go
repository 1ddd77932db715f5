package thimble_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/wire"
)

// tokens is an Authorizer that says yes, with a token that shows whom it is for.
func tokens(channelData string) thimble.Authorizer {
	return thimble.AuthorizerFunc(func(_ context.Context, req thimble.AuthRequest) (thimble.Token, error) {
		token := thimble.Token{Auth: "key:" + req.SocketID}
		if strings.HasPrefix(req.Channel, "presence-") {
			token.ChannelData = channelData
		}
		return token, nil
	})
}

// TestOwnNames has a server send what only the client makes. Handlers count on
// an Event.Err, say, so none of it reaches them.
func TestOwnNames(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	all := events(client.Bind, "*")
	client.Subscribe("a")
	run(t, client)
	p := f.accept("1.1")
	p.subscribed("a")
	if e := waitFor(t, "the confirmation", all); e.Name != thimble.EventSubscribed {
		t.Errorf("got %s", e.Name)
	}
	for _, name := range []string{
		thimble.EventSubscribed, thimble.EventSubscriptionError, thimble.EventDecryptionError, thimble.EventSignedIn,
		thimble.EventSignInError, thimble.EventMemberAdded, thimble.EventMemberRemoved, "pusher:connection_established",
	} {
		p.event(name, "a", "{}")
		p.event(name, "", "{}")
	}
	p.event("last", "a", "{}")
	if e := waitFor(t, "the last event", all); e.Name != "last" {
		t.Errorf("got %s, %v", e.Name, e.Err)
	}
}

func TestHandlersMayCallAnything(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.Authorizer = tokens("")
	client := newClient(t, cfg)
	private := client.Subscribe("private-a")
	done := make(chan string, 10)
	private.Bind("go", func(e thimble.Event) {
		other := client.Subscribe("other")
		other.Bind("x", func(e thimble.Event) { done <- "other " + e.Text() })
		client.Bind("late", func(thimble.Event) { done <- "late" })
		if err := private.Trigger("client-x", `{"n":1}`); err != nil {
			t.Error(err)
		}
		_ = client.SocketID() + client.State().String() + private.Name()
		_, _, _, _ = private.Members(), private.MemberCount(), private.Me(), private.Err()
		client.OnError(func(error) {})
		private.Unsubscribe()
		if private.Subscribed() {
			t.Error("subscribed behind Unsubscribe")
		}
		if err := private.Trigger("client-x", `{}`); err != thimble.ErrNotSubscribed {
			t.Errorf("trigger behind Unsubscribe: %v", err)
		}
		done <- "go"
	})
	run(t, client)
	p := f.accept("1.1")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:1.1"}}`)
	p.confirm("private-a", "{}")
	p.event("go", "private-a", "")
	p.event("go", "private-a", "not wanted any more")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"other"}}`)
	p.expect(`{"event":"client-x","channel":"private-a","data":{"n":1}}`)
	p.expect(`{"event":"pusher:unsubscribe","data":{"channel":"private-a"}}`)
	p.confirm("other", "{}")
	p.event("x", "other", "1")
	p.event("late", "", "")
	for _, want := range []string{"go", "other 1", "late"} {
		if got := waitFor(t, want, done); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestBindings(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	room := client.Subscribe("room")
	if client.Channel("room") != room || client.Subscribe("room") != room || room.Name() != "room" {
		t.Error("more than one object for a name")
	}
	var log []string
	note := func(name string) thimble.Handler {
		return func(e thimble.Event) { log = append(log, name+":"+e.Name) }
	}
	done := make(chan struct{}, 10)
	room.Bind("a", note("1"))
	room.Bind("a", note("2"))
	room.Bind("a*", note("wide"))
	room.BindAll(note("all"))
	client.Bind("a", note("client"))
	client.BindAll(note("clientall"))
	client.Channel("elsewhere").BindAll(note("never"))
	client.Bind("end", func(thimble.Event) { done <- struct{}{} })
	r := run(t, client)
	p := f.accept("1.1")
	p.subscribed("room")
	for _, name := range []string{"a", "ab", "b"} {
		p.event(name, "room", "")
	}
	p.event("ab", "", "") // without a channel
	p.event("x", "elsewhere", "")
	p.event("end", "", "")
	waitFor(t, "the end", done)
	r.cancel()
	_ = r.wait()
	want := "all:pusher:subscription_succeeded clientall:pusher:subscription_succeeded " +
		"1:a 2:a wide:a all:a client:a clientall:a " +
		"wide:ab all:ab clientall:ab " +
		"all:b clientall:b " +
		"clientall:ab clientall:end"
	if got := strings.Join(log, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestUnbind(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	var log []string
	done := make(chan struct{}, 10)
	note := func(name string) thimble.Handler {
		return func(e thimble.Event) { log = append(log, name) }
	}
	var second, itself, wide thimble.Binding
	client.Bind("e", func(thimble.Event) {
		log = append(log, "first")
		second.Unbind() // its turn would be next
		wide.Unbind()
	})
	second = client.Bind("e", note("second"))
	itself = client.Bind("e", func(thimble.Event) {
		log = append(log, "itself")
		itself.Unbind()
		itself.Unbind()
		client.Bind("e", note("new")) // not for this event
	})
	client.Bind("e", note("last"))
	wide = client.Bind("e*", note("wide"))
	thimble.Binding{}.Unbind() // of nothing
	client.Bind("end", func(thimble.Event) { done <- struct{}{} })
	run(t, client)
	p := f.accept("1.1")
	p.event("e", "", "")
	p.event("e", "", "")
	p.event("end", "", "")
	waitFor(t, "the end", done)
	if got, want := strings.Join(log, " "), "first itself last first last new"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestUnbindLeavesNothing binds handlers for ever new names: nothing is kept of
// those that are gone, and the others stay.
func TestUnbindLeavesNothing(t *testing.T) {
	t.Parallel()
	client := newClient(t, thimble.Config{Key: "key", Host: "example.com", Plaintext: true})
	client.Bind("stays", func(thimble.Event) {})
	for i := range 100 {
		name := "event-" + strconv.Itoa(i)
		one, other := client.Bind(name, func(thimble.Event) {}), client.Bind(name, func(thimble.Event) {})
		wide := client.Bind(name+"*", func(thimble.Event) {})
		if n := thimble.Handlers(client); n != 3 {
			t.Fatalf("handlers for %d names are kept, want 3", n)
		}
		one.Unbind()
		other.Unbind()
		wide.Unbind()
	}
	if n := thimble.Handlers(client); n != 1 {
		t.Errorf("handlers for %d names are left, want 1", n)
	}
}

// TestNamesAreNotKept has a server make names up: few are kept, and no long
// ones.
func TestNamesAreNotKept(t *testing.T) {
	t.Parallel()
	name, kept := thimble.NewInterner()
	most := 0
	for i := range 10_000 {
		want := "event-" + strconv.Itoa(i)
		for range 2 {
			if got := name([]byte(want)); got != want {
				t.Fatalf("got %q of %q", got, want)
			}
		}
		most = max(most, kept())
	}
	if most != 256 {
		t.Errorf("%d names are kept, want 256", most)
	}
	before := kept()
	for _, n := range []int{0, 257, 100_000} {
		if got := name(make([]byte, n)); len(got) != n || kept() != before {
			t.Errorf("of %d bytes come %d; %d are kept, before it was %d", n, len(got), kept(), before)
		}
	}
	name(make([]byte, 256))
	if kept() == before {
		t.Error("256 bytes are not kept")
	}
}

// TestBindFrom guards a door: nobody whom the server does not vouch for gets
// through, whatever he writes.
func TestBindFrom(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.Authorizer = tokens(`{"user_id":"me"}`)
	client := newClient(t, cfg)
	room := client.Subscribe("presence-room")
	private := client.Subscribe("private-room")
	var opened, anybody []string
	done := make(chan struct{}, 1)
	allow := func(id string) bool {
		if id == "" {
			t.Error("asked about nobody")
		}
		if id == "mallory" {
			panic("mallory")
		}
		return id == "alice"
	}
	errs := failures(client)
	room.BindFrom("client-open", allow, func(e thimble.Event) { opened = append(opened, e.UserID) })
	room.BindFrom("client-*", nil, func(e thimble.Event) { anybody = append(anybody, e.UserID) })
	private.BindFrom("client-open", nil, func(e thimble.Event) { opened = append(opened, "private") })
	client.Bind("end", func(thimble.Event) { done <- struct{}{} })
	run(t, client)
	p := f.accept("1.1")
	for range 2 {
		if _, err := p.next(); err != nil {
			t.Fatal(err)
		}
	}
	p.confirm("presence-room", `{"presence":{"count":1,"ids":["me"],"hash":{"me":null}}}`)
	p.confirm("private-room", "{}")
	for _, text := range []string{
		`{"event":"client-open","channel":"presence-room","data":"{\"user_id\":\"alice\"}"}`,
		`{"event":"client-open","channel":"presence-room","data":"{}","user_id":""}`,
		`{"event":"client-open","channel":"presence-room","data":"{}","user_id":null}`,
		`{"event":"client-open","channel":"presence-room","data":"{}","user_id":{"id":"alice"}}`,
		`{"event":"client-open","channel":"private-room","data":"{}","user_id":"alice"}`,
		`{"event":"client-open","data":"{}","user_id":"alice"}`,
		`{"event":"client-open","channel":"presence-room","data":"{}","user_id":"bob"}`,
		`{"event":"client-open","channel":"presence-room","data":"{}","user_id":"mallory"}`,
		`{"event":"client-open","channel":"presence-room","data":"{}","user_id":"alice"}`,
		`{"event":"end"}`,
	} {
		p.send(text)
	}
	waitFor(t, "the end", done)
	if got := strings.Join(opened, " "); got != "alice" {
		t.Errorf("opened for %q", got)
	}
	if got := strings.Join(anybody, " "); got != "bob mallory alice" {
		t.Errorf("everybody is %q", got)
	}
	var panicked *thimble.PanicError
	if err := waitFor(t, "the panic", errs); !errors.As(err, &panicked) || panicked.Value != "mallory" {
		t.Errorf("got %v", err)
	}
}

func TestPanickingHandlers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var all journal
	cfg := f.config()
	cfg.Logger = all.log
	client := newClient(t, cfg)
	client.OnError(func(error) { panic("the reporter too") })
	errs := failures(client)
	client.OnStateChange(func(s thimble.StateChange) {
		if s.Current == thimble.StateConnected {
			panic(errors.New("on state"))
		}
	})
	client.Bind("e", func(thimble.Event) { panic("oh no") })
	client.Bind("e", func(thimble.Event) { panic(17) })
	got := events(client.Bind, "e")
	run(t, client)
	p := f.accept("1.1")
	p.event("e", "", "1")
	p.event("e", "", "2")
	for _, want := range []string{"1", "2"} {
		if e := waitFor(t, "the event", got); e.Text != want {
			t.Errorf("got %q, want %q", e.Text, want)
		}
	}
	for _, want := range []string{
		"thimble: a handler of state_change panicked: on state",
		"thimble: a handler of e panicked: oh no", "thimble: a handler of e panicked",
		"thimble: a handler of e panicked: oh no", "thimble: a handler of e panicked",
	} {
		if err := waitFor(t, "the report", errs); err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
		if want = `error="` + want + `"`; !strings.Contains(all.text(), want) {
			t.Errorf("no %s in the log:\n%s", want, all.text())
		}
	}
}

func TestEventsInOrder(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	got := events(client.Bind, "e")
	run(t, client)
	p := f.accept("1.1")
	const n = 5000
	go func() {
		for i := range n {
			p.event("e", "", fmt.Sprint(i))
		}
	}()
	for i := range n {
		if e := waitFor(t, "an event", got); e.Text != fmt.Sprint(i) {
			t.Fatalf("event %s in place of %d", e.Text, i)
		}
	}
}

func TestPresence(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.Authorizer = tokens(`{"user_id":"me","user_info":{"name":"Me"}}`)
	client := newClient(t, cfg)
	room := client.Subscribe("presence-room")
	all := events(room.Bind, "*")
	changes := states(client)
	run(t, client)
	p := f.accept("1.1")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"presence-room","auth":"key:1.1","channel_data":"{\"user_id\":\"me\",\"user_info\":{\"name\":\"Me\"}}"}}`)
	if room.Me() != "" || room.MemberCount() != 0 {
		t.Errorf("before the confirmation: me %q, %d members", room.Me(), room.MemberCount())
	}
	p.confirm("presence-room", `{"presence":{"count":2,"ids":["me","bob"],"hash":{"me":{"name":"Me"},"bob":null}}}`)
	waitFor(t, "the confirmation", all)
	if room.Me() != "me" || room.MemberCount() != 2 || len(room.Members()) != 2 {
		t.Errorf("me %q, %d members: %v", room.Me(), room.MemberCount(), room.Members())
	}
	if m, ok := room.Member("me"); !ok || m.Info != `{"name":"Me"}` {
		t.Errorf("member me: %v %v", m, ok)
	}
	if _, ok := room.Member("eve"); ok {
		t.Error("a member whom nobody has seen")
	}
	p.send(string(wire.AppendStringEvent(nil, "pusher_internal:member_added", "presence-room", "", `{"user_id":"eve","user_info":{"n":1}}`)))
	if e := waitFor(t, "the member", all); e.Name != thimble.EventMemberAdded || e.Member != (thimble.Member{ID: "eve", Info: `{"n":1}`}) {
		t.Errorf("got %+v", e)
	}
	p.send(string(wire.AppendStringEvent(nil, "pusher_internal:member_removed", "presence-room", "", `{"user_id":"eve"}`)))
	if e := waitFor(t, "the member", all); e.Name != thimble.EventMemberRemoved || e.Member != (thimble.Member{ID: "eve", Info: `{"n":1}`}) {
		t.Errorf("got %+v", e)
	}
	reach(t, changes, thimble.StateConnected)
	p.conn.Close()
	reach(t, changes, thimble.StateConnecting)
	if room.Me() != "" || room.MemberCount() != 0 {
		t.Errorf("without a connection: me %q, %d members", room.Me(), room.MemberCount())
	}
}

// TestHandlerEndsGoroutine has callbacks end the goroutine that they run on,
// which is what FailNow of a test does. The client stays usable.
func TestHandlerEndsGoroutine(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	var ends, apart atomic.Bool
	asked := make(chan struct{}, 1)
	cfg.Authorizer = thimble.AuthorizerFunc(func(ctx context.Context, req thimble.AuthRequest) (thimble.Token, error) {
		if ends.Load() {
			asked <- struct{}{}
			runtime.Goexit()
		}
		return tokens("").Authorize(ctx, req)
	})
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if apart.Load() || ctx.Err() != nil { // or it is one that was given up, and is late
			return nil, errors.New("not yet")
		}
		return net.Dial(network, address)
	}
	client := newClient(t, cfg)
	ends.Store(true)
	apart.Store(true)
	client.OnStateChange(func(thimble.StateChange) {
		if ends.Load() {
			runtime.Goexit()
		}
	})
	for _, drive := range []func(){
		func() { _ = client.Poll() },
		func() { _ = client.Run(context.Background()) },
	} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			drive()
		}()
		waitFor(t, "the end of the goroutine", done)
		client.Disconnect()
	}
	ends.Store(false)
	for range 10 { // what has waited behind the handler that ended
		_ = client.Poll()
	}
	client.Disconnect()
	apart.Store(false)
	ch := client.Channel("private-a")
	confirmed := events(ch.Bind, thimble.EventSubscribed)
	changes := states(client)
	r := run(t, client)
	p := f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	ends.Store(true)
	ch.Subscribe() // fails
	waitFor(t, "the question", asked)
	ch.Unsubscribe()
	ends.Store(false)
	ch.Subscribe()
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:1.1"}}`)
	p.confirm("private-a", "{}")
	waitFor(t, "the confirmation", confirmed)
	client.Disconnect()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
}

// TestUnsubscribeInTheMiddle takes a channel back in a handler, when more about
// it is to be told already.
func TestUnsubscribeInTheMiddle(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.MaxMembers = 1
	cfg.Authorizer = tokens(`{"user_id":"me"}`)
	client := newClient(t, cfg)
	room := client.Subscribe("presence-room")
	confirmed := events(room.Bind, thimble.EventSubscribed)
	got := events(client.Bind, "e")
	client.OnError(func(err error) {
		var members *thimble.MembersError
		if errors.As(err, &members) {
			room.Unsubscribe()
		}
	})
	run(t, client)
	p := f.accept("1.1")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"presence-room","auth":"key:1.1","channel_data":"{\"user_id\":\"me\"}"}}`)
	p.confirm("presence-room", `{"presence":{"count":2,"ids":["me","bob"],"hash":{"me":null,"bob":null}}}`)
	p.event("e", "", "")
	waitFor(t, "the event behind", got)
	if len(confirmed) > 0 {
		t.Error("a channel is told to be subscribed behind its Unsubscribe")
	}
}
