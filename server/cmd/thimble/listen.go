package main

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// shutdownTime is how long things may take to end in order after Ctrl-C, and
// endTime when the process ends in any case: so long after the first unless
// somebody has asked for more.
const (
	shutdownTime = 700 * time.Millisecond
	endTime      = 950 * time.Millisecond
)

// endWithin is endTime, or more.
var endWithin atomic.Int64

func init() { endWithin.Store(int64(endTime)) }

// listen listens, and says what to do when that fails; option is what chooses
// another address.
func listen(addr, option string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program; choose another port with %s, or take any free one with %s %s", addr, option, option, anyPort(addr))
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s may not be used by this user; choose a port above 1023 with %s", addr, option)
	}
	return nil, fmt.Errorf("cannot listen on %q: %w; %s is host:port, such as 127.0.0.1:6001", addr, err, option)
}

// anyPort is the address with port 0.
func anyPort(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return net.JoinHostPort(host, "0")
}

// loopback says whether only this machine can reach the listener.
func loopback(l net.Listener) bool { return local(l.Addr()) }

// local says whether an address can be reached from this machine only.
func local(a net.Addr) bool {
	addr, ok := a.(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

// listensLocally says whether an address to listen on can be reached from this
// machine only.
func listensLocally(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
