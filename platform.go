//go:build !tinygo

package thimble

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
)

// freshDeadlines says that a read deadline must be set before each read.
const freshDeadlines = false

// detached says that a write that takes long is left to a goroutine.
const detached = true

// maxWorkers is how many authorizations run at the same time.
const maxWorkers = 8

func systemEntropy() io.Reader { return rand.Reader }

func dialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

var defaultTLS = WithTLS(nil)

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
