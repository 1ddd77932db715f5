package broker_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/broker"
)

// What comes byte by byte means the same as at once: the head, a message, and a
// request that is for HTTP.
func TestInPieces(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{})
	dribble := func(conn net.Conn, text string) {
		t.Helper()
		for i := range text {
			if _, err := conn.Write([]byte{text[i]}); err != nil {
				t.Fatal(err)
			}
		}
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request, err := websocket.AppendRequest(nil, "x", target, testKey)
	if err != nil {
		t.Fatal(err)
	}
	dribble(conn, string(request[:len(request)-1]))
	c := &raw{t: t, conn: conn}
	c.open(request[len(request)-1:])
	c.welcome()
	dribble(conn, string(websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher:ping"}`, testMask)))
	c.expect(`{"event":"pusher:pong","data":{}}`)

	// A large message in parts, behind a small one and before another.
	large := `{"event":"client-x","data":"` + strings.Repeat("x", 60_000) + `"}`
	var all []byte
	for _, text := range []string{`{"event":"pusher:ping"}`, large, `{"event":"pusher:ping"}`} {
		all = websocket.AppendFrame(all, websocket.Text, text, testMask)
	}
	for len(all) > 0 {
		n := min(len(all), 7001)
		c.write(all[:n])
		all = all[n:]
	}
	c.expect(`{"event":"pusher:pong","data":{}}`)
	if text := c.text(); !strings.Contains(text, "pusher:error") {
		t.Errorf("got %s", text)
	}
	c.expect(`{"event":"pusher:pong","data":{}}`)

	plain, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	plain.SetDeadline(time.Now().Add(patience))
	in := bufio.NewReader(plain)
	for range 2 { // the second one on the same connection
		dribble(plain, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK || string(body) != "ok\n" {
			t.Errorf("got %s: %s", response.Status, body)
		}
	}
}

// TestMassDisconnect has hundreds go at once, with a reset, and as many come
// meanwhile: who comes is served, and nothing is left of the others.
func TestMassDisconnect(t *testing.T) {
	t.Parallel()
	const clients = 300
	b, address := serve(t, broker.Config{})
	crowd := func() (all []*raw) {
		for range clients {
			c, err := quickDial(address)
			if err != nil {
				t.Fatal(err)
			}
			c.t = t
			if err := c.trySubscribe("room"); err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		return all
	}
	old := crowd()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for _, c := range old {
			c.conn.(*net.TCPConn).SetLinger(0)
			c.conn.Close()
		}
	}()
	fresh := crowd()
	<-gone
	eventually(t, "the others are gone", func() bool { return b.Stats().Connections == clients })
	if err := b.Publish(t.Context(), appID, broker.Event{Name: "on", Channels: []string{"room"}, Data: "{}"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range fresh {
		c.expect(`{"event":"on","channel":"room","data":"{}"}`)
		c.conn.Close()
	}
	eventually(t, "nothing is left", func() bool { s := b.Stats(); return s.Connections == 0 && s.Channels == 0 })
}
