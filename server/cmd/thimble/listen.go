package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"
)

// shutdownTime is how long things may take to end after Ctrl-C.
const shutdownTime = 800 * time.Millisecond

// listen listens, and says what to do when that fails.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program; choose another port with --addr %s, or any free one with --addr %s", addr, withPort(addr, 1), withPort(addr, 0))
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s may not be used by this user; choose a port above 1023 with --addr", addr)
	}
	return nil, fmt.Errorf("cannot listen on %s: %w", addr, err)
}

// withPort suggests an address: the next port, or 0.
func withPort(addr string, step int) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	n, _ := strconv.Atoi(port)
	if step == 0 {
		return net.JoinHostPort(host, "0")
	}
	return net.JoinHostPort(host, strconv.Itoa(n+step))
}

// loopback says whether only this machine can reach the listener.
func loopback(l net.Listener) bool {
	addr, ok := l.Addr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}
