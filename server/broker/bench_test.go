package broker

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// void is an outlet that takes everything.
type void struct{}

func (void) queue([]byte)  {}
func (void) finish([]byte) {}

func (void) hurry(*peer.Refusal) {}

func (a *app) stranger(n int, out outlet) *client {
	c := &client{app: a, out: out}
	c.peer, _ = peer.New(a.settings, "1."+strconv.Itoa(n), 0)
	return c
}

func (c *client) enter(channel string) {
	c.subscribe(&peer.Action{Kind: peer.Subscribe, Channel: channel, Frame: peer.EventFrame(peer.Succeeded, channel, "{}")})
}

// discard is a connection that takes every write at once.
type discard struct{ net.Conn }

func (discard) Write(b []byte) (int, error)      { return len(b), nil }
func (discard) SetWriteDeadline(time.Time) error { return nil }

// box is an outbox without a socket.
type box struct {
	outbox
	void
}

func (b *box) queue(frame []byte)  { b.outbox.queue(frame) }
func (b *box) finish(frame []byte) { b.outbox.finish(frame) }

// BenchmarkFanOut publishes to 1,000 subscribers in the process and waits until
// all has been written: what the broker itself costs, without system calls.
func BenchmarkFanOut(b *testing.B) {
	const subscribers = 1000
	app := testApp(b)
	boxes := make([]*box, subscribers)
	for i := range boxes {
		boxes[i] = &box{outbox: outbox{conn: discard{}, limit: atMost(DefaultQueueBytes)}}
		app.stranger(i, boxes[i]).enter("room")
	}
	event := Event{Name: "event", Channels: []string{"room"}, Data: `{"some":"data"}`}
	b.ReportAllocs()
	for b.Loop() {
		app.publish(&event)
		for _, box := range boxes {
			box.wait()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/subscribers, "ns/delivery")
}

// BenchmarkSubscribe joins and leaves a channel on which many are already: it
// must cost the same.
func BenchmarkSubscribe(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("among=%d", n), func(b *testing.B) {
			app := testApp(b)
			for i := range n {
				app.stranger(i, void{}).enter("room")
			}
			c := app.stranger(n, void{})
			b.ReportAllocs()
			for b.Loop() {
				c.enter("room")
				c.gone()
			}
		})
	}
}

// BenchmarkDisconnect ends a connection that is on ten channels, in an
// application with few and with many others.
func BenchmarkDisconnect(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("channels=%d", n), func(b *testing.B) {
			app := testApp(b)
			for i := range n {
				app.stranger(i, void{}).enter("c" + strconv.Itoa(i))
			}
			c := app.stranger(n, void{})
			b.ReportAllocs()
			for b.Loop() {
				for i := range 10 {
					c.enter("c" + strconv.Itoa(i))
				}
				c.gone()
			}
		})
	}
}
