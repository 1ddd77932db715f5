package peer_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/internal/transcript"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// The application and the connection of the examples in Pusher's
// documentation, so that their signatures can stand in the transcripts.
const (
	docKey    = "278d425bdf160c739803"
	docSecret = "7ad3773142a6692b25b8"
	docSocket = "1234.1234"
)

func docSettings() peer.Settings {
	return peer.Settings{
		Signers:      []channelauth.Signer{{Key: docKey, Secret: docSecret}},
		ClientEvents: true,
		MaxEventData: 100,
		MaxMessage:   10_000,
	}
}

// TestTranscripts runs the conversations of one client. Verbs, beside the
// messages of both sides:
//
//	connect             the client is welcome; "no-client-events" turns these
//	                    off, "authorize-within=30s" wants a token in time
//	refuse 4001 text    it is not
//	advance 120s        time passes, and what is due is done
//	close 4200 text     the broker wants the connection closed
//	client-frame OP hex a frame of the client: ping, pong, close, binary
//	client-raw hex      bytes of the client as they are
//	client-many N text  the same message N times; # in it is its number
//	sign C|data text    a message in which the token of channel C, with data if
//	                    there is any, stands in place of TOKEN
//
// and what is expected:
//
//	ping, pong hex      a control frame to the client
//	closes 4201 text    the last frame; the socket stays open
//	hangs-up            what is queued is sent and the socket closed
//	joins C user        the client may join C; it does
//	leaves C            it leaves C
//	publishes C text    the message goes to the others on C
//	signs-in USER       the client is USER; behind it "watching" those it
//	                    watches, and "again" if it was already
//	full C              instead of joins: the channel turns out to be full
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			transcript.Run(t, file, func(t *testing.T, steps []transcript.Step) {
				(&stage{t: t, settings: docSettings()}).run(steps)
			})
		})
	}
}

// stage plays one case.
type stage struct {
	t        *testing.T
	settings peer.Settings
	peer     peer.Peer
	now      time.Duration
	full     bool
	said     []string // what the Peer asked for and nobody expected yet
	dead     bool
}

func (s *stage) run(steps []transcript.Step) {
	for i, step := range steps {
		s.full = i+1 < len(steps) && steps[i+1].Verb == "full"
		s.step(step)
		if s.t.Failed() {
			s.t.Fatalf("in line %d: %s %s", step.Line, step.Verb, step.Arg)
		}
	}
	if len(s.said) > 0 {
		s.t.Fatalf("not expected: %q", s.said)
	}
}

func (s *stage) step(step transcript.Step) {
	first, rest, _ := strings.Cut(step.Arg, " ")
	switch step.Verb {
	case "connect":
		s.settings.ClientEvents = step.Arg != "no-client-events"
		if d, ok := strings.CutPrefix(step.Arg, "authorize-within="); ok {
			s.settings.AuthorizeWithin, _ = time.ParseDuration(d)
		}
		var hello []byte
		s.peer, hello = peer.New(peer.NewLive(s.settings), docSocket, s.now)
		s.frames(hello)
	case "refuse":
		code, _ := strconv.Atoi(first)
		var why []byte
		s.peer, why = peer.NewRefused(peer.NewLive(s.settings), &peer.Refusal{Code: code, Message: rest}, s.now)
		s.frames(why)
	case "advance":
		d, err := time.ParseDuration(step.Arg)
		if err != nil {
			s.t.Fatal(err)
		}
		// A transport wakes at the deadline, not later.
		for end := s.now + d; s.now < end; {
			s.now = max(s.now, min(end, s.peer.Deadline()))
			s.act(s.peer.Tick(s.now))
			if s.dead || s.peer.Deadline() > end {
				s.now = end
			}
		}
	case "close":
		code, _ := strconv.Atoi(first)
		s.act(s.peer.Close(&peer.Refusal{Code: code, Message: rest}, s.now))
	case "client>":
		s.client(websocket.Text, []byte(step.Arg))
	case "client-many":
		n, _ := strconv.Atoi(first)
		for i := range n {
			s.client(websocket.Text, []byte(strings.ReplaceAll(rest, "#", strconv.Itoa(i))))
		}
	case "client-frame":
		op := map[string]websocket.Opcode{"ping": websocket.Ping, "pong": websocket.Pong, "close": websocket.Close, "binary": websocket.Binary}[first]
		s.client(op, unhex(s.t, rest))
	case "client-raw":
		s.receive(unhex(s.t, step.Arg))
	case "sign":
		channel, data, _ := strings.Cut(first, "|")
		s.client(websocket.Text, []byte(strings.ReplaceAll(rest, "TOKEN", token(channel, data))))
	default:
		s.expect(step)
	}
}

func (s *stage) expect(step transcript.Step) {
	if len(s.said) == 0 {
		s.t.Errorf("expected, and nothing came")
		return
	}
	got := s.said[0]
	s.said = s.said[1:]
	verb, arg, _ := strings.Cut(got, " ")
	if code, ok := strings.CutSuffix(step.Arg, " *"); ok && verb == "closes" && step.Verb == verb && strings.HasPrefix(arg, code+" ") {
		return
	}
	if verb == step.Verb && (step.Arg == "*" || arg == step.Arg || transcript.SameJSON(arg, step.Arg)) {
		return
	}
	// publishes C {json}
	gotHead, gotJSON, _ := strings.Cut(arg, " ")
	wantHead, wantJSON, _ := strings.Cut(step.Arg, " ")
	if verb == step.Verb && gotHead == wantHead && wantJSON != "" && (wantJSON == "*" || transcript.SameJSON(gotJSON, wantJSON)) {
		return
	}
	s.t.Errorf("got %s", got)
}

func (s *stage) client(op websocket.Opcode, payload []byte) {
	s.receive(websocket.AppendFrame(nil, op, payload, &[4]byte{1, 2, 3, 4}))
}

func (s *stage) receive(b []byte) {
	for {
		used, a := s.peer.Next(b, s.now)
		b = b[used:]
		if a.Kind == peer.None {
			return
		}
		s.act(a)
	}
}

func (s *stage) act(a peer.Action) {
	switch a.Kind {
	case peer.Send:
		s.frames(a.Frame)
	case peer.Subscribe:
		if s.full {
			s.say("full", a.Channel)
			s.frames(s.peer.Declined(a.Channel, peer.DeclineFull(100)))
			return
		}
		s.say("joins", strings.TrimSpace(a.Channel+" "+a.Member.ID))
		s.frames(a.Frame)
		s.peer.Joined(a.Channel, "seat on "+a.Channel)
	case peer.Unsubscribe:
		s.say("leaves", a.Channel)
		s.ref(a)
	case peer.SignIn:
		s.frames(a.Frame)
		says := a.User.ID
		if len(a.User.Watchlist) > 0 {
			says += " watching " + strings.Join(a.User.Watchlist, " ")
		}
		if a.Was != nil {
			says += " again"
		}
		s.say("signs-in", says)
	case peer.Publish:
		s.say("publishes", a.Channel+" "+onlyText(s.t, a.Frame))
		s.ref(a)
	case peer.Closing:
		s.frames(a.Frame)
	case peer.HangUp:
		s.frames(a.Frame)
		s.say("hangs-up", "")
		s.dead = true
	}
}

// ref checks that an Action hands back what Joined was given.
func (s *stage) ref(a peer.Action) {
	if a.Ref != "seat on "+a.Channel {
		s.t.Errorf("%s comes with the ref %v", a.Channel, a.Ref)
	}
}

func (s *stage) say(verb, arg string) { s.said = append(s.said, strings.TrimSpace(verb+" "+arg)) }

// frames reads what goes to the client, as a client does.
func (s *stage) frames(b []byte) {
	b = append([]byte(nil), b...) // a parser changes what it reads
	var parser websocket.Parser
	for len(b) > 0 {
		used, item, err := parser.Next(b)
		if err != nil || item.Kind == websocket.None {
			s.t.Fatalf("not a frame for a client: %x: %v", b, err)
		}
		b = b[used:]
		switch item.Opcode {
		case websocket.Text:
			s.say("server>", string(item.Payload))
		case websocket.Ping:
			s.say("ping", fmt.Sprintf("%x", item.Payload))
		case websocket.Pong:
			s.say("pong", fmt.Sprintf("%x", item.Payload))
		case websocket.Close:
			s.say("closes", strings.TrimSpace(strconv.Itoa(item.Code)+" "+string(item.Payload)))
		}
	}
}
