//go:build tinygo && baremetal && !netdial

package thimble

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/http1"
)

// netdev is the board's network, which its driver has given to TinyGo's package
// net: there is the whole of the interface, and what its arguments mean.
//
// Dial and Conn of that package would do, but Dial brings package fmt along, and
// a TCPConn what prints dates: together 80 KB of flash, which is more than this
// client takes.
//
//go:extern net.netdev
var netdev interface {
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

func dialTCP(_ context.Context, _, address string) (net.Conn, error) {
	host, digits, err := http1.SplitHost(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(digits)
	if err != nil {
		return nil, http1.ErrPort
	}
	host = strings.Trim(host, "[]")
	ip, err := netdev.GetHostByName(host)
	if err != nil {
		return nil, &explained{"thimble: looking up " + host + ": " + err.Error(), err}
	}
	fd, err := netdev.Socket(inet, stream, transport)
	if err != nil {
		return nil, err
	}
	if err := netdev.Connect(fd, "", netip.AddrPortFrom(ip, uint16(port))); err != nil {
		_ = netdev.Close(fd)
		return nil, err
	}
	return &socket{fd: fd}, nil
}

// socket is a connection of netdev.
type socket struct {
	fd            int
	read, written int64 // deadlines, in nanoseconds of Unix time; 0: none
}

func at(deadline int64) time.Time {
	if deadline == 0 {
		return time.Time{}
	}
	return time.Unix(0, deadline)
}

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func (s *socket) Read(b []byte) (int, error) {
	n, err := netdev.Recv(s.fd, b, 0, at(s.read))
	return max(n, 0), err // a driver says -1 beside an error
}

func (s *socket) Write(b []byte) (int, error) {
	n, err := netdev.Send(s.fd, b, 0, at(s.written))
	return max(n, 0), err
}

func (s *socket) Close() error { return netdev.Close(s.fd) }

func (s *socket) SetReadDeadline(t time.Time) error {
	s.read = nanoseconds(t)
	return nil
}

func (s *socket) SetWriteDeadline(t time.Time) error {
	s.written = nanoseconds(t)
	return nil
}

func (s *socket) SetDeadline(t time.Time) error {
	s.read, s.written = nanoseconds(t), nanoseconds(t)
	return nil
}

// LocalAddr and RemoteAddr are not known.

func (s *socket) LocalAddr() net.Addr  { return unknown{} }
func (s *socket) RemoteAddr() net.Addr { return unknown{} }

type unknown struct{}

func (unknown) Network() string { return "tcp" }
func (unknown) String() string  { return "" }
