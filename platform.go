//go:build !tinygo

package thimble

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/thimble-go/thimble/internal/session"
)

// freshDeadlines says that a read deadline must be set before each read.
const freshDeadlines = false

// detached says that a write that takes long is left to a goroutine.
const detached = true

// maxWorkers is how many authorizations run at the same time.
const maxWorkers = 8

// maxCalls is how many there are together with those that nobody waits for any
// more and that have not returned. It bounds those of sign-ins, too.
const maxCalls = 64

// The sizes in bytes of the buffers that clients share. A read costs as much as
// thirty events; the larger size is for who fills the smaller one, which hardly
// happens but on fast links.
const (
	large = 64 << 10
	huge  = 512 << 10
)

var (
	largeBuffers = sync.Pool{New: func() any { return new([large]byte) }}
	hugeBuffers  = sync.Pool{New: func() any { return new([huge]byte) }}
)

func lendBuffer(have int) []byte {
	switch {
	case have < large:
		return largeBuffers.Get().(*[large]byte)[:]
	case have < huge:
		return hugeBuffers.Get().(*[huge]byte)[:]
	}
	return nil
}

func giveBufferBack(b []byte) {
	if len(b) == large {
		largeBuffers.Put((*[large]byte)(b))
	} else {
		hugeBuffers.Put((*[huge]byte)(b))
	}
}

// present is the event that is handled, a variable of the driver's.
type present struct{}

func (present) event() *session.Event { return new(session.Event) }

// gaveUp says whether the system has given up a connection whose other end is
// silent: that error calls itself a timeout too.
func gaveUp(err error) bool { return errors.Is(err, syscall.ETIMEDOUT) }

// wait waits for a word, for d at most.
func wait(word <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-word:
	case <-timer.C:
	}
}

// deadline is the time in d from now.
func deadline(d time.Duration) time.Time { return time.Now().Add(d) }

// as finds an error of a type in what an error wraps.
func as[T error](err error) (found T, ok bool) {
	ok = errors.As(err, &found)
	return found, ok
}

// dialText is the text of an error of dialling, without the address once more.
func dialText(err error) string {
	text := err.Error()
	if op, ok := as[*net.OpError](err); ok && op.Op == "dial" && op.Err != nil {
		text = strings.Replace(text, op.Error(), op.Err.Error(), 1)
	}
	return text
}

func systemEntropy() io.Reader { return rand.Reader }

func dialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

var defaultTLS = WithTLS(nil)

var defaultEncryption Encryption = Secretbox{}

// WithTLS makes a Config.TLS of a configuration of crypto/tls, for authorities
// of one's own or client certificates. ServerName is filled in if empty. Nil
// stands for the zero configuration.
func WithTLS(cfg *tls.Config) func(ctx context.Context, conn net.Conn, serverName string) (net.Conn, error) {
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return func(ctx context.Context, conn net.Conn, serverName string) (net.Conn, error) {
		own := cfg.Clone()
		if own.ServerName == "" {
			own.ServerName = serverName
		}
		wrapped := tls.Client(conn, own)
		if err := wrapped.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		return wrapped, nil
	}
}

// explainDial adds to an error of dialling what can be done about it. It goes by
// the texts, which systems have more in common than codes and types.
func explainDial(err error) error {
	text, advice := err.Error(), ""
	switch {
	case strings.Contains(text, "no such host"):
		advice = "check Cluster or Host, and this machine's network"
	case strings.Contains(text, "unreachable"), strings.Contains(text, "no route to host"), strings.Contains(text, "lookup "):
		advice = "check this machine's network"
	case strings.Contains(text, "refused"):
		advice = "nothing listens there: check Host and its port, and that the server runs"
	default:
		return err
	}
	return &explained{text + " (" + advice + ")", err}
}

// stack is where a panic has come from.
func stack() string { return string(debug.Stack()) }

// explainTLS adds to an error of crypto/tls what can be done about it.
func explainTLS(err error) error {
	advice := ""
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var header tls.RecordHeaderError
	var alert *net.OpError
	switch {
	case errors.As(err, &authority):
		advice = "add the authority that has signed it with WithTLS, if it is one of your own"
	case errors.As(err, &host):
		advice = "check Host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		advice = "check this machine's clock, and renew the server's certificate"
	case errors.As(err, &header):
		advice = "the server does not speak TLS on this port: check the port, and set Plaintext only for a server of your own"
	case errors.As(err, &alert) && alert.Op == "remote error":
		advice = "the server has refused the TLS handshake: WithTLS sets versions and client certificates"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return &explained{"thimble: the server has ended the connection in the middle of the TLS handshake (check that it takes TLS on this port)", err}
	default:
		return err
	}
	return &explained{err.Error() + " (" + advice + ")", err}
}
