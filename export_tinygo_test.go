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
