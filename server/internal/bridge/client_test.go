package bridge

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/firmware/serialnet"
	"github.com/thimble-go/thimble/server/broker"
)

const room = "presence-room"

// venue is a broker that can be restarted.
type venue struct {
	t       testing.TB
	address string
	b       *broker.Broker
	ended   chan error
}

func (v *venue) open() {
	v.t.Helper()
	l, err := net.Listen("tcp", v.address)
	if err != nil {
		v.t.Fatal(err)
	}
	v.address = l.Addr().String()
	v.b, err = broker.New(broker.Config{Apps: []broker.App{{ID: "app-id", Key: "app-key", Secret: "app-secret", ClientEvents: true}}})
	if err != nil {
		v.t.Fatal(err)
	}
	v.ended = make(chan error, 1)
	go func() { v.ended <- v.b.Serve(l) }()
}

func (v *venue) close() {
	v.t.Helper()
	if err := v.b.Shutdown(within(v.t)); err != nil {
		v.t.Error(err)
	}
	<-v.ended
}

// member starts a client that is in the room, and returns it with the members
// that it sees come, or find when it comes itself, and what it is sent.
func (v *venue) member(userID string, dial func(context.Context, string, string) (net.Conn, error), answer bool) (client *thimble.Client, got chan string) {
	v.t.Helper()
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Host: v.address, Plaintext: true, Dial: dial,
		Authorizer: thimble.AuthorizerFunc(func(_ context.Context, req thimble.AuthRequest) (thimble.Token, error) {
			data := `{"user_id":"` + userID + `"}`
			auth, err := channelauth.Signer{Key: "app-key", Secret: "app-secret"}.SignChannel(req.SocketID, req.Channel, data)
			return thimble.Token{Auth: auth, ChannelData: data}, err
		}),
	})
	if err != nil {
		v.t.Fatal(err)
	}
	got = make(chan string, 1000)
	channel := client.Subscribe(room)
	channel.Bind(thimble.EventSubscribed, func(thimble.Event) { got <- "subscribed" })
	channel.Bind("headline", func(e thimble.Event) { got <- "headline " + string(e.Data) })
	channel.Bind("client-question", func(e thimble.Event) {
		got <- "question " + string(e.Data)
		if answer {
			if err := channel.Trigger("client-answer", string(e.Data)); err != nil {
				v.t.Error(err)
			}
		}
	})
	channel.Bind("client-answer", func(e thimble.Event) { got <- "answer " + string(e.Data) })
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Add(1)
	go func() {
		defer running.Done()
		_ = client.Run(ctx)
	}()
	v.t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return client, got
}

// await waits until something was told.
func await(t testing.TB, got chan string, want string) {
	t.Helper()
	end := within(t)
	for {
		select {
		case text := <-got:
			if text == want {
				return
			}
		case <-end.Done():
			t.Fatalf("never: %s", want)
		}
	}
}

// clientOver runs a client over a line while everything around it restarts: it
// subscribes, gets an event, and answers a client event, each time.
func clientOver(t *testing.T, stream io.ReadWriter, open func(context.Context) (io.ReadWriteCloser, error)) {
	v := &venue{t: t, address: "127.0.0.1:0"}
	v.open()
	defer func() { v.close() }()
	cfg := Config{Allow: []string{v.address}}
	r := start(t, cfg, open)
	dev := board(t, stream, serialnet.Config{})

	_, board := v.member("board", dev.Dial, true)
	await(t, board, "subscribed")
	desk, witness := v.member("desk", nil, false)
	await(t, witness, "subscribed")

	number := 0
	converse := func() {
		t.Helper()
		number++
		headline := fmt.Sprintf(`{"n":%d}`, number)
		if err := v.b.Publish(within(t), "app-id", broker.Event{Name: "headline", Channels: []string{room}, Data: headline}); err != nil {
			t.Fatal(err)
		}
		await(t, board, "headline "+headline)
		question := fmt.Sprintf(`{"q":%d}`, number)
		if err := desk.Channel(room).Trigger("client-question", question); err != nil {
			t.Fatal(err)
		}
		await(t, board, "question "+question)
		await(t, witness, "answer "+question)
	}
	converse()

	v.close()
	v.open()
	await(t, board, "subscribed")
	await(t, witness, "subscribed")
	converse()

	r.stop()
	start(t, cfg, open)
	await(t, board, "subscribed")
	converse()
}

// TestClient runs a client over a line that loses, changes and invents bytes.
func TestClient(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	r := random(7)
	c.noise = func(p []byte) []byte { // called with the cable's lock
		at := r.IntN(len(p))
		switch r.IntN(30) {
		case 0:
			return p[:at]
		case 1:
			p[at] ^= 1 << r.IntN(8)
		case 2:
			return append(p[:at:at], append(bytesOf(r, 20), p[at:]...)...)
		}
		return p
	}
	clientOver(t, c, over(c))
}
