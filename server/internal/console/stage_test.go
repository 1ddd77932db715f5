package console_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/server/broker"
)

// patience bounds every wait of a test: far more than any takes.
const patience = 20 * time.Second

const password = "an operator's password"

func apps() []broker.App {
	return []broker.App{
		{ID: "shop", Key: "shop-key", Secret: "shop-secret", ClientEvents: true, MaxEventData: 200 << 10, ClientEventRate: 1000, MaxMembers: 2},
		{ID: "staging", Key: "staging-key", Secret: "staging-secret"},
	}
}

// stage is a broker that can be ended and started again at its address.
type stage struct {
	t       *testing.T
	config  broker.Config
	broker  *broker.Broker
	address string
	ended   chan error
}

func start(t *testing.T, c broker.Console) *stage {
	t.Helper()
	s := &stage{t: t, config: broker.Config{Apps: apps(), Console: c}, address: "127.0.0.1:0"}
	s.start()
	t.Cleanup(func() {
		s.end()
		http.DefaultClient.CloseIdleConnections()
	})
	return s
}

func (s *stage) start() {
	s.t.Helper()
	b, err := broker.New(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.broker, s.address, s.ended = b, l.Addr().String(), make(chan error, 1)
	go func() { s.ended <- b.Serve(l) }()
}

func (s *stage) end() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.broker.Shutdown(ctx); err != nil {
		s.t.Errorf("Shutdown: %v", err)
	}
	if err := <-s.ended; !errors.Is(err, broker.ErrClosed) {
		s.t.Errorf("Serve: %v", err)
	}
}

func (s *stage) url(path string) string { return "http://" + s.address + path }

func (s *stage) publish(event string, data string, channels ...string) {
	s.t.Helper()
	if err := s.broker.Publish(context.Background(), "shop", broker.Event{Name: event, Channels: channels, Data: data}); err != nil {
		s.t.Fatal(err)
	}
}

// refused sends a request to the HTTP API that nobody has signed.
func (s *stage) refused() {
	s.t.Helper()
	res, err := http.Post(s.url("/apps/shop/events"), "application/json", strings.NewReader("{}"))
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		s.t.Errorf("status %d", res.StatusCode)
	}
}

// client is one that runs until the test ends.
type client struct {
	*thimble.Client
	events chan thimble.Event // all that come
}

// connect has a client subscribe, and returns when it has.
func (s *stage) connect(user string, channels ...string) *client {
	s.t.Helper()
	one, err := thimble.New(thimble.Config{
		Key: "shop-key", Host: s.address, Plaintext: true,
		Authorizer: thimble.DevelopmentSigner{Key: "shop-key", Secret: "shop-secret", UserID: user},
		Backlog:    64 << 10, // a page that is quick asks for more than ten events a second
	})
	if err != nil {
		s.t.Fatal(err)
	}
	c := &client{one, make(chan thimble.Event, 10_000)}
	one.BindAll(func(e thimble.Event) {
		e.Data = append([]byte(nil), e.Data...)
		c.events <- e
	})
	for _, channel := range channels {
		one.Subscribe(channel)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- one.Run(ctx) }()
	s.t.Cleanup(func() { cancel(); <-ended })
	for range channels {
		c.await(s.t, thimble.EventSubscribed)
	}
	return c
}

// await returns the next event of a name.
func (c *client) await(t *testing.T, name string) thimble.Event {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case e := <-c.events:
			if e.Name == name {
				return e
			}
		case <-late:
			t.Fatalf("no %s", name)
		}
	}
}
