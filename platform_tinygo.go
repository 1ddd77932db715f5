//go:build tinygo

package thimble

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"time"

	"github.com/thimble-go/thimble/internal/session"
)

// freshDeadlines says that a read deadline must be set before each read: the
// network stacks of boards do not keep one, or do not forget an old one.
const freshDeadlines = true

// detached says that a write that takes long is left to a goroutine: here it
// would cost a stack, and not every network stack ends a write in the middle.
const detached = false

// maxWorkers is how many authorizations run at the same time: these stacks
// have a connection or two to give.
const maxWorkers = 1

// maxCalls is how many there are together with those that nobody waits for any
// more and that have not returned. It bounds those of sign-ins, too.
const maxCalls = 4

// Boards have no memory for large buffers.
var (
	lendBuffer     func(int) []byte
	giveBufferBack func([]byte)
)

// present is the event that is handled: as a variable it would be made anew in
// each Poll, where the compiler cannot tell that nobody keeps it.
type present struct{ ev session.Event }

func (p *present) event() *session.Event { return &p.ev }

// gaveUp has nothing to tell apart here.
func gaveUp(error) bool { return false }

// deadline is the time in d from now. Time.Add would cost three times as much.
func deadline(d time.Duration) time.Time {
	return time.Unix(0, time.Now().UnixNano()+int64(d))
}

// as finds an error of a type in what an error wraps. Package errors would take
// reflection.
func as[T error](err error) (found T, ok bool) {
	for err != nil {
		if found, ok = err.(T); ok {
			return found, true
		}
		wrapped, more := err.(interface{ Unwrap() error })
		if !more {
			break
		}
		err = wrapped.Unwrap()
	}
	return found, false
}

// dialText is the text of an error of dialling.
func dialText(err error) string { return err.Error() }

// adviseDial returns the error as it is.
func adviseDial(err error) error { return err }

// nap is how soon a wait notices that it is over.
const nap = 5 * time.Millisecond

// wait waits for a word, for d at most. Timers of package time would take 6 KB
// of flash, and memory each time.
func wait(word <-chan struct{}, d time.Duration) {
	for ; d > 0; d -= nap {
		select {
		case <-word:
			return
		default:
			time.Sleep(min(d, nap))
		}
	}
}

// systemEntropy is nil on chips without a source that TinyGo knows.
func systemEntropy() io.Reader { return rand.Reader }

// defaultEncryption is missing: it takes more flash than most boards have need
// for.
var defaultEncryption Encryption

// explainDial returns the error as it is: each network stack has its own.
func explainDial(err error) error { return err }

// stack is unknown here.
func stack() string { return "" }

// explainTLS returns the error of a layer that only its owner knows.
func explainTLS(err error) error { return err }

// defaultTLS is missing: crypto/tls is a stub here, which on some boards sends
// plaintext without a word.
var defaultTLS func(ctx context.Context, conn net.Conn, serverName string) (net.Conn, error)
