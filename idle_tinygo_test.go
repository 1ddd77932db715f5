//go:build tinygo && go1.25

package thimble_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
)

// meter counts what goes through a connection, and how often whoever reads
// from it wakes up.
type meter struct {
	net.Conn
	up, down, wakes atomic.Int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	m.down.Add(int64(n))
	m.wakes.Add(1)
	return n, err
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.Conn.Write(p)
	m.up.Add(int64(n))
	return n, err
}

// quietServer greets, confirms what is subscribed, and answers pings: all that
// an idle connection hears.
func quietServer(conn net.Conn) {
	in := bufio.NewReader(conn)
	r, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", websocket.Accept(r.Header.Get("Sec-WebSocket-Key")))
	say := func(text string) { _, _ = conn.Write(websocket.AppendFrame(nil, websocket.Text, text, nil)) }
	say(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.1\",\"activity_timeout\":120}"}`)
	for first := true; ; first = false {
		// Frames of a client this idle are short: two bytes, four of mask, data.
		head := make([]byte, 6)
		if _, err := io.ReadFull(in, head); err != nil {
			return
		}
		if _, err := in.Discard(int(head[1] & 0x7f)); err != nil {
			return
		}
		if first {
			say(`{"event":"pusher_internal:subscription_succeeded","channel":"news","data":"{}"}`)
		} else {
			say(`{"event":"pusher:pong","data":"{}"}`)
		}
	}
}

// TestIdleHour measures an hour of a connection on which nothing happens, and
// compares with what docs/boards.md says of it.
func TestIdleHour(t *testing.T) {
	guide, err := os.ReadFile("docs/boards.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, wait := range map[string]time.Duration{"Run": 0, "Poll, PollWait 1 s": time.Second, "Poll, PollWait 20 ms": 20 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				m := &meter{Conn: near}
				client, err := thimble.New(thimble.Config{
					Key: "k", Host: "example.com", Plaintext: true, PollWait: wait,
					Dial: func(context.Context, string, string) (net.Conn, error) { return m, nil },
				})
				if err != nil {
					t.Fatal(err)
				}
				news := client.Subscribe("news")
				ctx, cancel := context.WithCancel(t.Context())
				go quietServer(far)
				done := make(chan struct{})
				go func() {
					defer close(done)
					if wait == 0 {
						_ = client.Run(ctx)
						return
					}
					for ctx.Err() == nil && client.Poll() == nil {
					}
				}()
				time.Sleep(time.Minute)
				if !news.Subscribed() {
					t.Fatalf("%s: not subscribed after a minute", name)
				}
				synctest.Wait()
				up, down, wakes := m.up.Load(), m.down.Load(), m.wakes.Load()
				time.Sleep(time.Hour)
				synctest.Wait()
				line := fmt.Sprintf("| %s | %d | %d | %d |", name, m.up.Load()-up, m.down.Load()-down, m.wakes.Load()-wakes)
				if !strings.Contains(string(guide), line) {
					t.Errorf("docs/boards.md does not have: %s", line)
				}
				cancel()
				<-done
				client.Disconnect()
				_ = near.Close()
				_ = far.Close()
			})
		})
	}
}
