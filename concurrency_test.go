package thimble_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// TestManyGoroutines uses one client from everywhere at once. It is for the
// race detector, and to find deadlocks and wakeups that are lost.
func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	t.Run("Run", func(t *testing.T) {
		t.Parallel()
		everything(t, func(t testing.TB, c *thimble.Client) { run(t, c) }, 100_000, func(*thimble.Client) {})
	})
	t.Run("Poll", func(t *testing.T) {
		t.Parallel()
		everything(t, loop, 200, func(c *thimble.Client) {
			c.Disconnect() // at which Run would return
			c.Connect()
		})
	})
}

// everything lets eight goroutines do what they like with a client, on a
// server that drops each connection after so many messages.
func everything(t *testing.T, drive func(testing.TB, *thimble.Client), messages int, again func(*thimble.Client)) {
	f := newFake(t)
	cfg := f.eager()
	cfg.Authorizer = sealedTokens
	cfg.UserAuthorizer = ann
	client := newClient(t, cfg)
	changes := states(client)
	stop := make(chan struct{})
	var server sync.WaitGroup
	server.Add(1)
	go func() {
		defer server.Done()
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			case conn := <-f.conns:
				serveAll(t, conn, strconv.Itoa(n)+".1", messages)
			}
		}
	}()
	drive(t, client)
	reach(t, changes, thimble.StateConnected)
	var users sync.WaitGroup
	for g := range 8 {
		users.Add(1)
		go func() {
			defer users.Done()
			for i := range 500 {
				name := []string{"a", "private-a", "presence-a", "private-encrypted-a"}[(g+i)%4]
				ch := client.Channel(name)
				b := ch.Bind("x", func(thimble.Event) {
					// Handlers do as they like, too.
					switch i % 5 {
					case 0:
						ch.Unsubscribe()
					case 1:
						ch.Subscribe()
					case 2:
						_ = client.Channel("private-a").Trigger("client-y", "{}")
					case 3:
						client.Probe()
					}
				})
				switch i % 9 {
				case 0, 1, 2:
					client.Subscribe(name)
				case 3:
					ch.Unsubscribe()
				case 4:
					_ = ch.Members()
					_, _, _ = client.State(), client.SocketID(), ch.Err()
					_, _, _ = client.User().ID(), client.User().Data(), client.User().Err()
					if i%2 == 0 {
						_ = client.SignIn()
					} else if i%5 == 0 {
						client.SignOut()
					}
				case 5:
					client.SubscribeAuthorized("private-a", thimble.Token{Auth: "key:" + client.SocketID()})
				case 6:
					if i%70 == 6 {
						again(client)
					}
				case 7:
					if i%3 == 0 {
						client.Channel(name).Forget()
					}
				case 8:
					if i%4 == 0 {
						client.Probe()
					}
					if i%50 == 8 {
						if err := client.Switch(thimble.Server{Host: cfg.Host, Plaintext: true}); err != nil {
							t.Error(err)
						}
					}
				}
				_ = ch.Trigger("client-x", `{"n":1}`)
				b.Unbind()
			}
		}()
	}
	users.Wait()
	again(client) // so many short connections have made the delays grow
	last := client.Channel("last")
	reached := make(chan struct{})
	var once sync.Once
	last.Bind(thimble.EventSubscribed, func(thimble.Event) { once.Do(func() { close(reached) }) })
	last.Subscribe()
	last.Unsubscribe()
	last.Subscribe()
	waitFor(t, "the last subscription", reached)
	close(stop)
	client.Disconnect()
	server.Wait()
}

// sealedTokens is an Authorizer that has a key for each encrypted channel.
var sealedTokens = thimble.AuthorizerFunc(func(ctx context.Context, req thimble.AuthRequest) (thimble.Token, error) {
	token, err := tokens(`{"user_id":"me"}`).Authorize(ctx, req)
	if strings.HasPrefix(req.Channel, "private-encrypted-") {
		token.SharedSecret = sealKey(1)
	}
	return token, err
})

// serveAll greets and answers everything, until so many messages have come or
// the client goes.
func serveAll(t testing.TB, conn net.Conn, socketID string, messages int) {
	defer conn.Close()
	p, err := upgrade(t, conn)
	if err != nil {
		return
	}
	reply := websocket.AppendFrame(nil, websocket.Text, wire.AppendEstablished(nil, socketID, 120), nil)
	for range messages {
		if _, err := conn.Write(reply); err != nil {
			return
		}
		item, err := p.next()
		if err != nil || item.Opcode == websocket.Close {
			return
		}
		var m wire.Message
		if err := wire.Parse(item.Payload, &m); err != nil {
			t.Errorf("server: got %q", item.Payload)
			return
		}
		reply = reply[:0]
		if string(m.Event) == "pusher:signin" {
			reply = websocket.AppendFrame(reply, websocket.Text, wire.AppendStringEvent(nil, "pusher:signin_success", "", "", string(m.Data)), nil)
		}
		if string(m.Event) == "pusher:subscribe" {
			name := wire.Value(m.Data).Get("channel").Text()
			reply = websocket.AppendFrame(reply, websocket.Text, wire.AppendStringEvent(nil, "pusher_internal:subscription_succeeded", name, "", "{}"), nil)
			reply = websocket.AppendFrame(reply, websocket.Text, wire.AppendStringEvent(nil, "x", name, "", "{}"), nil)
			reply = websocket.AppendFrame(reply, websocket.Text, sealed(byte(len(reply)%3), "x", name, "{}"), nil)
		}
	}
}
