//go:build tinygo

package thimble

import (
	"context"
	"net"

	"github.com/thimble-go/thimble/internal/http1"
)

// Converse sends a request over a connection and reads the answer, as the
// authorization does on boards.
func Converse(ctx context.Context, conn net.Conn, r *http1.Request) (body []byte, err error) {
	reader := http1.Reader{MaxBody: 1 << 10}
	_, _, err = converse(ctx, conn, r, &reader)
	return reader.Body(), err
}

// Driver is what of a network driver makes connections.
type Driver = netdever

// UseDriver has sockets made on a driver until done is called.
func UseDriver(d Driver) (done func()) {
	netdev = d
	return func() { netdev = nil }
}

// DialDriver connects as boards do.
func DialDriver(_ context.Context, _, address string) (net.Conn, error) { return connect(address) }

// IsTimeout says whether the client takes an error for a deadline that has passed.
func IsTimeout(err error) bool { return isTimeout(err) }
