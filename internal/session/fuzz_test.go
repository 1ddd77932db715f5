package session_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/session"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// FuzzReceived feeds a connected session with whatever a server may send, cut
// at arbitrary places. It must not panic, must end or go on, and must not hold
// more memory than it was given.
func FuzzReceived(f *testing.F) {
	// The messages of the transcripts are where the interesting bytes are.
	for _, name := range []string{"messages", "presence", "refusal", "subscription", "encrypted", "user"} {
		text, err := os.ReadFile("testdata/" + name + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		var all []byte
		for _, line := range strings.Split(string(text), "\n") {
			if message, ok := strings.CutPrefix(line, "server> "); ok {
				all = websocket.AppendFrame(all, websocket.Text, message, nil)
			}
			if sealed, ok := strings.CutPrefix(line, "sealed "); ok {
				word := strings.SplitN(sealed+"   ", " ", 4)
				all = websocket.AppendFrame(all, websocket.Text, sealedEvent(word[1], word[0], testKey(word[2]), strings.TrimSpace(word[3])), nil)
			}
			if strings.HasPrefix(line, "== ") && len(all) > 0 {
				f.Add(all, byte(len(all)))
				all = nil
			}
		}
	}
	f.Add([]byte("\x89\x7d"+strings.Repeat("p", 125)), byte(3))
	f.Add(websocket.AppendClose(nil, 4200, "restart", nil), byte(0))
	f.Add([]byte("\x01\x03{\"e\x80\x00\x82\x00"), byte(1))
	f.Add([]byte("\x81\x7f\x00\x00\x00\x00\x3f\xff\xff\xff"), byte(7))

	f.Fuzz(func(t *testing.T, data []byte, cut byte) {
		st := newStage(t)
		st.cfg.ReadBuffer, st.cfg.MaxMessage, st.cfg.Queue = 1024, 4096, 2048
		st.start("1.1", 120)
		s := st.s
		for _, name := range []string{"a", "cache-a"} {
			s.Subscribe(st.now, s.Channel(name))
		}
		if err := s.SignIn(st.now); err != nil {
			t.Fatal(err)
		}
		s.AuthorizedUser(st.now, 1, session.UserToken{Auth: "k:u", UserData: `{"id":"7"}`}, nil)
		s.SubscribeAuthorized(st.now, s.Channel("private-encrypted-a"), session.Token{Auth: "k:a", SharedSecret: testKey("1")})
		for _, name := range []string{"private-a", "presence-a"} {
			s.SubscribeAuthorized(st.now, s.Channel(name), session.Token{Auth: "k:a", ChannelData: `{"user_id":"me"}`})
		}
		own := len(s.Output(nil))
		var ev session.Event
		for round := 0; len(data) > 0; round++ {
			space := s.Space()
			if len(space) == 0 {
				t.Fatal("no space to read to")
			}
			if len(space) > 4096+1024 {
				t.Fatalf("%d bytes for messages of 4096", len(space))
			}
			n := copy(space, data[:min(len(data), 1+int(cut)*round%97)])
			data = data[n:]
			s.Received(st.now, n)
			for s.Next(st.now, &ev) {
				if ev.Kind == session.Authorize && ev.Channel.Kind == wire.Encrypted {
					s.Authorized(st.now, ev.Channel, ev.Ticket, session.Token{SharedSecret: testKey(strconv.Itoa(round % 3))}, nil)
				}
				if ev.Kind == session.Message && strings.HasPrefix(string(ev.Name), "pusher_internal:") {
					t.Errorf("the user sees %s", ev.Name)
				}
				if len(ev.UserID) > 0 && ev.Channel.Name != "presence-a" {
					t.Errorf("a sender on %s", ev.Channel.Name)
				}
				if ev.Err != nil {
					_ = ev.Err.Error()
				}
			}
			if s.State() != session.Connected {
				return
			}
			if round%7 == 6 {
				// The driver gives up on a transport that takes nothing for
				// long, so time does not pass over a full queue.
				s.Output(nil)
				st.now += time.Duration(cut) * time.Second
				s.Advance(st.now)
			}
		}
		// What nobody reads is bounded by the queue, but for the answers to
		// what the user asked for.
		if out := s.Output(nil); len(out) > 2048+own+16*200 {
			t.Errorf("%d bytes wait to be written", len(out))
		}
	})
}
