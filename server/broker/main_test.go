package broker_test

import (
	"flag"
	"fmt"
	"net"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// children are what the test binary is, instead of tests, for a variable of the
// environment.
var children = make(map[string]func() int)

func TestMain(m *testing.M) {
	for name, child := range children {
		if os.Getenv(name) != "" {
			os.Exit(child())
		}
	}
	goleak.VerifyTestMain(bothTransports{m})
}

// bothTransports runs all tests once with each transport.
type bothTransports struct{ m *testing.M }

func (b bothTransports) Run() int {
	code := b.m.Run()
	if f := flag.Lookup("test.fuzz"); code != 0 || f != nil && f.Value.String() != "" {
		return code
	}
	fmt.Println("once more, with a goroutine for each connection")
	plainTCP = false
	return b.m.Run()
}

// plainTCP says that brokers get listeners of plain TCP, whose connections an
// event loop carries where there is one.
var plainTCP = true

// listen returns a listener of a port of its own, for the transport that the
// tests run with.
func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if plainTCP {
		return l
	}
	return wrapped{l}
}

// wrapped is a listener whose connections are not plain TCP, as those of TLS.
type wrapped struct{ net.Listener }

func (l wrapped) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return halfCloser{conn, conn.(*net.TCPConn)}, nil
}

type halfCloser struct {
	net.Conn
	tcp *net.TCPConn
}

// NetConn is what connections of TLS have.
func (c halfCloser) NetConn() net.Conn { return c.tcp }

func (c halfCloser) CloseWrite() error { return c.tcp.CloseWrite() }
