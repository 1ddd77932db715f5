package broker_test

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/broker"
)

// Events reach every connection in the order in which they were published, and
// all connections in the same order when several publish at once.
func TestFanOutOrder(t *testing.T) {
	t.Parallel()
	const clients, publishers, events = 20, 4, 200
	b, address := serve(t, broker.Config{QueueBytes: 1 << 20})
	var group []*raw
	for range clients {
		c := connect(t, address)
		c.subscribe("room")
		group = append(group, c)
	}
	var publishing sync.WaitGroup
	for p := range publishers {
		publishing.Go(func() {
			for i := range events {
				e := broker.Event{Name: strconv.Itoa(p), Channels: []string{"room"}, Data: strconv.Itoa(i)}
				if err := b.Publish(t.Context(), appID, e); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var first []string
	for i, c := range group {
		var got []string
		next := make(map[string]int)
		for range publishers * events {
			text := c.text()
			var m struct{ Event, Data string }
			decode(t, text, &m)
			if m.Data != strconv.Itoa(next[m.Event]) {
				t.Fatalf("client %d: %s, want %d", i, text, next[m.Event])
			}
			next[m.Event]++
			got = append(got, text)
		}
		if i == 0 {
			first = got
		} else if strings.Join(got, "\n") != strings.Join(first, "\n") {
			t.Fatalf("client %d has another order than client 0", i)
		}
	}
	publishing.Wait()
}

// However fast somebody publishes, the confirmation comes first.
func TestConfirmationComesFirst(t *testing.T) {
	t.Parallel()
	// Nobody is to be cut off for being slow: the publisher has no mercy, and
	// the machine may be busy.
	b, address := serve(t, broker.Config{QueueBytes: 64 << 20})
	stop := make(chan struct{})
	var publishing sync.WaitGroup
	publishing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				b.Publish(t.Context(), appID, broker.Event{Name: "on", Channels: []string{"room"}, Data: "{}"})
			}
		}
	})
	for range 20 {
		c := connect(t, address)
		c.subscribe("room") // fails if an event comes before
		c.conn.Close()
	}
	close(stop)
	publishing.Wait()
}

// One publication may go to a hundred channels, faster than any socket takes
// it: that does not make its reader slow. Queue and data have a tenth of their
// usual size, for the sake of busy machines: who takes nothing for a second is
// slow.
func TestBurstReachesItsReader(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{QueueBytes: broker.DefaultQueueBytes / 10})
	c := connect(t, address)
	channels := make([]string, 100)
	for i := range channels {
		channels[i] = "room-" + strconv.Itoa(i)
		c.subscribe(channels[i])
	}
	data := strings.Repeat("\x01", 1<<10) // six bytes each in JSON
	for range 3 {
		published := make(chan error, 1)
		go func() {
			published <- b.Publish(t.Context(), appID, broker.Event{Name: "all", Channels: channels, Data: data})
		}()
		for _, name := range channels {
			var m struct{ Channel string }
			if decode(t, c.text(), &m); m.Channel != name {
				t.Fatalf("got %q, want %q", m.Channel, name)
			}
		}
		if err := <-published; err != nil {
			t.Fatal(err)
		}
	}
	if n := b.Stats().SlowReaders; n != 0 {
		t.Errorf("%d readers count as slow", n)
	}
}

// A client that does not read is closed with 4100; the others get everything.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{QueueBytes: 64 << 10})
	slow := dial(t, address, "/app/app-key?protocol=7")
	slow.welcome()
	slow.subscribe("room")
	good := connect(t, address)
	good.subscribe("room")

	data := strings.Repeat("x", 10_000)
	events := 0
	for deadline := time.Now().Add(patience); b.Stats().SlowReaders == 0; events++ {
		if time.Now().After(deadline) {
			t.Fatal("the slow reader is never closed")
		}
		if err := b.Publish(t.Context(), appID, broker.Event{Name: strconv.Itoa(events), Channels: []string{"room"}, Data: data}); err != nil {
			t.Fatal(err)
		}
		var m struct{ Event string }
		decode(t, good.text(), &m)
		if m.Event != strconv.Itoa(events) {
			t.Fatalf("got %s, want %d", m.Event, events)
		}
	}
	good.alive()

	// What the slow one reads at last are whole events in order, then the code.
	for want := 0; ; want++ {
		item, err := slow.next()
		if err != nil {
			t.Fatal(err)
		}
		if item.Opcode == websocket.Close {
			if item.Code != 4100 || want == 0 || want >= events {
				t.Errorf("close %d after %d of %d events", item.Code, want, events)
			}
			break
		}
		var m struct{ Event string }
		decode(t, string(item.Payload), &m)
		if m.Event != strconv.Itoa(want) {
			t.Fatalf("got %s, want %d", m.Event, want)
		}
	}
	slow.write(websocket.AppendClose(nil, 4100, "", testMask))
	slow.ends()
	if n := b.Stats().SlowReaders; n != 1 {
		t.Errorf("%d slow readers", n)
	}
	eventually(t, "the slow reader is gone", func() bool { return b.Stats().Connections == 1 })
}

// A client that takes nothing is cut after WriteTimeout, however little waits
// for it; the others go on.
func TestWriteTimeout(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{QueueBytes: 1 << 30, WriteTimeout: 300 * time.Millisecond})
	slow := dial(t, address, "/app/app-key?protocol=7")
	slow.conn.(*net.TCPConn).SetReadBuffer(8 << 10)
	slow.welcome()
	slow.subscribe("room")
	good := connect(t, address)
	good.subscribe("room")

	event := broker.Event{Name: "e", Channels: []string{"room"}, Data: strings.Repeat("x", 10_000)}
	for deadline := time.Now().Add(patience); b.Stats().Connections == 2; {
		if time.Now().After(deadline) {
			t.Fatal("the connection that takes nothing is never cut")
		}
		if err := b.Publish(t.Context(), appID, event); err != nil {
			t.Fatal(err)
		}
		good.text()
	}
	good.alive()
	if n := b.Stats().SlowReaders; n != 1 {
		t.Errorf("%d slow readers", n)
	}
}

// An event larger than the whole queue still goes to a client that reads.
func TestEventLargerThanTheQueue(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{QueueBytes: 4 << 10})
	c := connect(t, address)
	c.subscribe("room")
	for range 5 {
		if err := b.Publish(t.Context(), appID, broker.Event{Name: "on", Channels: []string{"room"}, Data: strings.Repeat("x", 10_000)}); err != nil {
			t.Fatal(err)
		}
		if text := c.text(); len(text) < 10_000 {
			t.Fatal(text)
		}
		c.alive()
	}
}

// Many clients come, change channels and go at once; at the end nothing is
// left of them.
func TestChurn(t *testing.T) {
	t.Parallel()
	const clients, rounds = 1000, 3
	b, address := serve(t, broker.Config{})
	var group sync.WaitGroup
	places := make(chan struct{}, 100) // of those who are connecting: the backlog of a listener is short
	failed := make(chan string, clients)
	for i := range clients {
		group.Go(func() {
			places <- struct{}{}
			c, err := quickDial(address)
			<-places
			if err != nil {
				failed <- err.Error()
				return
			}
			defer c.conn.Close()
			own := fmt.Sprintf("own-%d", i)
			for range rounds {
				for _, channel := range []string{"everybody", own} {
					if err := c.trySubscribe(channel); err != nil {
						failed <- err.Error()
						return
					}
				}
				for _, channel := range []string{own, "everybody"} {
					c.conn.Write(websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher:unsubscribe","data":{"channel":"`+channel+`"}}`, testMask))
				}
			}
			if err := c.trySubscribe("everybody"); err != nil {
				failed <- err.Error()
			}
		})
	}
	group.Wait()
	close(failed)
	for err := range failed {
		t.Fatal(err)
	}
	eventually(t, "all are gone", func() bool { s := b.Stats(); return s.Connections == 0 && s.Channels == 0 })
}

// quickDial and trySubscribe return errors, for goroutines that may not end a
// test.
func quickDial(address string) (*raw, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	c := &raw{conn: conn}
	request, err := websocket.AppendRequest(nil, "x", "/app/app-key?protocol=7", testKey)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	for {
		n, err := websocket.ParseResponse(c.buffer, testKey)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			c.buffer = c.buffer[n:]
			break
		}
		if err := c.tryFill(); err != nil {
			return nil, err
		}
	}
	_, err = c.next()
	return c, err
}

func (c *raw) trySubscribe(channel string) error {
	frame := websocket.AppendFrame(nil, websocket.Text, `{"event":"pusher:subscribe","data":{"channel":"`+channel+`"}}`, testMask)
	if _, err := c.conn.Write(frame); err != nil {
		return err
	}
	item, err := c.next()
	if err != nil {
		return err
	}
	if want := `{"event":"pusher_internal:subscription_succeeded","channel":"` + channel + `"`; !strings.HasPrefix(string(item.Payload), want) {
		return fmt.Errorf("got %s, want %s", item.Payload, want)
	}
	return nil
}
