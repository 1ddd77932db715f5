package session_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/nacl/secretbox"

	"github.com/thimble-go/thimble/internal/session"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

const sealedRoom = "private-encrypted-room"

// testKey makes key number n. "none" is none, and "short" one of 31 bytes.
func testKey(n string) []byte {
	if n == "none" {
		return nil
	}
	if n == "short" {
		return make([]byte, 31)
	}
	i, _ := strconv.Atoi(n)
	return bytes.Repeat([]byte{byte(i)}, 32)
}

// seal encrypts as the libraries of servers do.
func seal(key []byte, text string) string {
	var k [32]byte
	copy(k[:], key)
	nonce := [24]byte{1, 2, 3}
	box := secretbox.Seal(nil, []byte(text), &nonce, &k)
	return `{"nonce":"` + base64.StdEncoding.EncodeToString(nonce[:]) + `","ciphertext":"` + base64.StdEncoding.EncodeToString(box) + `"}`
}

func sealedEvent(event, channel string, key []byte, text string) string {
	return string(wire.AppendStringEvent(nil, event, channel, "", seal(key, text)))
}

// startSealed is a stage with an encrypted channel that is subscribed.
func startSealed(t testing.TB, key []byte) (*stage, *session.Channel) {
	st := newStage(t)
	st.start("1.1", 120)
	ch := st.s.Channel(sealedRoom)
	st.s.Subscribe(st.now, ch)
	st.settle()
	q, _ := st.answer(sealedRoom)
	st.s.Authorized(st.now, ch, q.ticket, session.Token{Auth: "k:s", SharedSecret: key}, nil)
	st.settle()
	st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"` + sealedRoom + `"}`)
	st.said = nil
	return st, ch
}

// TestKnownBox opens what another implementation has sealed.
func TestKnownBox(t *testing.T) {
	t.Parallel()
	key, err := hex.DecodeString("004831f99d2a4e86723e893caded3a2897deeddbed9514fe9497dcddc52bd50b")
	if err != nil {
		t.Fatal(err)
	}
	st, _ := startSealed(t, key)
	st.text(`{"event":"e","channel":"` + sealedRoom + `","data":"{\"nonce\":\"sjklahvpWWQgAjTx5FfYHCCxd2AmaL9T\",\"ciphertext\":\"zoDEe8dA3nDXKsybAWce\\/hXGW4szJw==\"}"}`)
	if got := strings.Join(st.said, "|"); got != "event e on "+sealedRoom+" Hello!" {
		t.Errorf("got %s", got)
	}
}

// TestKeysAreWiped looks at the memory of keys after each way to be done with
// them.
func TestKeysAreWiped(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		do   func(st *stage, ch *session.Channel)
	}{
		{"unsubscribe", func(st *stage, ch *session.Channel) { st.s.Unsubscribe(st.now, ch) }},
		{"disconnect", func(st *stage, ch *session.Channel) { st.s.Disconnect() }},
		{"loss", func(st *stage, ch *session.Channel) { st.s.Lost(st.now, errCut) }},
		{"close", func(st *stage, ch *session.Channel) { st.feed(websocket.AppendClose(nil, 4200, "", nil)) }},
		{"refusal", func(st *stage, ch *session.Channel) { st.feed(websocket.AppendClose(nil, 4001, "", nil)) }},
		{"forget", func(st *stage, ch *session.Channel) { st.s.Unsubscribe(st.now, ch); st.s.Forget(ch) }},
		{"another server", func(st *stage, ch *session.Channel) { st.s.Retarget(st.now, session.Target{Host: "b", Path: "/"}) }},
		{"another key", func(st *stage, ch *session.Channel) {
			st.text(sealedEvent("e", sealedRoom, testKey("2"), "x"))
			q, _ := st.answer(sealedRoom)
			st.s.Authorized(st.now, ch, q.ticket, session.Token{SharedSecret: testKey("2")}, nil)
		}},
		{"another ready-made token", func(st *stage, ch *session.Channel) {
			st.s.SubscribeAuthorized(st.now, ch, session.Token{Auth: "k:t", SharedSecret: testKey("2")})
		}},
	} {
		for _, ready := range []bool{false, true} {
			t.Run(test.name+", ready-made "+strconv.FormatBool(ready), func(t *testing.T) {
				t.Parallel()
				st, ch := startSealed(t, testKey("1"))
				memory := [][]byte{session.Key(ch)}
				if ready {
					token := session.Token{Auth: "k:s", SharedSecret: testKey("1")}
					st.s.SubscribeAuthorized(st.now, ch, token)
					memory = append(memory, session.TokenKey(ch))
					clear(token.SharedSecret) // the session has its own copy
				}
				for i, key := range memory {
					if !bytes.Equal(key, testKey("1")) {
						t.Fatalf("key %d is %x", i, key)
					}
				}
				test.do(st, ch)
				for i, key := range memory {
					if bytes.Contains(key, testKey("1")[:1]) {
						t.Errorf("key %d is still there: %x", i, key)
					}
				}
			})
		}
	}
}

// TestHeldEventsAreBounded publishes without end while a key is awaited.
func TestHeldEventsAreBounded(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.cfg.MaxMessage = 10_000
	st.start("1.1", 120)
	const other = "private-encrypted-other"
	for _, name := range []string{sealedRoom, other} {
		st.s.SubscribeAuthorized(st.now, st.s.Channel(name), session.Token{Auth: "k:s", SharedSecret: testKey("1")})
		st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"` + name + `"}`)
	}
	st.said = nil
	var held []string
	for i := range 40 {
		text := strconv.Itoa(i) + strings.Repeat("x", 1000)
		st.text(sealedEvent("e", []string{sealedRoom, other}[i%2], testKey("2"), text))
		if len(st.said) > 0 && strings.Contains(st.said[0], "undecrypted") {
			if !strings.Contains(st.said[0], "MaxMessage") {
				t.Fatalf("%q", st.said)
			}
		} else {
			held = append(held, "event e on "+[]string{sealedRoom, other}[i%2]+" "+text)
		}
		st.said = nil
	}
	if len(held) < 7 || len(held) > 9 {
		t.Errorf("10000 bytes hold %d events of 1000", len(held))
	}
	for _, name := range []string{sealedRoom, other} {
		q, _ := st.answer(name)
		st.s.Authorized(st.now, q.ch, q.ticket, session.Token{SharedSecret: testKey("2")}, nil)
		st.settle()
	}
	if len(st.said) != len(held) {
		t.Errorf("of %d events %d came", len(held), len(st.said))
	}
	st.said = nil
	// What was held makes room again.
	st.now += time.Minute
	st.text(sealedEvent("e", sealedRoom, testKey("3"), strings.Repeat("y", 7000)))
	q, ok := st.answer(sealedRoom)
	if !ok {
		t.Fatal("no fresh key is asked for")
	}
	st.s.Authorized(st.now, q.ch, q.ticket, session.Token{SharedSecret: testKey("3")}, nil)
	st.said = nil
	st.settle()
	if len(st.said) != 1 || !strings.HasPrefix(st.said[0], "event e on "+sealedRoom+" yyy") {
		t.Errorf("got %.100q", st.said)
	}
}

// TestDecryptionAllocatesNothing counts what one encrypted event costs.
func TestDecryptionAllocatesNothing(t *testing.T) {
	st, _ := startSealed(t, testKey("1"))
	for _, size := range []int{10, 200, 2000} {
		frame := websocket.AppendFrame(nil, websocket.Text, sealedEvent("e", sealedRoom, testKey("1"), `"`+strings.Repeat("x", size)+`"`), nil)
		var ev session.Event
		once := func() {
			st.s.Received(st.now, copy(st.s.Space(), frame))
			events := 0
			for st.s.Next(st.now, &ev) {
				events++
				if ev.Kind != session.Message || len(ev.Data) != size {
					t.Errorf("event of kind %d with %d bytes", ev.Kind, len(ev.Data))
				}
			}
			if events != 1 {
				t.Errorf("%d events", events)
			}
		}
		once()
		once()
		if n := testing.AllocsPerRun(100, once); n != 0 {
			t.Errorf("%v allocations for %d bytes", n, size)
		}
	}
}

// TestLargeEventLeavesNothing checks that one large event does not cost a client
// its memory for as long as it lives.
func TestLargeEventLeavesNothing(t *testing.T) {
	t.Parallel()
	st, _ := startSealed(t, testKey("1"))
	for _, size := range []int{100 << 10, 10, 10} {
		st.text(sealedEvent("e", sealedRoom, testKey("1"), `"`+strings.Repeat("x", size)+`"`))
	}
	if n := session.Opening(st.s); n == 0 || n > 40<<10 {
		t.Errorf("%d bytes are kept", n)
	}
}

// TestUnsubscribeWhileHeldEventsAreReleased has a handler of the first event
// that has waited for a key take the channel back, or forget it: the others are
// not delivered, and another channel's are.
func TestUnsubscribeWhileHeldEventsAreReleased(t *testing.T) {
	t.Parallel()
	const other = "private-encrypted-other"
	for _, take := range []struct {
		name string
		back func(st *stage)
	}{
		{"unsubscribe", func(st *stage) { st.s.Unsubscribe(st.now, st.s.Channel(sealedRoom)) }},
		{"unsubscribe and subscribe", func(st *stage) {
			st.s.Unsubscribe(st.now, st.s.Channel(sealedRoom))
			st.s.Subscribe(st.now, st.s.Channel(sealedRoom))
		}},
		{"forget", func(st *stage) {
			st.s.Unsubscribe(st.now, st.s.Channel(sealedRoom))
			st.s.Forget(st.s.Channel(sealedRoom))
		}},
		{"disconnect", func(st *stage) { st.s.Disconnect() }},
	} {
		t.Run(take.name, func(t *testing.T) {
			t.Parallel()
			st := newStage(t)
			st.start("1.1", 120)
			for _, name := range []string{sealedRoom, other} {
				st.s.SubscribeAuthorized(st.now, st.s.Channel(name), session.Token{Auth: "k:s", SharedSecret: testKey("1")})
				st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"` + name + `"}`)
				st.text(sealedEvent("e", name, testKey("2"), "one"))
				st.text(sealedEvent("e", name, testKey("2"), "two"))
			}
			for _, name := range []string{sealedRoom, other} {
				q, _ := st.answer(name)
				st.s.Authorized(st.now, q.ch, q.ticket, session.Token{SharedSecret: testKey("2")}, nil)
			}
			st.said = nil
			var ev session.Event
			if !st.s.Next(st.now, &ev) || ev.Kind != session.Message || ev.Channel.Name != sealedRoom || string(ev.Data) != "one" {
				t.Fatalf("first comes %+v", ev)
			}
			take.back(st)
			var got []string
			for st.s.Next(st.now, &ev) {
				if ev.Kind == session.Message {
					got = append(got, ev.Channel.Name+" "+string(ev.Data))
				}
			}
			want := other + " one " + other + " two"
			if take.name == "disconnect" {
				want = ""
			}
			if all := strings.Join(got, " "); all != want {
				t.Errorf("then came %q, want %q", all, want)
			}
			if st.s.Busy() {
				t.Error("it is busy with nothing")
			}
		})
	}
}

// TestPlaintextThatIsNoText publishes bytes that are not UTF-8: users get text.
func TestPlaintextThatIsNoText(t *testing.T) {
	t.Parallel()
	st, _ := startSealed(t, testKey("1"))
	st.said = nil
	st.text(sealedEvent("e", sealedRoom, testKey("1"), "\xff\xfe"))
	if len(st.said) != 1 || !strings.HasPrefix(st.said[0], "undecrypted "+sealedRoom+" e") || !strings.HasSuffix(st.said[0], "not UTF-8 text") {
		t.Errorf("got %q", st.said)
	}
}
