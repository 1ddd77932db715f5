//go:build tinygo

package thimble

import (
	"context"
	"net"
	"time"

	"github.com/thimble-go/thimble/internal/http1"
)

// attention is how soon an exchange notices that nobody waits for it any more.
const attention = 250 * time.Millisecond

// exchange sends a request over a connection of its own and reads the answer:
// net/http does not fit on a board. The deadline is set before each read and
// write, since the network stacks of boards do not keep it; and it is short,
// since not all of them let a read be ended from elsewhere.
func exchange(ctx context.Context, u http1.URL, r *http1.Request) (status int, body []byte, err error) {
	if u.TLS {
		return 0, nil, ErrNoTLS
	}
	r.Close = true
	out, err := http1.AppendRequest(nil, r)
	if err != nil {
		return 0, nil, err
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(defaultAuth)
	}
	conn, err := net.Dial("tcp", u.Address)
	if err != nil {
		return 0, nil, err
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(deadline)
	if _, err = conn.Write(out); err != nil {
		return 0, nil, err
	}
	reader := http1.Reader{MaxBody: maxAuthAnswer}
	buf := out[:cap(out)] // the request has been sent: its memory serves again
	for !reader.Done() {
		if ctx.Err() != nil {
			return 0, nil, ctx.Err()
		}
		now := time.Now()
		if !now.Before(deadline) {
			return 0, nil, context.DeadlineExceeded
		}
		end := now.Add(attention)
		if deadline.Before(end) {
			end = deadline
		}
		_ = conn.SetReadDeadline(end)
		n, readErr := conn.Read(buf)
		if readErr != nil && isTimeout(readErr) {
			readErr = nil // the loop looks at the time
		}
		if _, err = reader.Feed(buf[:n]); err != nil {
			return 0, nil, err
		}
		if readErr != nil && !reader.Done() {
			if err = reader.End(); err != nil {
				return 0, nil, readErr
			}
		}
	}
	return reader.Status(), reader.Body(), nil
}
