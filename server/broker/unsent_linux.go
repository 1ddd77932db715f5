package broker

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// limitUnsent bounds what a socket takes beyond what the other end has room for:
// else the kernel takes megabytes for a reader that has stopped, where no limit
// of ours sees them. It does not bound what is on its way, so it slows nobody
// down.
func limitUnsent(fd uintptr) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes)
}

// limitUnsentOf is limitUnsent for the socket beneath a connection.
func limitUnsentOf(conn net.Conn) {
	for {
		switch c := conn.(type) {
		case syscall.Conn:
			if raw, err := c.SyscallConn(); err == nil {
				_ = raw.Control(limitUnsent)
			}
			return
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return
		}
	}
}
