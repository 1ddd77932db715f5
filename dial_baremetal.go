//go:build tinygo && baremetal && !netdial

package thimble

import (
	"context"
	"net"
)

// netdev is the board's network, which its driver has given to TinyGo's package
// net.
//
// Dial and Conn of that package would do, but Dial brings package fmt along, and
// a TCPConn what prints dates: together 80 KB of flash, which is more than this
// client takes.
//
//go:extern net.netdev
var netdev netdever

func dialTCP(_ context.Context, _, address string) (net.Conn, error) {
	return connect(address)
}
