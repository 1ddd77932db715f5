package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/session"
)

// TestRetriesGrowExactly checks how long a channel and a sign-in wait behind
// each failure of their authorization: a random part of 1, 2, 4 ... 60 s, which
// starts over when they work, when the user asks again and on each connection.
func TestRetriesGrowExactly(t *testing.T) {
	t.Parallel()
	// All random bytes are the same, so that their order does not matter.
	const word = 1<<64 - 1
	// A time to wait that is none shortens nothing.
	fails := &session.AuthError{Status: 500, RetryAfter: -time.Hour, Err: errCut}
	for _, test := range []struct {
		name   string
		ask    func(st *stage)
		answer func(st *stage, err error) time.Duration // and returns the wait
		yes    string
	}{
		{
			"channel", func(st *stage) { st.s.Subscribe(st.now, st.s.Channel("private-a")) },
			func(st *stage, err error) time.Duration {
				q, _ := st.answer("private-a")
				st.s.Authorized(st.now, q.ch, q.ticket, session.Token{Auth: "k:a"}, err)
				if failed, ok := q.ch.Err().(*session.SubscriptionError); ok {
					return failed.Retry
				}
				return 0
			},
			`{"event":"pusher_internal:subscription_succeeded","channel":"private-a"}`,
		},
		{
			"sign-in", func(st *stage) { st.s.SignIn(st.now) },
			func(st *stage, err error) time.Duration {
				q, _ := st.answer("user")
				st.s.AuthorizedUser(st.now, q.ticket, session.UserToken{Auth: "k:a", UserData: `{"id":"7"}`}, err)
				if failed, ok := st.s.UserErr().(*session.SignInError); ok {
					return failed.Retry
				}
				return 0
			},
			`{"event":"pusher:signin_success","data":{"user_data":"{\"id\":\"7\"}"}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			st := newStage(t)
			st.cfg.Entropy = func(b []byte) error {
				for i := range b {
					b[i] = 0xFF
				}
				return nil
			}
			st.start("1.1", 120)
			grows := func(why string, seconds ...time.Duration) {
				t.Helper()
				for i, most := range seconds {
					most *= time.Second
					got := test.answer(st, fails)
					if want := max(time.Duration(word%uint64(most+1)), 1); got != want || got > most {
						t.Errorf("%s: wait %d is %v, want %v of %v", why, i+1, got, want, most)
					}
					st.settle()
					st.text(`{"event":"pusher:pong"}`)
					st.advance(got)
				}
			}
			test.ask(st)
			st.settle()
			grows("at first", 1, 2, 4, 8, 16, 32, 60, 60, 60)
			st.settle()
			if got := test.answer(st, fails); got == 0 {
				t.Fatal("it is not tried again")
			}
			test.ask(st)
			st.settle()
			grows("asked for again", 1, 2, 4)
			st.s.Lost(st.now, errCut)
			st.settle()
			st.asked = make(map[string][]asked)
			st.s.Probe(st.now) // do not wait
			st.settle()
			st.establish("2.2", 120)
			grows("on another connection", 1, 2)
			test.answer(st, nil)
			st.settle()
			st.text(test.yes)
			if st.s.UserErr() != nil || st.s.Channel("private-a").Err() != nil {
				t.Fatal("it does not work")
			}
		})
	}
}

// TestFullQueueIsTriedAgain lets client events wait for room in the output.
func TestFullQueueIsTriedAgain(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.cfg.Queue, st.cfg.Backlog = 2000, 1<<20
	st.start("1.1", 120)
	ch := st.s.Channel("private-a")
	st.s.SubscribeAuthorized(st.now, ch, session.Token{Auth: "k:a"})
	st.settle()
	st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"private-a"}`)
	st.said = nil
	big := `"` + strings.Repeat("x", 1500) + `"`
	for _, data := range []string{big, big, "1"} { // the small one must not overtake
		if err := session.Trigger(st.s, st.now, ch, "client-x", data); err != nil {
			t.Fatal(err)
		}
	}
	st.read()
	if len(st.said) != 1 {
		t.Fatalf("%d were sent at once, want the one that fits", len(st.said))
	}
	st.said = nil
	due, ok := st.s.Deadline()
	if want := st.now + 50*time.Millisecond; !ok || due != want {
		t.Fatalf("the next try is due at %v, want %v", due, want)
	}
	st.advance(50 * time.Millisecond)
	if len(st.said) != 2 || st.said[1] != `client> {"event":"client-x","channel":"private-a","data":1}` {
		t.Errorf("then came %.100q", st.said)
	}
}

// TestErrorTexts checks what users read, where it depends on what is known.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want string
	}{
		{&session.CloseError{Code: 1006}, "thimble: the server closed the connection with code 1006"},
		{&session.CloseError{Code: 4001, Reason: "no"}, "thimble: the server closed the connection with code 4001: no (check Key, and that it belongs to this Cluster or Host)"},
		{&session.ServerError{Message: "no"}, "thimble: the server says: no"},
		{&session.ServerError{Code: 4301, Message: "no"}, "thimble: the server says: no (code 4301)"},
		{&session.OversizeError{Size: 9, Limit: 5}, "thimble: skipped a message of 9 bytes; MaxMessage is 5"},
		{&session.OversizeError{Size: 9, Limit: 5, Event: "e", Channel: "c"}, "thimble: skipped a message of 9 bytes, e on c; MaxMessage is 5"},
		{&session.SubscriptionError{Channel: "c", Err: session.ErrEntropy}, "thimble: subscription to c failed: no source of randomness; set Config.Entropy"},
		{&session.SignInError{Err: errCut}, "thimble: signing in failed: cut"},
		{&session.AuthError{Status: 418}, "thimble: authorization refused with status 418"},
		{&session.AuthError{}, "thimble: authorization failed"},
		{&session.AuthError{Status: 500, Err: errCut}, "thimble: authorization: cut"},
		{&session.AttemptsError{Attempts: 3, Err: session.ErrEntropy}, "thimble: gave up after 3 attempts to connect: no source of randomness; set Config.Entropy"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
