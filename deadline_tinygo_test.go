//go:build tinygo

package thimble_test

import (
	"context"
	"crypto/rand"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/http1"
)

// forgetful is a connection of a network stack that forgets a deadline once it
// was used, as some boards' do: it fails whoever relies on an old one.
type forgetful struct {
	net.Conn
	t           *testing.T
	mu          sync.Mutex
	read, write bool // a deadline is set
	used        int
}

func (f *forgetful) SetReadDeadline(at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read = !at.IsZero()
	return f.Conn.SetReadDeadline(at)
}

func (f *forgetful) SetWriteDeadline(at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.write = !at.IsZero()
	return f.Conn.SetWriteDeadline(at)
}

func (f *forgetful) spend(deadline *bool, what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !*deadline {
		f.t.Errorf("it %s without a fresh deadline", what)
	}
	*deadline = false
	f.used++
}

func (f *forgetful) Read(p []byte) (int, error) {
	f.spend(&f.read, "reads")
	return f.Conn.Read(p)
}

func (f *forgetful) Write(p []byte) (int, error) {
	f.spend(&f.write, "writes")
	return f.Conn.Write(p)
}

// TestBoardDeadlines checks that each read and each write of a connection has a
// deadline of its own.
func TestBoardDeadlines(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	conns := make(chan *forgetful, 1)
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := net.Dial(network, address)
		if err != nil {
			return nil, err
		}
		c := &forgetful{Conn: conn, t: t}
		conns <- c
		return c, nil
	}
	client := newClient(t, cfg)
	news := client.Subscribe("news")
	got := make(chan string, 10)
	news.Bind("headline", func(e thimble.Event) { got <- e.Text() })
	run(t, client)
	conn := f.accept("1.1")
	conn.subscriptions(1)
	for range 3 {
		conn.send(`{"event":"headline","channel":"news","data":"{}"}`)
		waitFor(t, "the event", got)
	}
	c := <-conns
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used < 6 {
		t.Errorf("%d reads and writes went through the connection", c.used)
	}
}

// TestBoardAuthDeadlines checks the same of an authorization whose answer comes
// in pieces.
func TestBoardAuthDeadlines(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	defer near.Close()
	go func() {
		defer far.Close()
		_, _ = far.Read(make([]byte, 4096))
		for _, part := range []string{"HTTP/1.1 200 OK\r\nTransfer-", "Encoding: chunked\r\n\r\n5\r\n", "hello\r\n", "0\r\n\r\n"} {
			_, _ = far.Write([]byte(part))
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := &forgetful{Conn: near, t: t}
	body, err := thimble.Converse(ctx, c, &http1.Request{Method: "GET", Host: "example.com", Target: "/"})
	if string(body) != "hello" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	if c.used < 5 {
		t.Errorf("%d reads and writes went through the connection", c.used)
	}
}

// TestBoardWithoutEntropy is a chip whose randomness TinyGo does not know. It
// must not run beside others.
func TestBoardWithoutEntropy(t *testing.T) {
	known := rand.Reader
	rand.Reader = nil
	defer func() { rand.Reader = known }()
	cfg := thimble.Config{Key: "k", Host: "example.com", Plaintext: true}
	if _, err := thimble.New(cfg); err != thimble.ErrEntropy {
		t.Errorf("without a source: %v", err)
	}
	cfg.Entropy = known
	if _, err := thimble.New(cfg); err != nil {
		t.Errorf("with one that is given: %v", err)
	}
}
