package thimble_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/nacl/secretbox"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// keyring is an Authorizer for encrypted channels that remembers what it has
// given away.
type keyring struct {
	mu    sync.Mutex
	key   byte
	given [][]byte
	asked chan string
}

func (k *keyring) Authorize(_ context.Context, req thimble.AuthRequest) (thimble.Token, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := sealKey(k.key)
	k.given = append(k.given, key)
	k.asked <- req.Channel
	return thimble.Token{Auth: "k:" + req.SocketID, SharedSecret: key}, nil
}

func (k *keyring) rotate(to byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key = to
}

func sealKey(n byte) []byte {
	key := make([]byte, 32)
	for i := range key {
		key[i] = n
	}
	return key
}

// sealed is an event as the libraries of servers encrypt it.
func sealed(n byte, name, channel, text string) string {
	nonce := [24]byte{n}
	box := secretbox.Seal(nil, []byte(text), &nonce, (*[32]byte)(sealKey(n)))
	data := `{"nonce":"` + base64.StdEncoding.EncodeToString(nonce[:]) + `","ciphertext":"` + base64.StdEncoding.EncodeToString(box) + `"}`
	return string(wire.AppendStringEvent(nil, name, channel, "", data))
}

func TestEncryptedChannel(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	keys := &keyring{key: 1, asked: make(chan string, 10)}
	cfg := f.config()
	cfg.Authorizer = keys
	client := newClient(t, cfg)
	const name = "private-encrypted-room"
	room := client.Subscribe(name)
	got := events(room.Bind, "*")
	all := events(client.Bind, thimble.EventDecryptionError)
	failed := failures(client)
	run(t, client)
	p := f.accept("1.1")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"` + name + `","auth":"k:1.1"}}`)
	p.confirm(name, "{}")
	next := func(name, text string) seen {
		t.Helper()
		e := waitFor(t, name, got)
		if e.Name != name || e.Text != text {
			t.Fatalf("got %s %q, want %s %q", e.Name, e.Text, name, text)
		}
		return e
	}
	next(thimble.EventSubscribed, "")

	p.send(sealed(1, "e", name, `"one"`))
	next("e", "one")

	// The key changes: one question, and order is kept.
	keys.rotate(2)
	for _, text := range []string{"two", "three", "four"} {
		p.send(sealed(2, "e", name, text))
	}
	next("e", "two")
	next("e", "three")
	next("e", "four")

	// Garbage is lost, and told in three places.
	p.event("f", name, "plain text")
	p.send(sealed(9, "e", name, "garbage"))
	p.send(sealed(2, "e", name, "five"))
	for _, test := range []struct{ event, reason string }{{"f", "ciphertext"}, {"e", "master key"}} {
		e := next(thimble.EventDecryptionError, "")
		var typed *thimble.DecryptionError
		if !errors.As(e.Err, &typed) || typed.Channel != name || typed.Event != test.event || !strings.Contains(typed.Error(), test.reason) {
			t.Errorf("got %v", e.Err)
		}
		if err := waitFor(t, "the error", failed); err != e.Err {
			t.Errorf("OnError got %v", err)
		}
		if other := waitFor(t, "the event", all); other.Err != e.Err || other.Channel != name {
			t.Errorf("the client's handler got %v", other.Err)
		}
	}
	next("e", "five")
	if err := room.Trigger("client-x", "{}"); err != thimble.ErrEncryptedChannel {
		t.Errorf("trigger: %v", err)
	}
	if n := len(keys.asked); n != 3 {
		t.Errorf("the authorizer was asked %d times", n)
	}

	keys.mu.Lock()
	defer keys.mu.Unlock()
	for i, key := range keys.given {
		if string(key) != string(make([]byte, 32)) {
			t.Errorf("key %d that was given away is still there", i)
		}
	}
}

// TestEncryptedEventsAllocateNothing counts what one costs from the transport
// to the handler. It must not run beside others.
func TestEncryptedEventsAllocateNothing(t *testing.T) {
	conn := new(memory)
	const name = "private-encrypted-room"
	client := newClient(t, thimble.Config{
		Key: "k", Host: "example.com", Plaintext: true,
		Authorizer: &keyring{key: 1, asked: make(chan string, 10)},
		Dial:       func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	})
	got := 0
	room := client.Subscribe(name)
	room.Bind("e", func(e thimble.Event) {
		if n, ok := e.Field("n").Int(); ok && n == 5 {
			got++
		}
	})
	conn.subscribe(t, client, room)
	frame := websocket.AppendFrame(nil, websocket.Text, sealed(1, "e", name, `{"n":5,"text":"`+strings.Repeat("x", 200)+`"}`), nil)
	once := func() {
		conn.feed(frame)
		if err := client.Poll(); err != nil {
			t.Error(err)
		}
	}
	for range 10 {
		once()
	}
	got = 0
	const n = 200
	if allocs := testing.AllocsPerRun(n, once); allocs != 0 {
		t.Errorf("%v allocations for each event", allocs)
	}
	if got != n+1 {
		t.Errorf("%d of %d events", got, n+1)
	}
	client.Disconnect()
	_ = client.Poll()
}
