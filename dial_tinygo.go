//go:build tinygo && (!baremetal || netdial)

package thimble

import (
	"context"
	"net"
)

// netdev is for tests: here package net does what sockets do.
var netdev netdever

func dialTCP(_ context.Context, network, address string) (net.Conn, error) {
	return net.Dial(network, address)
}
