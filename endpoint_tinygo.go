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

// HTTPClient is what makes the requests of an Endpoint on ordinary Go. Boards
// have none.
type HTTPClient struct{}

// kept is the connection that a worker keeps open between its authorizations.
// It is closed when none waits: boards have a connection or two to give.
type kept struct {
	conn    net.Conn
	address string
}

type keptKey struct{}

// attach has the exchanges under ctx use the connection.
func (k *kept) attach(ctx context.Context) context.Context { return keeping{ctx, k} }

// keeping is a context that knows of a kept connection.
type keeping struct {
	context.Context
	k *kept
}

func (c keeping) Value(key any) any {
	if _, ok := key.(keptKey); ok {
		return c.k
	}
	return c.Context.Value(key)
}

// held says whether there is one.
func (k *kept) held() bool { return k.conn != nil }

func (k *kept) close() {
	if k.conn != nil {
		_ = k.conn.Close()
		k.conn = nil
	}
}

// exchange sends a request and reads the answer, over the kept connection if
// there is one: net/http does not fit on a board.
func exchange(ctx context.Context, _ *HTTPClient, u http1.URL, r *http1.Request, limit int) (response, error) {
	if u.TLS {
		return response{}, ErrNoTLS
	}
	k, ok := ctx.Value(keptKey{}).(*kept)
	if !ok {
		k = &kept{}
		r.Close = true
		defer k.close()
	}
	if k.address != u.Address {
		k.close()
	}
	for {
		reused := k.conn != nil
		if !reused {
			conn, err := dialTCP(ctx, "tcp", u.Address)
			if err != nil {
				return response{}, err
			}
			k.conn, k.address = conn, u.Address
		}
		reader := http1.Reader{MaxBody: limit}
		clean, heard, err := converse(ctx, k.conn, r, &reader)
		if err != nil || !clean || !reader.KeepAlive() {
			k.close()
		}
		switch {
		case err == http1.ErrBodyTooLarge:
			if status := reader.Status(); status == 0 || status == 200 || status == 201 {
				return response{}, errAnswerSize
			}
			// Of an error page the beginning will do.
		case err != nil && reused && !heard && ctx.Err() == nil:
			// The server has closed it since the last answer: the request can
			// be sent again (RFC 9112 9.3.1).
			continue
		case err != nil:
			return response{}, err
		}
		return response{reader.Status(), reader.Body(), time.Duration(reader.RetryAfter()) * time.Second}, nil
	}
}

// converse writes a request and reads until the answer is there. heard says
// that something of it has come, and clean that nothing follows it. The deadline
// is set before each read and write, since the network stacks of boards do not
// keep it; and it is short, since not all of them let a read be ended from
// elsewhere.
func converse(ctx context.Context, conn net.Conn, r *http1.Request, reader *http1.Reader) (clean, heard bool, err error) {
	out, err := http1.AppendRequest(nil, r)
	if err != nil {
		return false, false, err
	}
	end, ok := ctx.Deadline()
	if !ok {
		end = deadline(defaultAuth)
	}
	_ = conn.SetWriteDeadline(end)
	if _, err = conn.Write(out); err != nil {
		return false, false, err
	}
	buf := out[:cap(out)] // the request has been sent: its memory serves again
	for !reader.Done() {
		if ctx.Err() != nil {
			return false, heard, ctx.Err()
		}
		left := time.Duration(end.UnixNano() - time.Now().UnixNano())
		if left <= 0 {
			return false, heard, context.DeadlineExceeded
		}
		_ = conn.SetReadDeadline(deadline(min(left, attention)))
		n, readErr := conn.Read(buf)
		if readErr != nil && isTimeout(readErr) {
			readErr = nil // the loop looks at the time
		}
		heard = heard || n > 0
		used, err := reader.Feed(buf[:n])
		if err != nil {
			return false, heard, err
		}
		clean = used == n
		if readErr != nil && !reader.Done() {
			if reader.End() != nil {
				return false, heard, readErr
			}
		}
	}
	return clean, heard, nil
}

// nilEndpoint does not ask, which would take 350 bytes of flash.
func nilEndpoint(any) bool { return false }
