package thimble_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/transcript"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// patience bounds what a test waits for. It only matters when one fails.
const patience = 20 * time.Second

// fake is a server of which each step is a call of the test.
type fake struct {
	t     testing.TB
	ln    net.Listener
	conns chan net.Conn
	// wrap is put around each connection, for TLS.
	wrap func(net.Conn) net.Conn

	mu   sync.Mutex
	open []net.Conn
	wg   sync.WaitGroup
}

func newFake(t testing.TB) *fake {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, ln: ln, conns: make(chan net.Conn, 1024)}
	f.wg.Add(1)
	go func() {
		defer f.wg.Done()
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.open = append(f.open, conn)
			f.mu.Unlock()
			select {
			case f.conns <- conn:
			default:
				f.t.Error("more connections than anybody could want")
				conn.Close()
			}
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		f.wg.Wait()
		for _, conn := range f.open {
			conn.Close()
		}
	})
	return f
}

func (f *fake) host() string { return f.ln.Addr().String() }

// config is of a client of this server.
func (f *fake) config() thimble.Config {
	return thimble.Config{Key: "key", Host: f.host(), Plaintext: true}
}

// eager is of a client that comes back at once when it is cut off: without
// randomness nothing of the delays is left.
func (f *fake) eager() thimble.Config {
	cfg := f.config()
	cfg.Entropy = zeros{}
	return cfg
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// tcp waits for the next connection.
func (f *fake) tcp() net.Conn {
	f.t.Helper()
	select {
	case conn := <-f.conns:
		if f.wrap != nil {
			conn = f.wrap(conn)
		}
		return conn
	case <-time.After(patience):
		f.t.Fatal("no connection came")
		return nil
	}
}

// upgraded waits for the next connection and agrees to its upgrade.
func (f *fake) upgraded() *peer {
	f.t.Helper()
	p, err := upgrade(f.t, f.tcp())
	if err != nil {
		f.t.Fatalf("server: upgrade: %v", err)
	}
	return p
}

// upgrade is the server's side of the upgrade.
func upgrade(t testing.TB, conn net.Conn) (*peer, error) {
	p := &peer{t: t, conn: conn, in: bufio.NewReader(conn), parser: websocket.Parser{Server: true}}
	_ = conn.SetDeadline(time.Now().Add(patience))
	key := ""
	for {
		line, err := p.in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			break
		}
		if p.request == "" {
			p.request = line
		}
		if value, ok := strings.CutPrefix(line, "Sec-WebSocket-Key: "); ok {
			key = value
		}
	}
	_, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+websocket.Accept(key)+"\r\n\r\n")
	return p, err
}

// accept waits for the next connection and greets it.
func (f *fake) accept(socketID string) *peer {
	f.t.Helper()
	p := f.upgraded()
	p.raw(websocket.AppendFrame(nil, websocket.Text, wire.AppendEstablished(nil, socketID, 120), nil))
	return p
}

// peer is the server's end of one connection.
type peer struct {
	t       testing.TB
	conn    net.Conn
	in      *bufio.Reader
	request string
	parser  websocket.Parser
	pending []byte
}

func (p *peer) raw(b []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(b); err != nil {
		p.t.Errorf("server: %v", err)
	}
}

func (p *peer) send(text string) {
	p.t.Helper()
	p.raw(websocket.AppendFrame(nil, websocket.Text, text, nil))
}

func (p *peer) closeWith(code int, reason string) {
	p.t.Helper()
	p.raw(websocket.AppendClose(nil, code, reason, nil))
}

// next reads the client's next frame; an error says that the connection ended.
func (p *peer) next() (websocket.Item, error) {
	buf := make([]byte, 4096)
	for {
		used, item, err := p.parser.Next(p.pending)
		p.pending = p.pending[used:]
		if err != nil || item.Kind != websocket.None {
			return item, err
		}
		n, err := p.in.Read(buf)
		p.pending = append(p.pending, buf[:n]...)
		if err != nil && n == 0 {
			return websocket.Item{}, err
		}
	}
}

// expect reads the client's next message and compares it.
func (p *peer) expect(want string) {
	p.t.Helper()
	item, err := p.next()
	if err != nil {
		p.t.Fatalf("server: %v in place of %s", err, want)
	}
	if item.Opcode != websocket.Text || !transcript.SameJSON(string(item.Payload), want) {
		p.t.Fatalf("server: got %d %s, want %s", item.Opcode, item.Payload, want)
	}
}

// subscribed reads a subscription of a public channel and confirms it.
func (p *peer) subscribed(channel string) {
	p.t.Helper()
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"` + channel + `"}}`)
	p.confirm(channel, "{}")
}

func (p *peer) confirm(channel, data string) {
	p.t.Helper()
	p.send(string(wire.AppendStringEvent(nil, "pusher_internal:subscription_succeeded", channel, "", data)))
}

func (p *peer) event(name, channel, data string) {
	p.t.Helper()
	p.send(string(wire.AppendStringEvent(nil, name, channel, "", data)))
}

// closed waits for the end of the connection and returns the close frame's
// code, 0 if none came.
func (p *peer) closed() int {
	p.t.Helper()
	code := 0
	for {
		item, err := p.next()
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				p.t.Error("server: the client keeps the connection")
			}
			return code
		}
		if item.Opcode == websocket.Close {
			code = item.Code
		}
	}
}

// newClient makes a client. It knows encrypted channels on boards too.
func newClient(t testing.TB, cfg thimble.Config) *thimble.Client {
	t.Helper()
	cfg.Encryption = thimble.Secretbox{}
	client, err := thimble.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// running is a Run beside the test.
type running struct {
	t      testing.TB
	client *thimble.Client
	cancel context.CancelFunc
	result chan error
}

// run starts Run. It is ended with the test, if not before.
func run(t testing.TB, client *thimble.Client) *running {
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, client: client, cancel: cancel, result: make(chan error, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.result <- client.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		waitFor(t, "Run to return", done)
	})
	return r
}

// wait returns Run's result.
func (r *running) wait() error {
	r.t.Helper()
	return waitFor(r.t, "Run to return", r.result)
}

// waitFor receives from a channel.
func waitFor[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("not reached")
	}
}

// states returns a channel of the client's state changes.
func states(client *thimble.Client) <-chan thimble.StateChange {
	ch := make(chan thimble.StateChange, 1000)
	client.OnStateChange(func(s thimble.StateChange) { ch <- s })
	return ch
}

// failures returns a channel of the client's errors.
func failures(client *thimble.Client) <-chan error {
	ch := make(chan error, 1000)
	client.OnError(func(err error) { ch <- err })
	return ch
}

// seen is an event with copies of what it borrows.
type seen struct {
	thimble.Event
	Text string
}

// events returns a channel of what a Bind-like function delivers.
func events(bind func(string, thimble.Handler) thimble.Binding, name string) <-chan seen {
	ch := make(chan seen, 10000)
	bind(name, func(e thimble.Event) {
		text := e.Text()
		e.Data = nil
		ch <- seen{e, text}
	})
	return ch
}

// reach waits for a state.
func reach(t testing.TB, ch <-chan thimble.StateChange, want thimble.State) thimble.StateChange {
	t.Helper()
	for {
		if s := waitFor(t, "state "+want.String(), ch); s.Current == want {
			return s
		}
	}
}
