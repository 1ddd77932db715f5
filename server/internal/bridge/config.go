package bridge

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const (
	// window is what a terminal of Linux holds while we do not read.
	window = 4096

	// sockets and receive are more than a board asks for, and 128 KiB in all.
	sockets = 16
	receive = 8 << 10

	// send is what a board with a large window may leave unacknowledged.
	send = 16 << 10

	// dialTimeout is as long as a board waits.
	dialTimeout = 10 * time.Second

	// muchNoise is how many bytes that are neither frames nor text make what
	// looks like text noise as well: some boards begin with half as many, at
	// another speed. noiseFades are forgotten in a second, a quarter of what
	// comes at 9600 baud.
	muchNoise  = 1000
	noiseFades = 250

	// linger is how long a server may take for what a board wrote before it
	// closed the connection.
	linger = 5 * time.Second

	// retryEvery is the time between two attempts to open a line.
	retryEvery = 500 * time.Millisecond
)

// Config says what a bridge may do.
type Config struct {
	// Allow has the destinations that the board may connect to, each as
	// host:port, as the board names them. Zero: none.
	Allow []string

	// TLS has destinations that the bridge connects to with TLS. They are
	// allowed as well. The board speaks plaintext with them: this side of the
	// bridge, and the bridge itself, see everything.
	TLS []string

	// TLSConfig is for authorities of one's own. Zero: the system's, TLS 1.2.
	TLSConfig *tls.Config

	// Notify is told what happens, one call at a time. It must not call the
	// bridge. Zero: nobody is.
	Notify func(Event)

	// Dial opens connections. Zero: over TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// GiveUp is how long the board may be silent while it has connections.
	// Zero: 30 s.
	GiveUp time.Duration
}

// Kind says what has happened.
type Kind string

const (
	Waiting  Kind = "waiting"   // the line cannot be opened, which is tried again: Err
	LineUp   Kind = "line_up"   // the line is open
	LineDown Kind = "line_down" // it has ended: Err
	Board    Kind = "board"     // a board has begun a session
	Opened   Kind = "opened"    // a connection: Address, TLS
	Refused  Kind = "refused"   // a connection that was not opened: Address, Err
	Closed   Kind = "closed"    // a connection: Address, Up, Down, Err if it broke
	Text     Kind = "text"      // the board has printed something: Text
	Garbage  Kind = "garbage"   // bytes came that are neither frames nor text: Bytes
	Version  Kind = "version"   // the board speaks another version of the format: Bytes has which
)

// Event is something to tell the user.
type Event struct {
	Kind     Kind
	Address  string // host:port, as the board gave it: clean it before it is shown
	TLS      bool
	Text     string // as it came: clean it before it is shown
	Bytes    int
	Up, Down int64 // bytes from and to the board
	Err      error
}

// Bridge opens connections for boards.
type Bridge struct {
	cfg   Config
	allow map[string]bool // whether with TLS
}

// New checks the configuration.
func New(cfg Config) (*Bridge, error) {
	b := &Bridge{cfg: cfg, allow: make(map[string]bool)}
	for i, list := range [][]string{cfg.Allow, cfg.TLS} {
		for _, address := range list {
			key, err := canonical(address)
			if err != nil {
				return nil, err
			}
			b.allow[key] = i == 1
		}
	}
	if b.cfg.Dial == nil {
		var d net.Dialer
		b.cfg.Dial = d.DialContext
	}
	if b.cfg.TLSConfig == nil {
		b.cfg.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if b.cfg.Notify == nil {
		b.cfg.Notify = func(Event) {}
	}
	return b, nil
}

// canonical writes a destination in the one way in which it is compared.
func canonical(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || len(host) > 253 || strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '/' || r == '@' }) {
		return "", &addressError{fmt.Sprintf("%q is not a destination: it is host:port, such as 127.0.0.1:6001", address)}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", &addressError{fmt.Sprintf("%q has no port from 1 to 65535", address)}
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}
	return net.JoinHostPort(strings.ToLower(host), strconv.FormatUint(n, 10)), nil
}

// addressError is an address that cannot be.
type addressError struct{ text string }

func (e *addressError) Error() string { return e.text }
