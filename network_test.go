package thimble_test

import (
	"context"
	"errors"
	"math/rand"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// TestServerResets cuts the connection somewhere in what the server sends, and
// expects the client to be there again.
func TestServerResets(t *testing.T) {
	t.Parallel()
	frames := websocket.AppendFrame(nil, websocket.Text, wire.AppendEstablished(nil, "1.1", 120), nil)
	established := len(frames)
	frames = websocket.AppendFrame(frames, websocket.Text, `{"event":"e","data":"x"}`, nil)
	whole := len(frames)
	frames = websocket.AppendFrame(frames, websocket.Text, `{"event":"never whole","data":"x"}`, nil)
	for cut := 0; cut < len(frames); cut += 1 + rand.Intn(9) {
		t.Run(strconv.Itoa(cut), func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			client := newClient(t, f.eager())
			changes, errs := states(client), failures(client)
			got := events(client.Bind, "*")
			run(t, client)
			p := f.upgraded()
			p.raw(frames[:cut])
			switch {
			case cut >= whole:
				waitFor(t, "the event", got)
			case cut >= established:
				reach(t, changes, thimble.StateConnected)
			}
			if cut%2 == 0 {
				_ = p.conn.(*net.TCPConn).SetLinger(0) // a reset, not an orderly end
			}
			p.conn.Close()
			f.accept("2.2").event("e", "", "y")
			if e := waitFor(t, "the event", got); e.Name != "e" || e.Text != "y" {
				t.Errorf("got %+v", e)
			}
			if cut < established {
				waitFor(t, "the failure", errs)
			}
		})
	}
}

func TestOneByteWrites(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	got := events(client.Bind, "e")
	run(t, client)
	p := f.upgraded()
	frames := websocket.AppendFrame(nil, websocket.Text, wire.AppendEstablished(nil, "1.1", 120), nil)
	frames = websocket.AppendFrame(frames, websocket.Text, `{"event":"e","data":"`+strings.Repeat("ü", 300)+`"}`, nil)
	for i := range frames {
		p.raw(frames[i : i+1])
	}
	if e := waitFor(t, "the event", got); e.Text != strings.Repeat("ü", 300) {
		t.Errorf("got %q", e.Text)
	}
}

func TestLargeMessages(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.ReadBuffer, cfg.MaxMessage = 1024, 100_000
	client := newClient(t, cfg)
	got := events(client.Bind, "e")
	errs := failures(client)
	run(t, client)
	p := f.accept("1.1")
	for _, size := range []int{10, 1000, 2000, 99_000, 5, 50_000, 60_000, 1} {
		p.event("e", "", strings.Repeat("x", size))
		if e := waitFor(t, "the event", got); len(e.Text) != size {
			t.Errorf("of %d bytes came %d", size, len(e.Text))
		}
	}
	for n := 1; n <= 2; n++ {
		p.event("e", "", strings.Repeat("x", 200_000))
		var oversize *thimble.OversizeError
		if err := waitFor(t, "the failure", errs); !errors.As(err, &oversize) || oversize.Limit != 100_000 || oversize.Size < 200_000 || oversize.Count != n {
			t.Errorf("number %d: got %+v", n, err)
		}
	}
	p.event("e", "", "after")
	if e := waitFor(t, "the event", got); e.Text != "after" {
		t.Errorf("got %d bytes", len(e.Text))
	}
	for _, raw := range []string{"{malformed", `{"data":"{\"no\":\"event\"}","channel":"c"}`} {
		p.send(raw)
		var message *thimble.MessageError
		if err := waitFor(t, "the failure", errs); !errors.As(err, &message) || message.Raw != raw {
			t.Errorf("got %q of %s", err, raw)
		}
	}
	p.event("e", "", "after")
	waitFor(t, "the event", got)
}

// TestPeerTakesNothing writes to a server that does not read.
func TestPeerTakesNothing(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.Authorizer = tokens("")
	cfg.Queue = 64 << 10
	cfg.EventRate = -1
	client := newClient(t, cfg)
	ch := client.Subscribe("private-a")
	confirmed := events(ch.Bind, thimble.EventSubscribed)
	got := events(ch.Bind, "e")
	r := run(t, client)
	p := f.accept("1.1")
	p.expect(`{"event":"pusher:subscribe","data":{"channel":"private-a","auth":"key:1.1"}}`)
	p.confirm("private-a", "{}")
	waitFor(t, "the confirmation", confirmed)

	data := `"` + strings.Repeat("x", 10_000) + `"`
	full := make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				switch err := ch.Trigger("client-x", data); err {
				case nil:
				case thimble.ErrQueueFull:
					once.Do(func() { close(full) })
				case thimble.ErrNotConnected, thimble.ErrNotSubscribed:
					return
				default:
					t.Error(err)
					return
				}
			}
		}()
	}
	waitFor(t, "the queue to be full", full)
	p.event("e", "private-a", "")
	waitFor(t, "an event meanwhile", got)
	begin := time.Now()
	client.Disconnect()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if d := time.Since(begin); d > patience/4 {
		t.Errorf("Disconnect took %v", d)
	}
}

// TestHalfOpen has a server that is there, but does not answer any more.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.eager()
	cfg.ActivityTimeout, cfg.PongTimeout = time.Second, time.Second
	client := newClient(t, cfg)
	changes := states(client)
	run(t, client)
	p := f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	begin := time.Now()
	p.expect(`{"event":"pusher:ping","data":{}}`)
	if d := time.Since(begin); d < 900*time.Millisecond {
		t.Errorf("pinged after %v", d)
	}
	if code := p.closed(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	if s := reach(t, changes, thimble.StateConnecting); s.Err != thimble.ErrPongTimeout {
		t.Errorf("the reason is %v", s.Err)
	}
	f.accept("2.2")
	reach(t, changes, thimble.StateConnected)
}

// TestServerClosesWhileWeWrite checks that the server's last word is heard
// although writing has failed by then.
func TestServerClosesWhileWeWrite(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	written := errors.New("cannot be written to")
	var conn *brittle
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		tcp, err := (&net.Dialer{}).DialContext(ctx, network, address)
		conn = &brittle{Conn: tcp, err: written, broken: make(chan struct{})}
		return conn, err
	}
	client := newClient(t, cfg)
	changes := states(client)
	r := run(t, client)
	p := f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	close(conn.broken)
	client.Subscribe("a") // cannot be sent any more
	p.closeWith(4001, "gone")
	var closed *thimble.CloseError
	if err := r.wait(); !errors.As(err, &closed) || closed.Code != 4001 {
		t.Errorf("Run returns %v", err)
	}
}

// TestWriteFails checks that a transport that cannot be written to is given up
// soon, even if the server stays silent.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.eager()
	written := errors.New("cannot be written to")
	conns := make(chan *brittle, 10)
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		tcp, err := (&net.Dialer{}).DialContext(ctx, network, address)
		conn := &brittle{Conn: tcp, err: written, broken: make(chan struct{})}
		conns <- conn
		return conn, err
	}
	client := newClient(t, cfg)
	changes := states(client)
	run(t, client)
	f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
	close((<-conns).broken)
	client.Subscribe("a")
	if s := reach(t, changes, thimble.StateConnecting); s.Err != written {
		t.Errorf("the reason is %v", s.Err)
	}
	f.accept("2.2").subscribed("a")
}

// brittle is a connection that can be read from, but at some point not be
// written to any more.
type brittle struct {
	net.Conn
	err    error
	broken chan struct{}
}

func (b *brittle) Write(p []byte) (int, error) {
	select {
	case <-b.broken:
		return 0, b.err
	default:
		return b.Conn.Write(p)
	}
}

func TestDialFails(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.eager()
	var addresses []string
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		addresses = append(addresses, network+" "+address)
		if len(addresses) < 3 {
			return nil, errors.New("attempt " + strconv.Itoa(len(addresses)))
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	client := newClient(t, cfg)
	errs := failures(client)
	r := run(t, client)
	f.accept("1.1")
	for _, want := range []string{"attempt 1", "attempt 2"} {
		if err := waitFor(t, want, errs); err.Error() != "thimble: no connection to "+f.host()+": "+want {
			t.Errorf("got %v", err)
		}
	}
	r.cancel()
	_ = r.wait()
	if want := "tcp " + f.host(); addresses[0] != want {
		t.Errorf("dialled %s, want %s", addresses[0], want)
	}
}

// patient is an Authorizer whose preparations last as long as they may.
type patient struct{ thimble.Authorizer }

func (patient) Prepare(ctx context.Context) { <-ctx.Done() }

// TestPreparationEndsWithAttempt checks that Run does not wait for what was
// prepared beside an attempt to connect that was the last.
func TestPreparationEndsWithAttempt(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	client := newClient(t, thimble.Config{
		Key: "key", Host: "127.0.0.1:1", Plaintext: true, Attempts: 1, Authorizer: patient{tokens("")},
		Dial: func(context.Context, string, string) (net.Conn, error) { return nil, refused },
	})
	client.Subscribe("private-a")
	if err := run(t, client).wait(); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
}

// lateConn is a connection that says when it is used, or closed.
type lateConn struct {
	net.Conn // nil: what is not here is not called
	touched  chan string
}

func (c *lateConn) Write(b []byte) (int, error)      { c.touched <- "written to"; return len(b), nil }
func (c *lateConn) Close() error                     { c.touched <- "closed"; return nil }
func (c *lateConn) SetReadDeadline(time.Time) error  { return nil }
func (c *lateConn) SetWriteDeadline(time.Time) error { return nil }

// TestLateDial has a dial succeed that was given up, but of which the driver
// does not know so yet, after Probe and Connect have asked for another.
func TestLateDial(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		attempts int
		again    func(*thimble.Client)
	}{
		{"Probe", 0, (*thimble.Client).Probe},
		{"Connect", 1, (*thimble.Client).Connect},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			clock := new(simulated)
			late := &lateConn{touched: make(chan string, 10)}
			release := make(chan struct{})
			var dials atomic.Int32
			cfg := f.eager()
			cfg.Clock = clock.read
			cfg.Attempts = test.attempts
			cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if dials.Add(1) == 1 {
					<-release
					return late, nil
				}
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			client := newClient(t, cfg)
			var once sync.Once
			client.OnStateChange(func(s thimble.StateChange) {
				if s.Current == thimble.StateUnavailable {
					once.Do(func() {
						test.again(client)
						close(release)
						if what := waitFor(t, "the late connection", late.touched); what != "closed" {
							t.Errorf("a connection that was given up is %s", what)
						}
					})
				}
			})
			_ = client.Poll()
			clock.advance(15 * time.Second) // unavailable, and timed out
			loop(t, client)
			f.accept("1.1")
		})
	}
}

// TestDialWithBoth has a Dial that wraps what it got, error or not: what stands
// beside an error is no connection.
func TestDialWithBoth(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	dialling := make(chan struct{}, 1)
	cfg := f.config()
	cfg.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		dialling <- struct{}{}
		<-ctx.Done()
		return struct{ net.Conn }{}, ctx.Err()
	}
	client := newClient(t, cfg)
	r := run(t, client)
	waitFor(t, "the dialling", dialling)
	client.Disconnect()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
}

// panicking is a Network whose Up does, while it is told to.
type panicking struct{ up func() }

func (p panicking) Up(context.Context) error { p.up(); return nil }
func (p panicking) Lost(error)               {}

// TestPanicsBesideTheDriver has what a client calls on its way to a connection
// panic: the attempt fails, and the next one comes.
func TestPanicsBesideTheDriver(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	panics := make(chan string, 3)
	panics <- "up"
	panics <- "dial"
	panics <- "tls"
	var next string
	in := func(what string) {
		if next == what {
			panic(what)
		}
	}
	cfg := f.eager()
	cfg.Plaintext = false
	cfg.Network = panicking{func() {
		next = ""
		select {
		case next = <-panics:
		default:
		}
		in("up")
	}}
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		in("dial")
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	cfg.TLS = func(_ context.Context, conn net.Conn, _ string) (net.Conn, error) {
		in("tls")
		return conn, nil
	}
	client := newClient(t, cfg)
	failed := failures(client)
	changes := states(client)
	run(t, client)
	for _, want := range []string{"up", "dial", "tls"} {
		var panicked *thimble.PanicError
		if err := waitFor(t, "the failure", failed); !errors.As(err, &panicked) || panicked.Value != want {
			t.Errorf("got %v, want a panic in %s", err, want)
		}
	}
	if _, err := f.tcp().Read(make([]byte, 1)); err == nil {
		t.Error("server: something came of what TLS was not put on")
	}
	f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
}
