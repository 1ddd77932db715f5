package thimble_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

// users is a UserAuthorizer.
type users func(ctx context.Context, socketID string) (thimble.UserToken, error)

func (u users) AuthorizeUser(ctx context.Context, socketID string) (thimble.UserToken, error) {
	return u(ctx, socketID)
}

// ann is a UserAuthorizer that always says yes.
var ann = users(func(_ context.Context, socketID string) (thimble.UserToken, error) {
	return thimble.UserToken{Auth: "k:" + socketID, UserData: `{"id":"ann","name":"Ann"}`}, nil
})

// signedIn reads a sign-in and confirms it, the user's channel included.
func (p *peer) signedIn(socketID string) {
	p.t.Helper()
	p.expect(`{"event":"pusher:signin","data":{"auth":"k:` + socketID + `","user_data":"{\"id\":\"ann\",\"name\":\"Ann\"}"}}`)
	p.event("pusher:signin_success", "", `{"user_data":"{\"id\":\"ann\",\"name\":\"Ann\"}"}`)
	p.subscribed("#server-to-user-ann")
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.eager()
	cfg.UserAuthorizer = ann
	client := newClient(t, cfg)
	user := client.User()
	if user != client.User() {
		t.Error("two objects for one user")
	}
	if err := client.SignIn(); err != nil {
		t.Fatal(err)
	}
	got := events(user.Bind, "*")
	all := events(client.Bind, "*")
	changes := states(client)
	watched := make(chan thimble.WatchlistEvent, 10)
	user.OnWatchlist(func(ev thimble.WatchlistEvent) { watched <- ev })
	user.OnWatchlist(func(thimble.WatchlistEvent) { panic("a handler's own") })
	failed := failures(client)
	running := run(t, client)

	p := f.accept("1.1")
	p.signedIn("1.1")
	for _, ch := range []<-chan seen{got, all} {
		if e := waitFor(t, "the sign-in", ch); e.Name != thimble.EventSignedIn || e.Text != `{"id":"ann","name":"Ann"}` || e.Err != nil {
			t.Errorf("got %s %s %v", e.Name, e.Text, e.Err)
		}
	}
	if !user.SignedIn() || user.ID() != "ann" || user.Data() != `{"id":"ann","name":"Ann"}` || user.Err() != nil {
		t.Errorf("signed in as %q with %s, %v", user.ID(), user.Data(), user.Err())
	}
	p.event("hello", "#server-to-user-ann", `{"n":1}`)
	for _, ch := range []<-chan seen{got, all} {
		if e := waitFor(t, "the event", ch); e.Name != "hello" || e.Text != `{"n":1}` || e.Channel != "#server-to-user-ann" || e.UserID != "" {
			t.Errorf("got %s %s on %q from %q", e.Name, e.Text, e.Channel, e.UserID)
		}
	}
	p.event("pusher_internal:watchlist_events", "", `{"events":[{"name":"online","user_ids":["bob","cy"]}]}`)
	if ev := waitFor(t, "the watchlist", watched); ev.Name != "online" || strings.Join(ev.UserIDs, " ") != "bob cy" {
		t.Errorf("got %+v", ev)
	}
	var panicked *thimble.PanicError
	if err := waitFor(t, "the panic", failed); !errors.As(err, &panicked) {
		t.Errorf("got %v", err)
	}

	// Once more on the next connection, without a word from the user.
	reach(t, changes, thimble.StateConnected)
	p.conn.Close()
	reach(t, changes, thimble.StateConnecting)
	if user.SignedIn() || user.Data() != "" {
		t.Error("signed in without a connection")
	}
	p = f.accept("2.2")
	p.signedIn("2.2")
	if e := waitFor(t, "the sign-in", got); e.Name != thimble.EventSignedIn || e.Gap == 0 {
		t.Errorf("got %s, gap %v", e.Name, e.Gap)
	}

	client.SignOut()
	if user.SignedIn() {
		t.Error("signed in after SignOut")
	}
	p.expect(`{"event":"pusher:unsubscribe","data":{"channel":"#server-to-user-ann"}}`)
	p.event("hello", "#server-to-user-ann", "late")
	client.Disconnect()
	if err := running.wait(); err != nil {
		t.Error(err)
	}
	if len(got) > 0 {
		t.Errorf("after SignOut came %v", <-got)
	}
}

func TestSignInNeedsAnAuthorizer(t *testing.T) {
	t.Parallel()
	client := newClient(t, newFake(t).config())
	if err := client.SignIn(); err != thimble.ErrNoUserAuthorizer {
		t.Errorf("got %v", err)
	}
	client.SignOut()
	if client.User().SignedIn() || client.User().Err() != nil {
		t.Error("somebody is signed in")
	}
}

func TestSignInFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer users
		status int
		again  bool
		text   string
	}{
		{"refused", func(context.Context, string) (thimble.UserToken, error) {
			return thimble.UserToken{}, &thimble.AuthError{Status: 404, Permanent: true}
		}, 404, false, "404"},
		{"an ordinary error", func(context.Context, string) (thimble.UserToken, error) {
			return thimble.UserToken{}, errors.New("no way through")
		}, 0, true, "no way through"},
		{"a panic", func(context.Context, string) (thimble.UserToken, error) { panic("broken") }, 0, false, "broken"},
		{"the end of its goroutine", func(context.Context, string) (thimble.UserToken, error) { runtime.Goexit(); panic("not here") }, 0, false, "has ended its goroutine"},
		{"no answer", func(ctx context.Context, _ string) (thimble.UserToken, error) {
			<-ctx.Done()
			return thimble.UserToken{}, ctx.Err()
		}, 0, true, "AuthTimeout"},
		{"no token", func(context.Context, string) (thimble.UserToken, error) {
			return thimble.UserToken{UserData: `{"id":"1"}`}, nil
		}, 0, true, "auth token"},
		{"no id", func(context.Context, string) (thimble.UserToken, error) {
			return thimble.UserToken{Auth: "k:s", UserData: `{"user_id":"1"}`}, nil
		}, 0, false, "with an id"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			cfg := f.config()
			cfg.AuthTimeout = 1
			if test.name != "no answer" {
				cfg.AuthTimeout = patience
			}
			cfg.UserAuthorizer = test.answer
			client := newClient(t, cfg)
			got := events(client.User().Bind, thimble.EventSignInError)
			all := events(client.Bind, thimble.EventSignInError)
			if err := client.SignIn(); err != nil {
				t.Fatal(err)
			}
			run(t, client)
			f.accept("1.1")
			e := waitFor(t, "the failure", got)
			var typed *thimble.SignInError
			if !errors.As(e.Err, &typed) || typed.Status != test.status || (typed.Retry > 0) != test.again || !strings.Contains(typed.Error(), test.text) {
				t.Errorf("got %#v: %v", e.Err, e.Err)
			}
			if other := waitFor(t, "the failure", all); other.Err != e.Err {
				t.Errorf("the client's handler got %v", other.Err)
			}
			if err := client.User().Err(); !test.again && err != e.Err {
				t.Errorf("Err is %v", err)
			}
		})
	}
}

// TestSignOutEndsTheQuestion checks that nobody waits for a token that nobody
// wants.
func TestSignOutEndsTheQuestion(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.AuthTimeout = time.Hour // not what ends it
	asked, ended := make(chan struct{}), make(chan struct{})
	cfg.UserAuthorizer = users(func(ctx context.Context, _ string) (thimble.UserToken, error) {
		close(asked)
		<-ctx.Done()
		close(ended)
		return thimble.UserToken{}, ctx.Err()
	})
	client := newClient(t, cfg)
	if err := client.SignIn(); err != nil {
		t.Fatal(err)
	}
	run(t, client)
	f.accept("1.1")
	waitFor(t, "the question", asked)
	client.SignOut()
	waitFor(t, "its end", ended)
}

// TestSignOutInTheMiddle signs out in a handler, when more has come already.
func TestSignOutInTheMiddle(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.UserAuthorizer = ann
	client := newClient(t, cfg)
	watched := make(chan thimble.WatchlistEvent, 10)
	client.User().OnWatchlist(func(ev thimble.WatchlistEvent) {
		client.SignOut()
		watched <- ev
	})
	got := events(client.Bind, "e")
	if err := client.SignIn(); err != nil {
		t.Fatal(err)
	}
	run(t, client)
	p := f.accept("1.1")
	p.signedIn("1.1")
	p.event("pusher_internal:watchlist_events", "", `{"events":[{"name":"online","user_ids":["bob"]},{"name":"offline","user_ids":["cy"]}]}`)
	p.event("e", "", "")
	waitFor(t, "the event behind", got)
	if len(watched) != 1 {
		t.Errorf("%d calls for a user who has signed out at the first", len(watched))
	}
}
