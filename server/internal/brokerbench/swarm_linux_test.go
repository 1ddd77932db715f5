package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/thimble-go/thimble/server/broker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSwarm has the load on a broker in this process: every client gets every
// event once, deaf ones nothing, which end alone, and all others come back.
func TestSwarm(t *testing.T) {
	t.Parallel()
	const clients, events = 60, 20
	b, err := broker.New(broker.Config{Apps: []broker.App{{ID: appID, Key: appKey, Secret: appSecret}}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- b.Serve(l) }()
	s, err := newSwarm(pusherDialect(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	step := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	step(s.connect(clients, false, false))
	if n := b.Stats(); n.Connections != clients || n.Channels != 0 {
		t.Errorf("%+v", n)
	}
	step(s.subscribe())
	step(s.connect(5, true, true))
	for round := range 2 {
		s.do(func() { s.delays = []int32{} })
		publish := pusherPublisher(l.Addr().String())
		for range events {
			step(publish(event(dataSize)))
		}
		step(s.quiet(int64((round + 1) * events * clients)))
		if n := s.received.Load(); n != int64((round+1)*events*clients) {
			t.Errorf("%d events were received", n)
		}
		s.do(func() {
			if len(s.delays) != events*clients {
				t.Errorf("%d delays", len(s.delays))
			}
			for _, d := range s.delays {
				if d < 0 || time.Duration(d)*time.Microsecond > time.Since(started) {
					t.Errorf("a delay of %d us", d)
				}
			}
		})
		if round == 0 {
			s.dismiss()
			for deadline := time.Now().Add(20 * time.Second); b.Stats().Connections != clients; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%+v", b.Stats())
				}
			}
			s.reset()
			step(s.connect(clients, true, false))
		}
	}
	s.close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	step(b.Shutdown(ctx))
	if err := <-served; !errors.Is(err, broker.ErrClosed) {
		t.Error(err)
	}
}

func TestEventSize(t *testing.T) {
	t.Parallel()
	if text := event(dataSize); len(text) != dataSize || !strings.HasPrefix(text, string(mark)) {
		t.Errorf("%q has %d bytes", text, len(text))
	}
}
