package session_test

import (
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/session"
)

// TestRefusalWithoutEnd checks that a channel is looked for only where an error
// of a server names one: in a text without end every channel that waits for an
// answer would be looked for everywhere.
func TestRefusalWithoutEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		padding string
		state   string
	}{
		{strings.Repeat(" ", 500), "failed"},
		{strings.Repeat(" ", 2000), "error"},
	} {
		st := newStage(t)
		st.start("1.1", 0)
		ch := st.s.Channel("a")
		st.s.Subscribe(st.now, ch)
		st.settle()
		st.said = nil
		st.text(`{"event":"pusher:error","data":{"code":null,"message":"` + test.padding + `a"}}`)
		if len(st.said) != 1 || !strings.HasPrefix(st.said[0], test.state) {
			t.Errorf("behind %d bytes: got %.100q", len(test.padding), st.said)
		}
	}
}

// TestServerTexts checks that what a server says in words of its own is bounded
// in errors, and says nothing of the token that it refuses, whichever event
// carries it.
func TestServerTexts(t *testing.T) {
	t.Parallel()
	const token = "53c2e7d0"
	for _, event := range []string{
		`{"event":"pusher:error","data":{"code":4302,"message":"TEXT"}}`,
		`{"event":"pusher:error","data":{"code":null,"message":"TEXT"}}`,
		`{"event":"pusher:error","channel":"private-a","data":{"code":4009,"message":"TEXT"}}`,
		`{"event":"pusher:subscription_error","channel":"private-a","data":{"error":"TEXT","status":401}}`,
		`{"event":"pusher:subscription_error","channel":"private-z","data":{"error":"TEXT","status":401}}`,
		`{"event":"pusher:signin_error","data":{"error":"TEXT","status":401}}`,
		`{"event":"pusher:error","data":{"code":null,"message":"1.1::user:: TEXT"}}`,
		`greeting {"event":"pusher:error","data":{"code":null,"message":"TEXT"}}`,
		`greeting {"event":"pusher:error","data":{"code":4001,"message":"TEXT"}}`,
	} {
		for _, text := range []string{
			strings.Repeat("x", 200<<10),
			"Invalid signature: Expected HMAC SHA256 hex digest of 1.1:private-a, but got " + token,
			"Invalid signature: " + strings.Repeat("x", 1024-len("Invalid signature: ")-10) + ", but got " + token,
		} {
			st := newStage(t)
			text := strings.Replace(event, "TEXT", text, 1)
			if greeting, ok := strings.CutPrefix(text, "greeting "); ok {
				st.session().Connect(st.now)
				st.settle()
				st.s.Dialed(st.now)
				st.settle()
				st.upgrade()
				text = greeting
			} else {
				st.start("1.1", 0)
				st.s.SubscribeAuthorized(st.now, st.s.Channel("private-a"), session.Token{Auth: "k:" + token})
				if err := st.s.SignIn(st.now); err != nil {
					t.Fatal(err)
				}
				st.settle()
				st.s.AuthorizedUser(st.now, st.asked["user"][0].ticket, session.UserToken{Auth: "k:" + token, UserData: `{"id":"7"}`}, nil)
			}
			st.settle()
			st.said = nil
			st.text(text)
			var said []string
			for _, line := range st.said {
				if strings.Contains(line, "thimble:") {
					said = append(said, line)
				}
			}
			if len(said) != 1 || len(said[0]) > 1500 || strings.Contains(said[0], token) {
				t.Errorf("%.70s: %.1600q", event, said)
			}
		}
	}
}
