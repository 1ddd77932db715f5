package session_test

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/session"
	"github.com/thimble-go/thimble/internal/transcript"
	"github.com/thimble-go/thimble/internal/websocket"
)

// TestTranscripts plays conversations with one session. What happens to it:
//
//	config NAME VALUE      before all else: activity, pong (durations), tls, link,
//	                       auth-timeout, no-authorizer, max-message, queue, read-buffer, backlog
//	                       (bytes), attempts, event-rate, member-changes,
//	                       max-members
//	connect, disconnect    what the user asks for
//	subscribe C, unsubscribe C
//	forget C               the user takes the channel back for good
//	probe                  the user doubts the connection
//	retarget HOST PATH     the user goes on with another server; "tls" may follow
//	present C AUTH DATA    the user subscribes with a token that he has
//	trigger C EVENT DATA   a client event; one that is refused says "error"
//	start ID SECONDS       shorthand: connected with that socket id and activity
//	                       timeout (120 if left out), and nothing of it is noted
//	link-up                the network is there, with "config link"
//	dialed                 the transport is there
//	dial-fails, cut        it could not be opened; it ended
//	upgraded               the server agrees to the upgrade
//	answers TEXT           it answers something else; | ends a line
//	establish ID SECONDS   dialed, upgraded and the first message in one
//	server> JSON           a message of the server
//	server-frame OP HEX    a frame: text, binary, ping, pong
//	server-raw HEX         bytes as they are
//	server-text N          a text message of N bytes, a valid event
//	close 4001 REASON      a close frame; without a code one without
//	token C AUTH DATA      the answer to the oldest open question about C
//	token-fails C STATUS   no token; 0 is no answer at all; "for good" or "after 5s" may follow
//	signin, signout        what the user asks for
//	user-token AUTH DATA   the answer to the oldest open question about the user
//	user-token-fails STATUS
//	asking C               the driver asks for the token only now: AuthTimeout counts
//	key C AUTH N           the answer for an encrypted channel: key number N
//	newest-key C AUTH N    the same, to the newest open question
//	present-key C AUTH N   the user subscribes with such a token that he has
//	sealed C EVENT N TEXT  an event of the server that is encrypted with that key
//	advance 120s           time passes; what is due is done exactly when it is
//
// and what it does, in this order and nothing else, where * stands for
// anything and "..." for what an error says before the text that counts:
//
//	dial, dial tls         asks for a transport
//	upgrade GET / HTTP/1.1 the upgrade request
//	client> JSON           a message
//	pong HEX, closes CODE  a control frame
//	hangup                 asks for the end of the transport
//	authorize C for ID     asks for a token
//	state NAME             and "retry 1s" when it waits, and the reason
//	error TEXT             a failure that changes no state
//	subscribed C           and "gap 1s" behind a gap, as with an event
//	failed C status 403 retry 1ns TEXT; "for good" in place of a retry
//	added C ID INFO, removed C ID INFO
//	event NAME on C from USER DATA
//	undecrypted C EVENT TEXT
//	authorize-user for ID  asks for a token for a sign-in
//	signed-in ID DATA
//	signin-failed status 403 retry 1ns TEXT
//	user-event NAME DATA
//	watchlist NAME IDS
//
// All delays are the least that they may be: of the jitter nothing is left.
// Steps that assert:
//
//	quiet                  nothing has happened that no step expected
//	is-subscribed C, not-subscribed C
//	members C a=INFO b     all that are known, in alphabetical order
//	count C N              how many there are, -1: nobody knows
//	changes C joined a=INFO left b=INFO
//	channels A B           all that the session knows
//	me C ID
//	err C TEXT             why it is not subscribed; empty: nothing failed
//	user-err TEXT          why the user is not signed in; empty: nothing failed
//	user ID DATA           who is signed in; empty: nobody
//	socket ID              empty: none
//	in STATE               the state now
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			transcript.Run(t, file, func(t *testing.T, steps []transcript.Step) {
				st := newStage(t)
				for _, step := range steps {
					st.step(step)
					if t.Failed() {
						t.Fatalf("in line %d: %s %s; then: %q", step.Line, step.Verb, step.Arg, st.said[:min(len(st.said), 5)])
					}
				}
				if len(st.said) > 0 {
					t.Fatalf("not expected: %q", st.said)
				}
			})
		})
	}
}

func (st *stage) step(step transcript.Step) {
	st.t.Helper()
	if step.Verb == "config" {
		st.configure(step.Arg)
		return
	}
	s := st.session()
	if st.assert(step) {
		return
	}
	word := strings.SplitN(step.Arg, " ", 3)
	for len(word) < 3 {
		word = append(word, "")
	}
	switch step.Verb {
	case "connect":
		s.Connect(st.now)
	case "disconnect":
		s.Disconnect()
	case "link-up":
		s.LinkUp(st.now)
	case "forget":
		s.Forget(s.Channel(step.Arg))
	case "probe":
		s.Probe(st.now)
	case "retarget":
		s.Retarget(st.now, session.Target{Host: word[0], Path: word[1], TLS: word[2] == "tls"})
	case "subscribe":
		s.Subscribe(st.now, s.Channel(step.Arg))
	case "unsubscribe":
		s.Unsubscribe(st.now, s.Channel(step.Arg))
	case "present":
		s.SubscribeAuthorized(st.now, s.Channel(word[0]), session.Token{Auth: word[1], ChannelData: word[2]})
	case "trigger":
		if err := session.Trigger(s, st.now, s.Channel(word[0]), word[1], word[2]); err != nil {
			st.say("error %s", err)
		}
	case "start":
		st.start(word[0], seconds(word[1]))
	case "dialed":
		s.Dialed(st.now)
	case "dial-fails", "cut":
		s.Lost(st.now, errCut)
	case "upgraded":
		st.upgrade()
	case "answers":
		st.feed([]byte(strings.ReplaceAll(step.Arg, "|", "\r\n")))
	case "establish":
		st.establish(word[0], seconds(word[1]))
	case "server>":
		st.text(step.Arg)
	case "server-frame":
		op := map[string]websocket.Opcode{"text": websocket.Text, "binary": websocket.Binary, "ping": websocket.Ping, "pong": websocket.Pong}[word[0]]
		st.frame(op, unhex(st.t, word[1]))
	case "server-raw":
		st.feed(unhex(st.t, step.Arg))
	case "server-text":
		n, _ := strconv.Atoi(step.Arg)
		const head, tail = `{"event":"big","data":"`, `"}`
		st.text(head + strings.Repeat("x", n-len(head)-len(tail)) + tail)
	case "close":
		code, _ := strconv.Atoi(word[0])
		_, reason, _ := strings.Cut(step.Arg, " ")
		st.feed(websocket.AppendClose(nil, code, reason, nil))
	case "token":
		if q, ok := st.answer(word[0]); ok {
			s.Authorized(st.now, q.ch, q.ticket, session.Token{Auth: word[1], ChannelData: word[2]}, nil)
		}
	case "signin":
		if err := s.SignIn(st.now); err != nil {
			st.say("error %s", err)
		}
	case "signout":
		s.SignOut(st.now)
	case "user-token":
		if q, ok := st.answer("user"); ok {
			auth, data, _ := strings.Cut(step.Arg, " ")
			s.AuthorizedUser(st.now, q.ticket, session.UserToken{Auth: auth, UserData: data}, nil)
		}
	case "user-token-fails":
		if q, ok := st.answer("user"); ok {
			status, _ := strconv.Atoi(word[0])
			after, _ := time.ParseDuration(word[2])
			s.AuthorizedUser(st.now, q.ticket, session.UserToken{}, &session.AuthError{Status: status, Permanent: word[1] == "for", RetryAfter: after, Err: errors.New("no token")})
		}
	case "asking":
		if open := st.asked[step.Arg]; len(open) > 0 {
			s.Asking(st.now, open[0].ch, open[0].ticket)
		}
	case "key":
		if q, ok := st.answer(word[0]); ok {
			s.Authorized(st.now, q.ch, q.ticket, session.Token{Auth: word[1], SharedSecret: testKey(word[2])}, nil)
		}
	case "newest-key":
		if open := st.asked[word[0]]; len(open) > 0 {
			q := open[len(open)-1]
			st.asked[word[0]] = open[:len(open)-1]
			s.Authorized(st.now, q.ch, q.ticket, session.Token{Auth: word[1], SharedSecret: testKey(word[2])}, nil)
		}
	case "present-key":
		s.SubscribeAuthorized(st.now, s.Channel(word[0]), session.Token{Auth: word[1], SharedSecret: testKey(word[2])})
	case "sealed":
		n, text, _ := strings.Cut(word[2], " ")
		st.text(sealedEvent(word[1], word[0], testKey(n), text))
	case "token-fails":
		if q, ok := st.answer(word[0]); ok {
			status, _ := strconv.Atoi(word[1])
			after, _ := time.ParseDuration(strings.TrimPrefix(word[2], "after "))
			s.Authorized(st.now, q.ch, q.ticket, session.Token{}, &session.AuthError{Status: status, Permanent: word[2] == "for good", RetryAfter: after, Err: errors.New("no token")})
		}
	case "advance":
		d, err := time.ParseDuration(step.Arg)
		if err != nil {
			st.t.Fatal(err)
		}
		st.advance(d)
	default:
		st.expect(step)
		return
	}
	st.settle()
}

func seconds(s string) int {
	if s == "" {
		return 120
	}
	n, _ := strconv.Atoi(s)
	return n
}

func (st *stage) configure(arg string) {
	name, value, _ := strings.Cut(arg, " ")
	d, _ := time.ParseDuration(value)
	n, _ := strconv.Atoi(value)
	switch name {
	case "activity":
		st.cfg.ActivityTimeout = d
	case "pong":
		st.cfg.PongTimeout = d
	case "auth-timeout":
		st.cfg.AuthTimeout = d
	case "link":
		st.cfg.Link = true
	case "tls":
		st.cfg.Target.TLS = true
	case "no-authorizer":
		st.cfg.Authorizer, st.cfg.UserAuthorizer = nil, false
	case "max-message":
		st.cfg.MaxMessage = n
	case "queue":
		st.cfg.Queue = n
	case "backlog":
		st.cfg.Backlog = n
	case "attempts":
		st.cfg.Attempts = n
	case "event-rate":
		st.cfg.EventRate = n
	case "member-changes":
		st.cfg.MemberChanges = true
	case "max-members":
		st.cfg.MaxMembers = n
	case "read-buffer":
		st.cfg.ReadBuffer = n
	default:
		st.t.Fatalf("no such setting: %s", name)
	}
}

// assert checks a step that says how things are; false: it is none of these.
func (st *stage) assert(step transcript.Step) bool {
	s := st.s
	name, rest, _ := strings.Cut(step.Arg, " ")
	switch step.Verb {
	case "quiet":
		if len(st.said) > 0 {
			st.t.Errorf("not quiet: %q", st.said)
		}
	case "is-subscribed", "not-subscribed":
		if s.Channel(name).Subscribed() != (step.Verb == "is-subscribed") {
			st.t.Error("it is the other way round")
		}
	case "members":
		if got := members(s.Channel(name)); got != rest || s.Channel(name).Kept() != len(strings.Fields(rest)) {
			st.t.Errorf("got %s (%d)", got, s.Channel(name).Kept())
		}
	case "count":
		if got := strconv.Itoa(s.Channel(name).MemberCount()); got != rest {
			st.t.Errorf("got %s", got)
		}
	case "channels":
		if got := strings.Join(s.ChannelNames(), " "); got != step.Arg {
			st.t.Errorf("got %s", got)
		}
	case "changes":
		joined, left := s.Channel(name).MemberChanges()
		got := strings.TrimSpace("joined "+memberList(joined)) + strings.TrimSuffix(" left "+memberList(left), " ")
		if got != rest {
			st.t.Errorf("got %s", got)
		}
	case "me":
		if got := s.Channel(name).Me(); got != rest {
			st.t.Errorf("got %q", got)
		}
	case "err":
		if got := s.Channel(name).Err(); got == nil && rest != "" || got != nil && (rest == "" || !strings.Contains(got.Error(), rest)) {
			st.t.Errorf("got %v", got)
		}
	case "user-err":
		if got := s.UserErr(); got == nil && step.Arg != "" || got != nil && (step.Arg == "" || !strings.Contains(got.Error(), step.Arg)) {
			st.t.Errorf("got %v", got)
		}
	case "user":
		if id, data := s.User(); strings.TrimSpace(id+" "+data) != step.Arg {
			st.t.Errorf("got %s %s", id, data)
		}
	case "socket":
		if got := s.SocketID(); got != step.Arg {
			st.t.Errorf("got %q", got)
		}
	case "in":
		if got := s.State().String(); got != step.Arg {
			st.t.Errorf("got %s", got)
		}
	default:
		return false
	}
	return true
}
