package session_test

import (
	"testing"

	"github.com/thimble-go/thimble/internal/session"
)

// TestTakenBackByAHandler checks that what one message of the server brings
// ends when the handler of its first event takes the wish back.
func TestTakenBackByAHandler(t *testing.T) {
	t.Parallel()
	const room = "presence-a"
	present := func(st *stage) *session.Channel {
		ch := st.s.Channel(room)
		st.s.SubscribeAuthorized(st.now, ch, session.Token{Auth: "k:a", ChannelData: `{"user_id":"me"}`})
		st.settle()
		return ch
	}
	snapshot := `{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":{"presence":{"hash":{"a":1,"b":2}}}}`
	for _, test := range []struct {
		name   string
		before func(st *stage)
		text   string
		first  session.Kind
		back   func(st *stage)
		never  session.Kind
	}{
		{
			"a watchlist", func(st *stage) {
				st.s.SignIn(st.now)
				st.settle()
				q, _ := st.answer("user")
				st.s.AuthorizedUser(st.now, q.ticket, session.UserToken{Auth: "k:u", UserData: `{"id":"7"}`}, nil)
				st.text(`{"event":"pusher:signin_success","data":{"user_data":{"id":"7"}}}`)
			},
			`{"event":"pusher_internal:watchlist_events","data":{"events":[{"name":"online","user_ids":["1"]},{"name":"offline","user_ids":["2"]}]}}`,
			session.Watchlist, func(st *stage) { st.s.SignOut(st.now) }, session.Watchlist,
		},
		{
			"a confirmation with more members than are kept", func(st *stage) { present(st) }, snapshot,
			session.Failure, func(st *stage) { st.s.Unsubscribe(st.now, st.s.Channel(room)) }, session.Subscribed,
		},
		{
			"the same, and wanted again", func(st *stage) { present(st) }, snapshot,
			session.Failure, func(st *stage) {
				st.s.Unsubscribe(st.now, st.s.Channel(room))
				present(st)
			}, session.Subscribed,
		},
		{
			"a member for whom there is no room", func(st *stage) {
				present(st)
				st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":{"presence":{"hash":{"a":1}}}}`)
			},
			`{"event":"pusher_internal:member_added","channel":"presence-a","data":{"user_id":"b"}}`,
			session.Failure, func(st *stage) { st.s.Unsubscribe(st.now, st.s.Channel(room)) }, session.MemberAdded,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			st := newStage(t)
			st.cfg.MaxMembers = 1
			st.quietly = true
			st.session().Connect(st.now)
			st.settle()
			st.establish("1.1", 120)
			test.before(st)
			var ev session.Event
			st.s.Received(st.now, copy(st.s.Space(), split(test.text, 1)))
			if !st.s.Next(st.now, &ev) || ev.Kind != test.first {
				t.Fatalf("first comes %+v", ev)
			}
			test.back(st)
			for st.s.Next(st.now, &ev) {
				if ev.Kind == test.never {
					t.Errorf("then comes %+v", ev)
				}
			}
		})
	}
}
