//go:build tinygo

package thimble

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/thimble-go/thimble/internal/http1"
)

// netdever is what of a board's network driver makes connections: TinyGo's
// package net has the whole of the interface, and says what its arguments mean.
type netdever interface {
	GetHostByName(name string) (netip.Addr, error)
	Socket(domain int, stype int, protocol int) (sockfd int, _ error)
	Connect(sockfd int, host string, ip netip.AddrPort) error
	Send(sockfd int, buf []byte, flags int, deadline time.Time) (int, error)
	Recv(sockfd int, buf []byte, flags int, deadline time.Time) (int, error)
	Close(sockfd int) error
}

// What Socket is asked for, as in package net.
const (
	inet      = 2
	stream    = 1
	transport = 6 // TCP
)

var errIPv4 = errors.New("thimble: only IPv4 addresses can be dialled on this board")

// connect makes a connection on netdev.
func connect(address string) (net.Conn, error) {
	host, digits, err := http1.SplitHost(address)
	if err != nil {
		return nil, err
	}
	if digits == "" {
		return nil, http1.ErrPort
	}
	port := uint16(0)
	for _, digit := range digits {
		port = port*10 + uint16(digit-'0') // of which SplitHost has made sure
	}
	if host[0] == '[' { // strings.Trim would bring the tables of package unicode
		host = host[1 : len(host)-1]
	}
	ip, err := netdev.GetHostByName(host)
	if err != nil {
		return nil, &explained{"thimble: looking up " + host + ": " + err.Error(), err}
	}
	if !ip.Is4() {
		return nil, errIPv4 // drivers panic on any other
	}
	fd, err := netdev.Socket(inet, stream, transport)
	if err != nil {
		return nil, err
	}
	if err := netdev.Connect(fd, "", netip.AddrPortFrom(ip, port)); err != nil {
		_ = netdev.Close(fd)
		return nil, err
	}
	return &socket{fd: fd}, nil
}

// socket is a connection of a driver. Drivers know it by a number, which is
// another connection's soon after it was closed: a socket that is closed calls
// them no more.
type socket struct {
	// Deadlines in nanoseconds of Unix time; 0: none. All but fd may change
	// while another goroutine reads or writes; first comes what has 8 bytes.
	read, written int64
	closed        uint32
	fd            int
}

// look is how soon a read notices that its deadline was moved, or the socket
// closed: drivers are told of a deadline when they are called.
const look = 250 * time.Millisecond

// Read reads what there is, and waits for it until the deadline. When that is
// put off meanwhile, it may return as if it had passed.
func (s *socket) Read(b []byte) (int, error) {
	due := atomic.LoadInt64(&s.read)
	left := remaining(due)
	for {
		if atomic.LoadUint32(&s.closed) != 0 {
			return 0, net.ErrClosed
		}
		n, err := s.recv(b, min(left, look))
		if n = min(max(n, 0), len(b)); n > 0 || err == nil || !isTimeout(err) {
			return n, err // a driver says -1 beside an error
		}
		if left -= look; left <= 0 || atomic.LoadInt64(&s.read) != due {
			return 0, err
		}
		left = min(left, remaining(due)) // some clocks stand still while a driver waits
	}
}

// recv and send are no parts of the loops around them, in which TinyGo would have
// drivers allocate what it puts on the stack elsewhere.

//go:noinline
func (s *socket) recv(b []byte, wait time.Duration) (int, error) {
	return netdev.Recv(s.fd, b, 0, deadline(wait))
}

//go:noinline
func (s *socket) send(b []byte, wait time.Duration) (int, error) {
	return netdev.Send(s.fd, b, 0, deadline(wait))
}

// Write writes all of b, or returns an error: not all drivers do, nor say so.
func (s *socket) Write(b []byte) (written int, err error) {
	for written < len(b) && err == nil {
		if atomic.LoadUint32(&s.closed) != 0 {
			return written, net.ErrClosed
		}
		var n int
		n, err = s.send(b[written:], remaining(atomic.LoadInt64(&s.written)))
		if n = min(n, len(b)-written); n > 0 {
			written += n
		} else if err == nil {
			err = io.ErrShortWrite
		}
	}
	return written, err
}

func (s *socket) Close() error {
	if atomic.SwapUint32(&s.closed, 1) != 0 {
		return net.ErrClosed
	}
	return netdev.Close(s.fd)
}

func (s *socket) SetReadDeadline(t time.Time) error {
	atomic.StoreInt64(&s.read, nanoseconds(t))
	return nil
}

func (s *socket) SetWriteDeadline(t time.Time) error {
	atomic.StoreInt64(&s.written, nanoseconds(t))
	return nil
}

func (s *socket) SetDeadline(t time.Time) error {
	_ = s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// remaining is how long it is until a deadline.
func remaining(due int64) time.Duration {
	if due == 0 {
		return forever
	}
	return time.Duration(due - time.Now().UnixNano())
}

// LocalAddr and RemoteAddr are not known.

func (s *socket) LocalAddr() net.Addr  { return unknown{} }
func (s *socket) RemoteAddr() net.Addr { return unknown{} }

type unknown struct{}

func (unknown) Network() string { return "tcp" }
func (unknown) String() string  { return "" }
