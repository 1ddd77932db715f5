package endtoend_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/server/broker"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	appID  = "app-id"
	key    = "app-key"
	secret = "app-secret"
)

// patience is how long a test waits for what should come: far longer than it
// takes, even on a busy machine.
const patience = 60 * time.Second

// venue is a broker that listens.
type venue struct {
	*broker.Broker
	address string
	door    *door
	ended   chan error
}

// door is a listener that remembers whom it let in.
type door struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err == nil {
		d.mu.Lock()
		d.conns = append(d.conns, conn)
		d.mu.Unlock()
	}
	return conn, err
}

// open starts a broker. Close it with close.
func open(t *testing.T, address string) *venue {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	d := &door{Listener: l}
	v := openAt(t, d)
	v.door = d
	return v
}

// openAt starts a broker behind a listener. One of package net gets event
// loops, where there are any; every other one a goroutine for each connection.
func openAt(t *testing.T, l net.Listener) *venue {
	t.Helper()
	b, err := broker.New(broker.Config{Apps: []broker.App{{ID: appID, Key: key, Secret: secret, ClientEvents: true}}})
	if err != nil {
		t.Fatal(err)
	}
	v := &venue{Broker: b, address: l.Addr().String(), ended: make(chan error, 1)}
	go func() { v.ended <- b.Serve(l) }()
	return v
}

// die ends the broker as a crash of its machine's process would: every
// connection is reset.
func (v *venue) die(t *testing.T) {
	t.Helper()
	v.door.Close()
	v.door.mu.Lock()
	for _, conn := range v.door.conns {
		reset(conn)
	}
	v.door.mu.Unlock()
	v.close(t)
}

// reset ends a connection without a good-bye.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
		tcp.Close()
	}
}

func (v *venue) close(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := v.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	<-v.ended
}

// signed authorizes as the application's endpoint would, for that user.
func signed(userID, secret string) thimble.Authorizer {
	return thimble.AuthorizerFunc(func(_ context.Context, req thimble.AuthRequest) (thimble.Token, error) {
		var data string
		if channelauth.KindOf(req.Channel) == channelauth.Presence {
			data = `{"user_id":"` + userID + `"}`
		}
		auth, err := channelauth.Signer{Key: key, Secret: secret}.SignChannel(req.SocketID, req.Channel, data)
		return thimble.Token{Auth: auth, ChannelData: data}, err
	})
}

// guest is a client that runs, and can be killed.
type guest struct {
	*thimble.Client
	cancel context.CancelFunc
	done   chan error

	mu   sync.Mutex
	conn net.Conn
}

// invite starts a client. Its channels are subscribed by prepare, before it
// runs.
func invite(t *testing.T, address, userID string, prepare func(*thimble.Client)) *guest {
	t.Helper()
	g := &guest{done: make(chan error, 1)}
	client, err := thimble.New(thimble.Config{
		Key: key, Host: address, Plaintext: true, Authorizer: signed(userID, secret),
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, network, address)
			g.mu.Lock()
			g.conn = conn
			g.mu.Unlock()
			return conn, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	g.Client = client
	prepare(client)
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	go func() { g.done <- client.Run(ctx) }()
	return g
}

// leave ends the client in order.
func (g *guest) leave() {
	g.cancel()
	<-g.done
}

// kill ends the client as a power cut would: a reset, and no good-bye.
func (g *guest) kill() {
	g.mu.Lock()
	reset(g.conn)
	g.mu.Unlock()
	g.leave()
}

// tally counts what happens, by name, and lets a test wait for a count.
type tally struct {
	mu      sync.Mutex
	counts  map[string]int
	changed chan struct{}
}

func newTally() *tally {
	return &tally{counts: make(map[string]int), changed: make(chan struct{})}
}

func (c *tally) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *tally) count(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[what]
}

// await waits until something has happened that many times.
func (c *tally) await(t *testing.T, what string, want int) {
	t.Helper()
	timeout := time.After(patience)
	for {
		c.mu.Lock()
		got, changed := c.counts[what], c.changed
		c.mu.Unlock()
		if got >= want {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("%s: %d of %d within %v", what, got, want, patience)
		}
	}
}
