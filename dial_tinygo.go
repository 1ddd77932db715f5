//go:build tinygo && (!baremetal || netdial)

package thimble

import (
	"context"
	"net"
)

func dialTCP(_ context.Context, network, address string) (net.Conn, error) {
	return net.Dial(network, address)
}
