package thimble_test

import (
	"testing"

	"github.com/thimble-go/thimble"
)

// TestNilHandlers gives nil for every handler that there is: nothing is bound,
// nothing goes wrong, and the handlers beside them are called.
func TestNilHandlers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.eager()
	cfg.UserAuthorizer = ann
	client := newClient(t, cfg)
	room := client.Channel("room")
	client.OnStateChange(nil)
	client.OnError(nil)
	client.User().OnWatchlist(nil)
	for _, binding := range []thimble.Binding{
		client.Bind("e", nil), client.BindAll(nil),
		room.Bind("e", nil), room.BindAll(nil), room.BindFrom("e", nil, nil),
		client.User().Bind("e", nil), client.User().BindAll(nil),
	} {
		binding.Unbind()
	}
	client.Bind("e", nil)
	room.Bind("e", nil)
	room.BindFrom("e", nil, nil)
	client.User().BindAll(nil)
	if n := thimble.Handlers(client); n != 0 {
		t.Errorf("%d handlers are kept", n)
	}
	changes, errs, got := states(client), failures(client), events(room.Bind, "e")
	room.Subscribe()
	run(t, client)
	p := f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	p.subscribed("room")
	if err := client.SignIn(); err != nil {
		t.Fatal(err)
	}
	p.signedIn("1.1")
	p.event("pusher_internal:watchlist_events", "", `{"events":[{"name":"online","user_ids":["bob"]}]}`)
	p.event("e", "#server-to-user-ann", `{}`)
	p.event("e", "room", `"x"`)
	waitFor(t, "the event", got)
	select {
	case err := <-errs:
		t.Errorf("reported: %v", err)
	default:
	}
}
