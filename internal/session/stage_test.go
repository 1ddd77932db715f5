package session_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/session"
	"github.com/thimble-go/thimble/internal/transcript"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// errCut is how the transport of a stage ends.
var errCut = errors.New("cut")

// stage plays the driver, the network and the server around one session, and
// notes what the session does, as the lines that a transcript expects.
type stage struct {
	t       testing.TB
	cfg     session.Config
	s       *session.Session
	now     time.Duration
	said    []string // what the session did and no step expected yet
	parser  websocket.Parser
	open    bool // the upgrade request has been read
	asked   map[string][]asked
	connID  string
	quietly bool // nothing is noted
}

// asked is an Authorize event that has not been answered yet.
type asked struct {
	ch     *session.Channel
	ticket uint32
}

func newStage(t testing.TB) *stage {
	return &stage{
		t:     t,
		now:   time.Second,
		asked: make(map[string][]asked),
		cfg: session.Config{
			Target: session.Target{Host: "example.com", Path: "/app/key"}, Authorizer: session.Tokens, Encryption: session.Encryption, UserAuthorizer: true,
			// All zeros: every delay is the least that it may be.
			Entropy: func(b []byte) error { clear(b); return nil },
		},
	}
}

// session makes the session when the first step needs it.
func (st *stage) session() *session.Session {
	if st.s == nil {
		s, err := session.New(st.cfg)
		if err != nil {
			st.t.Fatal(err)
		}
		st.s = s
	}
	return st.s
}

func (st *stage) say(format string, args ...any) {
	if !st.quietly {
		st.said = append(st.said, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}

// settle does the driver's work: it takes events and reads the output.
func (st *stage) settle() {
	s := st.session()
	var ev session.Event
	for {
		if s.Next(st.now, &ev) {
			if ev.Kind == session.Hangup {
				st.read() // what is written before the transport is closed
			}
			st.event(&ev)
			continue
		}
		st.read()
		if !s.Busy() {
			return
		}
	}
}

func (st *stage) event(ev *session.Event) {
	name := ""
	if ev.Channel != nil {
		name = ev.Channel.Name
	}
	reason := ""
	if ev.Err != nil {
		reason = " " + ev.Err.Error()
	}
	switch ev.Kind {
	case session.Dial:
		st.open = false
		if ev.TLS {
			st.say("dial tls")
		} else {
			st.say("dial")
		}
	case session.Hangup:
		st.say("hangup")
	case session.Authorize:
		st.asked[name] = append(st.asked[name], asked{ev.Channel, ev.Ticket})
		st.say("authorize %s for %s", name, ev.SocketID)
	case session.StateChanged:
		st.say("state %s%s%s", ev.State, retry(ev.Retry), reason)
	case session.Failure:
		st.say("error%s%s", retry(ev.Retry), reason)
	case session.Subscribed:
		st.say("subscribed %s%s", name, gap(ev))
	case session.SubscriptionFailed:
		var typed *session.SubscriptionError
		if !errors.As(ev.Err, &typed) || typed.Channel != name || ev.Channel.Err() != ev.Err || typed.Retry != ev.Retry {
			st.t.Errorf("the failure of %s comes with %#v", name, ev.Err)
			return
		}
		status := ""
		if typed.Status != 0 {
			status = " status " + strconv.Itoa(typed.Status)
		}
		again := " for good"
		if ev.Retry > 0 {
			again = retry(ev.Retry)
		}
		st.say("failed %s%s%s%s", name, status, again, reason)
	case session.AuthorizeUser:
		st.asked["user"] = append(st.asked["user"], asked{nil, ev.Ticket})
		st.say("authorize-user for %s", ev.SocketID)
	case session.SignedIn:
		id, data := st.s.User()
		if data != string(ev.Data) || st.s.UserErr() != nil {
			st.t.Errorf("signed in with %s and %s, %v", data, ev.Data, st.s.UserErr())
		}
		st.say("signed-in %s %s%s", id, data, gap(ev))
	case session.SignInFailed:
		var typed *session.SignInError
		if !errors.As(ev.Err, &typed) || st.s.UserErr() != ev.Err || typed.Retry != ev.Retry {
			st.t.Errorf("the failure comes with %#v", ev.Err)
			return
		}
		status := ""
		if typed.Status != 0 {
			status = "status " + strconv.Itoa(typed.Status) + " "
		}
		again := "for good"
		if ev.Retry > 0 {
			again = strings.TrimSpace(retry(ev.Retry))
		}
		st.say("signin-failed %s%s%s", status, again, reason)
	case session.UserMessage:
		st.say("user-event %s %s%s", ev.Name, ev.Data, gap(ev))
	case session.Watchlist:
		st.say("watchlist %s %s", ev.Watchlist.Name, strings.Join(ev.Watchlist.UserIDs, " "))
	case session.DecryptionFailed:
		var typed *session.DecryptionError
		if !errors.As(ev.Err, &typed) || typed.Channel != name {
			st.t.Errorf("the failure on %s comes with %#v", name, ev.Err)
			return
		}
		st.say("undecrypted %s %s%s", name, typed.Event, reason)
	case session.MemberAdded:
		st.say("added %s %s %s", name, ev.Member.ID, ev.Member.Info)
	case session.MemberRemoved:
		st.say("removed %s %s %s", name, ev.Member.ID, ev.Member.Info)
	case session.Message:
		from := ""
		if len(ev.UserID) > 0 {
			from = " from " + string(ev.UserID)
		}
		on := ""
		if name != "" {
			on = " on " + name
		}
		st.say("event %s%s%s %s%s", ev.Name, on, from, ev.Data, gap(ev))
	default:
		st.t.Errorf("event of kind %d", ev.Kind)
	}
}

func retry(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return " retry " + d.String()
}

// read reads what the session writes, as a server does.
func (st *stage) read() {
	out := append([]byte(nil), st.session().Output(nil)...)
	if !st.open && len(out) > 0 {
		head := string(out)
		end := strings.Index(head, "\r\n\r\n")
		if end < 0 {
			st.t.Errorf("not an upgrade request: %q", out)
			return
		}
		for _, line := range strings.Split(head[:end], "\r\n") {
			if key, ok := strings.CutPrefix(line, "Sec-WebSocket-Key: "); ok {
				st.connID = websocket.Accept(key)
			}
		}
		st.open, st.parser = true, websocket.Parser{Server: true}
		st.say("upgrade %s", strings.SplitN(head, "\r\n", 2)[0])
		out = out[end+4:]
	}
	for len(out) > 0 {
		used, item, err := st.parser.Next(out)
		if err != nil || item.Kind == websocket.None {
			st.t.Errorf("not a frame of a client: %x: %v", out, err)
			return
		}
		out = out[used:]
		switch item.Opcode {
		case websocket.Text:
			st.say("client> %s", item.Payload)
		case websocket.Ping:
			st.say("ping %x", item.Payload)
		case websocket.Pong:
			st.say("pong %x", item.Payload)
		case websocket.Close:
			code := ""
			if item.Code != websocket.CodeNoStatus {
				code = strconv.Itoa(item.Code)
			}
			st.say("closes %s", strings.TrimSpace(code+" "+string(item.Payload)))
		default:
			st.say("binary %x", item.Payload)
		}
	}
}

// feed hands bytes to the session as a transport does, in pieces that fit.
func (st *stage) feed(b []byte) {
	s := st.session()
	for len(b) > 0 {
		n := copy(s.Space(), b)
		if n == 0 {
			st.t.Fatal("no space to read to")
		}
		b = b[n:]
		s.Received(st.now, n)
		st.settle()
	}
	s.Received(st.now, 0)
	st.settle()
}

func (st *stage) frame(op websocket.Opcode, payload []byte) {
	st.feed(websocket.AppendFrame(nil, op, payload, nil))
}

func (st *stage) text(s string) { st.frame(websocket.Text, []byte(s)) }

// upgrade answers the upgrade request.
func (st *stage) upgrade() {
	st.feed([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + st.connID + "\r\n\r\n"))
}

// establish opens a connection whose Dial has been asked for.
func (st *stage) establish(socketID string, activity int) {
	st.session().Dialed(st.now)
	st.settle()
	st.upgrade()
	st.text(string(wire.AppendEstablished(nil, socketID, activity)))
}

// start goes from nothing to connected, without a word about it.
func (st *stage) start(socketID string, activity int) {
	st.quietly = true
	st.session().Connect(st.now)
	st.settle()
	st.establish(socketID, activity)
	st.quietly = false
	if st.s.State() != session.Connected || st.s.SocketID() != socketID {
		st.t.Fatalf("not connected as %s but %s as %q", socketID, st.s.State(), st.s.SocketID())
	}
}

// advance lets time pass and does what is due exactly when it is.
func (st *stage) advance(d time.Duration) {
	s := st.session()
	for end := st.now + d; ; {
		at, ok := s.Deadline()
		if !ok || at > end {
			st.now = end
			break
		}
		st.now = max(st.now, at)
		s.Advance(st.now)
		st.settle()
		if again, ok := s.Deadline(); ok && again == at && s.State() != session.Connecting && s.State() != session.Unavailable {
			st.t.Fatalf("the deadline %v stays after Advance", at)
		}
	}
	noted := len(st.said)
	s.Advance(st.now)
	st.settle()
	if len(st.said) > noted {
		st.t.Errorf("due, though no deadline said so: %q", st.said[noted:])
	}
}

// answer takes the oldest question about a channel that is not answered.
func (st *stage) answer(name string) (asked, bool) {
	open := st.asked[name]
	if len(open) == 0 {
		st.t.Errorf("nobody asked for a token for %s", name)
		return asked{}, false
	}
	st.asked[name] = open[1:]
	return open[0], true
}

// expect compares the oldest thing that the session did with a step.
func (st *stage) expect(step transcript.Step) {
	if len(st.said) == 0 {
		st.t.Error("expected, and nothing came")
		return
	}
	got := st.said[0]
	st.said = st.said[1:]
	verb, arg, _ := strings.Cut(got, " ")
	if verb == step.Verb && matches(verb, arg, step.Arg) {
		return
	}
	st.t.Errorf("got %s", got)
}

// matches compares texts; JSON is compared by its meaning, and errors by what
// the expectation names of them.
func matches(verb, got, want string) bool {
	switch {
	case got == want || want == "*":
		return true
	case verb == "client>":
		return transcript.SameJSON(got, want)
	case verb == "error" || verb == "failed" || verb == "undecrypted" || verb == "signin-failed" || verb == "event" && strings.HasSuffix(want, "...") || verb == "state" && strings.Contains(want, " "):
		head, rest, _ := strings.Cut(want, "...")
		return strings.HasPrefix(got, strings.TrimSpace(head)) && strings.Contains(got, strings.TrimSpace(rest))
	}
	return false
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// gap writes down how long a gap is that an event ends.
func gap(ev *session.Event) string {
	if ev.Gap == 0 {
		return ""
	}
	return " gap " + ev.Gap.String()
}

// members writes the members of a channel down: "a={} b".
func members(ch *session.Channel) string {
	var all []session.Member
	ch.Members(func(m session.Member) { all = append(all, m) })
	return memberList(all)
}

func memberList(members []session.Member) string {
	var all []string
	for _, m := range members {
		text := m.ID
		if m.Info != "" {
			text += "=" + m.Info
		}
		all = append(all, text)
	}
	sort.Strings(all)
	return strings.Join(all, " ")
}
