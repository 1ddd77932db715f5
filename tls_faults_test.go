//go:build !tinygo

package thimble_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
)

// peeked is a connection of which the first byte has been looked at.
type peeked struct {
	net.Conn
	in *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.in.Read(b) }

// handshake is the first byte of a TLS connection.
const handshake = 0x16

// TestTLSFails has TLS fail in every way, for a client that is configured for
// TLS and for one that was sent there with 4000. Each failure says what
// happened, and is tried again, never without TLS.
func TestTLSFails(t *testing.T) {
	t.Parallel()
	valid, pool := certificate(t, time.Now().Add(time.Hour), "127.0.0.1")
	expired, expiredPool := certificate(t, time.Now().Add(-time.Hour), "127.0.0.1")
	other, otherPool := certificate(t, time.Now().Add(time.Hour), "example.com")
	behind := func(cfg *tls.Config) func(net.Conn) {
		return func(conn net.Conn) {
			secured := tls.Server(conn, cfg)
			if secured.Handshake() == nil {
				_, _ = secured.Read(make([]byte, 1))
			}
		}
	}
	serves := func(cert tls.Certificate) func(net.Conn) {
		return behind(&tls.Config{Certificates: []tls.Certificate{cert}})
	}
	for _, test := range []struct {
		name   string
		client *tls.Config
		serve  func(net.Conn)
		says   []string
	}{
		{"expired", &tls.Config{RootCAs: expiredPool}, serves(expired), []string{"certificate has expired", "clock"}},
		{"wrong host", &tls.Config{RootCAs: otherPool}, serves(other), []string{"certificate", "127.0.0.1", "check Host"}},
		{"unknown authority", nil, serves(valid), []string{"unknown authority", "WithTLS"}},
		{"no version in common", &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS12}, behind(&tls.Config{Certificates: []tls.Certificate{valid}, MinVersion: tls.VersionTLS13}), []string{"protocol version", "has refused the TLS handshake"}},
		{"plaintext server that speaks first", &tls.Config{RootCAs: pool}, func(conn net.Conn) {
			_, _ = io.WriteString(conn, "220 example.com ESMTP\r\n")
			_, _ = conn.Read(make([]byte, 4096))
		}, []string{"does not look like a TLS handshake", "does not speak TLS on this port"}},
		{"plaintext server that answers", &tls.Config{RootCAs: pool}, func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
		}, []string{"does not look like a TLS handshake", "check the port"}},
		{"hangs up at once", &tls.Config{RootCAs: pool}, func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
		}, []string{"in the middle of the TLS handshake"}},
		{"hangs up within a record", &tls.Config{RootCAs: pool}, func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte{handshake, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3})
		}, []string{"in the middle of the TLS handshake"}},
	} {
		for _, sent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, sent there %v", test.name, sent), func(t *testing.T) {
				t.Parallel()
				f := newFake(t)
				stop, gone := make(chan struct{}), make(chan struct{})
				t.Cleanup(func() { close(stop); <-gone })
				go func() {
					defer close(gone)
					for plain := sent; ; plain = false {
						var conn net.Conn
						select {
						case <-stop:
							return
						case conn = <-f.conns:
						}
						_ = conn.SetDeadline(time.Now().Add(patience))
						in := bufio.NewReader(conn)
						first, err := in.Peek(1)
						switch {
						case err != nil:
						case plain:
							if p, err := upgrade(t, peeked{conn, in}); err == nil {
								_, _ = p.conn.Write(websocket.AppendClose(nil, 4000, "TLS only", nil))
								_, _ = p.next()
							}
						case first[0] != handshake:
							t.Errorf("the client says %q without TLS", first)
						default:
							test.serve(peeked{conn, in})
						}
						conn.Close()
					}
				}()
				client := newClient(t, thimble.Config{
					Key: "s3cretkey", Host: f.host(), Plaintext: sent,
					TLS: thimble.WithTLS(test.client), Entropy: zeros{}, // no delay is left
				})
				errs := failures(client)
				run(t, client)
				if sent {
					var closed *thimble.CloseError
					if err := waitFor(t, "4000", errs); !errors.As(err, &closed) || closed.Code != 4000 {
						t.Errorf("sent to TLS by %v", err)
					}
				}
				for range 3 {
					err := waitFor(t, "the failure", errs)
					var typed *thimble.ConnectError
					if !errors.As(err, &typed) || typed.Address != f.host() {
						t.Fatalf("failed with %#v", err)
					}
					for _, part := range append(test.says, "thimble: no connection to "+f.host()) {
						if !strings.Contains(err.Error(), part) {
							t.Errorf("%q does not say %q", err, part)
						}
					}
					if strings.Contains(err.Error(), "s3cretkey") {
						t.Errorf("the text is %q", err)
					}
				}
				client.Disconnect()
			})
		}
	}
}

// TestPlaintextToTLS has a client without TLS on a port that takes nothing
// else, of servers that say so in different ways.
func TestPlaintextToTLS(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, answer, says string }{
		{"crypto/tls", "", "ended the connection without a word; check port and TLS setting"},
		{"an alert", "\x15\x03\x01\x00\x02\x02\x46", "check the address, port and TLS setting"},
		{"net/http", "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", "status 400; check port and TLS setting"},
		{"a redirection", "HTTP/1.1 301 Moved Permanently\r\nLocation: https://127.0.0.1/\r\n\r\n", "status 301; redirections are not followed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			client := newClient(t, f.config())
			errs := failures(client)
			run(t, client)
			conn := f.tcp()
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, test.answer)
			conn.Close()
			if err := waitFor(t, "the failure", errs); !strings.Contains(err.Error(), test.says) {
				t.Errorf("the text is %q, without %q", err, test.says)
			}
			client.Disconnect()
		})
	}
}

// TestOffsetsOfTLS cuts a session over TLS, handshake and all, in both
// directions and with both ends, behind every 23rd byte. These are about 480
// cuts; the test's log has the number.
func TestOffsetsOfTLS(t *testing.T) {
	t.Parallel()
	const step = 23
	cert, pool := certificate(t, time.Now().Add(time.Hour), "127.0.0.1")
	for _, how := range []struct {
		name string
		cut  func(at int) weather
	}{
		{"down, end", func(at int) weather { return weather{down: way{after: at, then: fin}} }},
		{"down, reset", func(at int) weather { return weather{down: way{after: at, then: reset}} }},
		{"up, end", func(at int) weather { return weather{up: way{after: at, then: fin}} }},
		{"up, reset", func(at int) weather { return weather{up: way{after: at, then: reset}} }},
	} {
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, manner{d: dialects[0], then: offsetScript, secure: func(conn net.Conn) net.Conn {
				return tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
			}})
			cfg := s.eager()
			cfg.Plaintext = false
			cfg.TLS = thimble.WithTLS(&tls.Config{RootCAs: pool})
			everyOffset(t, s, cfg, runs, func(n int) weather { return how.cut(n * step) })
		})
	}
}
