package bridge

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble/firmware/serialnet"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come: far longer than it
// takes, even on a busy machine.
const patience = 60 * time.Second

// within returns a context that ends with patience.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// running is a bridge that serves a line.
type running struct {
	t      testing.TB
	events chan Event
	cancel context.CancelFunc
	done   chan error
}

// start runs a bridge over whatever open returns.
func start(t testing.TB, cfg Config, open func(context.Context) (io.ReadWriteCloser, error)) *running {
	t.Helper()
	r := &running{t: t, events: make(chan Event, 10_000), done: make(chan error, 1)}
	cfg.Notify = func(e Event) { r.events <- e }
	b, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.done <- b.Run(ctx, open) }()
	t.Cleanup(r.stop)
	return r
}

func (r *running) stop() {
	r.cancel()
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Errorf("ended with %v", err)
		}
		r.done <- nil
	case <-time.After(patience):
		r.t.Fatal("the bridge does not end")
	}
}

// await returns the next event of a kind.
func (r *running) await(kind Kind) Event {
	r.t.Helper()
	for {
		select {
		case e := <-r.events:
			if e.Kind == kind {
				return e
			}
		case <-time.After(patience):
			r.t.Fatalf("no event %s", kind)
		}
	}
}

// over returns an opener for a cable.
func over(c *cable) func(context.Context) (io.ReadWriteCloser, error) {
	return func(context.Context) (io.ReadWriteCloser, error) { return c.plugIn(), nil }
}

// board returns a device on a line.
func board(t testing.TB, stream io.ReadWriter, cfg serialnet.Config) *serialnet.Device {
	t.Helper()
	port := serialnet.NewPort(stream, 512)
	cfg.Port = port
	cfg.Window = 512
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = patience
	}
	dev, err := serialnet.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return dev
}

// dial connects through the line.
func dial(t testing.TB, dev *serialnet.Device, address string) net.Conn {
	t.Helper()
	conn, err := dev.Dial(within(t), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// server is a TCP server whose connections a function handles.
type server struct {
	address string
	l       net.Listener
	tasks   sync.WaitGroup
}

func listen(t testing.TB, handle func(net.Conn)) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{address: l.Addr().String(), l: l}
	s.tasks.Add(1)
	go func() {
		defer s.tasks.Done()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.tasks.Add(1)
			go func() {
				defer s.tasks.Done()
				defer conn.Close()
				handle(conn)
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		s.tasks.Wait()
	})
	return s
}

// echo repeats what comes.
func echo(conn net.Conn) { _, _ = io.Copy(conn, conn) }

// unused returns an address where nobody listens.
func unused(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func timedOut(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
