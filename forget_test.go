package thimble_test

import (
	"testing"

	"github.com/thimble-go/thimble"
)

func TestForget(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	old := client.Subscribe("order-1")
	confirmed := events(old.Bind, thimble.EventSubscribed)
	never := events(old.Bind, "e")
	run(t, client)
	p := f.accept("1.1")
	p.subscribed("order-1")
	waitFor(t, "the confirmation", confirmed)
	old.Forget()
	old.Forget()
	p.expect(`{"event":"pusher:unsubscribe","data":{"channel":"order-1"}}`)
	anew := client.Subscribe("order-1")
	if anew == old {
		t.Error("it is not forgotten")
	}
	got := events(anew.Bind, "e")
	p.subscribed("order-1")
	p.event("e", "order-1", "")
	waitFor(t, "the event", got)
	old.Unsubscribe() // is nobody's business any more
	old.Subscribe()
	if err := old.Trigger("client-x", "1"); err != thimble.ErrNotSubscribed {
		t.Errorf("got %v", err)
	}
	p.event("e", "order-1", "")
	waitFor(t, "the event", got)
	client.Subscribe("next")
	p.subscribed("next") // is what comes next
	if len(never) > 0 {
		t.Error("a handler of the forgotten channel was called")
	}
}

// TestForgottenChannelIsOfNoUse has somebody hold on to a channel that is
// forgotten before the server has confirmed it. The one that comes after it
// shares its subscription.
func TestForgottenChannelIsOfNoUse(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.Authorizer = tokens("")
	client := newClient(t, cfg)
	old := client.Subscribe("private-a")
	run(t, client)
	p := f.accept("1.1")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:1.1"}}`)
	old.Forget()
	anew := client.Subscribe("private-a")
	confirmed := events(anew.Bind, thimble.EventSubscribed)
	old.Unsubscribe()
	p.confirm("private-a", "{}")
	waitFor(t, "the confirmation", confirmed)
	if err := old.Trigger("client-x", "{}"); err != thimble.ErrNotSubscribed {
		t.Errorf("got %v", err)
	}
	anew.Forget()
	p.expect(`{"event":"pusher:unsubscribe","data":{"channel":"private-a"}}`)
	old.Subscribe() // of which the server must not hear
	client.Subscribe("b")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"b"}}`)
}

// TestBacklog triggers before there is a connection.
func TestBacklog(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.Authorizer = tokens("")
	cfg.Backlog = 100
	client := newClient(t, cfg)
	ch := client.Subscribe("private-a")
	for _, data := range []string{"1", "2"} {
		if err := ch.Trigger("client-x", data); err != nil {
			t.Fatal(err)
		}
	}
	if err := ch.Trigger("client-x", `"`+string(make([]byte, 100))+`"`); err == nil {
		t.Error("what is no JSON may wait")
	}
	if err := ch.Trigger("client-with-a-name-that-is-a-bit-too-long", `"and some data that is, too, so that it will not fit"`); err != thimble.ErrQueueFull {
		t.Errorf("got %v", err)
	}
	if err := client.Channel("private-b").Trigger("client-x", "1"); err != thimble.ErrNotConnected {
		t.Errorf("nobody has subscribed: %v", err)
	}
	run(t, client)
	p := f.accept("1.1")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:1.1"}}`)
	p.confirm("private-a", "{}")
	p.expect(`{"event":"client-x","channel":"private-a","data":1}`)
	p.expect(`{"event":"client-x","channel":"private-a","data":2}`)
	if err := ch.Trigger("client-x", "3"); err != nil {
		t.Error(err)
	}
	p.expect(`{"event":"client-x","channel":"private-a","data":3}`)
}
