package thimble

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/http1"
	"github.com/thimble-go/thimble/internal/session"
)

// Version is the version of this library, as servers see it.
const Version = "0.1.0"

// Config is what a Client needs to know. Only Key and one of Cluster and Host
// are required.
type Config struct {
	// Key is the application's public key.
	Key string

	// Cluster is the application's cluster on the hosted service, such as
	// "eu" or "mt1".
	Cluster string

	// Host is another server's host or host:port, and wins over Cluster. The
	// port is 443 by default, with Plaintext 80.
	Host string

	// Path stands before /app/KEY in the address, for servers that live below
	// a path. Zero: nothing.
	Path string

	// Plaintext turns TLS off: anyone on the way can read and change
	// everything. For tests, and for links that are protected otherwise.
	Plaintext bool

	// Authorizer gets the tokens for all channels but public ones: mostly an
	// Endpoint. Zero: such channels need SubscribeAuthorized.
	Authorizer Authorizer

	// UserAuthorizer gets the tokens for SignIn: mostly an Endpoint. Zero: there
	// is no signing in.
	UserAuthorizer UserAuthorizer

	// Encryption opens what comes on encrypted channels. Zero: on ordinary Go
	// Secretbox; under TinyGo there is none, for the flash that it takes, and
	// such channels are refused with ErrNoEncryption.
	Encryption Encryption

	// AuthTimeout bounds one authorization: behind it the channel, or the user,
	// is told ErrAuthTimeout and tries again after a while, whether the
	// Authorizer has returned or not. Zero: 10 s.
	AuthTimeout time.Duration

	// ActivityTimeout is the silence after which the server is pinged; it may
	// ask for less. Zero: 120 s. Less than 1 s is an error.
	ActivityTimeout time.Duration

	// PongTimeout is how long the answer may take before the connection counts
	// as lost. Zero: 30 s. Less than 1 s is an error.
	PongTimeout time.Duration

	// ReadBuffer is the size in bytes of the buffer that a client keeps. It
	// grows for a larger message and shrinks behind it. While more has come
	// than it holds, ordinary Go reads to one of 64 KiB instead, or of 512, which
	// all clients of the process share. Zero: 4096; less than 1024 counts as that,
	// and more than 16 MiB is an error.
	ReadBuffer int

	// MaxMessage bounds a message in bytes. Larger ones are skipped and
	// reported as an OversizeError; the connection lives on. Zero: 256 KiB; more
	// than 1 GiB counts as that.
	// It also bounds what encrypted channels keep while a fresh key is awaited.
	// With MaxMessage 16 or more below ReadBuffer the buffer never grows.
	MaxMessage int

	// Queue bounds in bytes what waits to be sent. When it is full Trigger
	// returns ErrQueueFull. Zero: 256 KiB.
	Queue int

	// Attempts is how many attempts to connect may fail in a row before the
	// client gives up and Run returns an *AttemptsError. Zero: it never does.
	Attempts int

	// EventRate is how many client events may be sent in any second; more are
	// refused with ErrRateLimited, or wait in the Backlog. Zero: 10, the hosted
	// service's limit. Negative: no limit, for servers without one.
	EventRate int

	// Backlog bounds in bytes the client events that wait until they can be
	// sent: for the subscription, for a connection, for EventRate. They go in
	// order; when the backlog is full Trigger returns ErrQueueFull. With a
	// subscription that is refused for good they are discarded, as a
	// DiscardedError says, and Trigger returns ErrNotSubscribed. Zero: what
	// cannot be sent at once is an error.
	Backlog int

	// MemberChanges keeps the members of presence channels across a lost
	// connection, for Channel.MemberChanges. That takes their memory twice for
	// a while. Zero: they are dropped.
	MemberChanges bool

	// MaxMembers bounds how many members of a presence channel are kept. Who
	// comes and goes beyond is told, but is not among Channel.Members; it is
	// reported once as a MembersError, as are those that do not fit into 4 KiB
	// for each. Zero: 10,000.
	MaxMembers int

	// Network brings the link below the client up, on a device that does so
	// itself. Zero: the link is there.
	Network Network

	// Logger is told what happens, from LogLevel on. It is called on several
	// goroutines, one call at a time for each; it must not block for long.
	// Secrets, tokens and the data of events are never in a Record, unless a
	// handler panics with them. Zero: silent.
	Logger Logger

	// LogLevel is the least level that Logger is told. Zero: LevelInfo.
	LogLevel Level

	// PollWait is how long a Poll with nothing to do waits for something to
	// come. Zero: 1 ms.
	PollWait time.Duration

	// Dial opens a transport. Zero: the platform's own, over TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// TLS puts TLS on a transport and checks that the peer is serverName.
	// Zero: on ordinary Go crypto/tls with the system's authorities (see
	// WithTLS for others); under TinyGo there is none, and New refuses an
	// address that needs it.
	TLS func(ctx context.Context, conn net.Conn, serverName string) (net.Conn, error)

	// Entropy is the source of randomness for masks and delays. Zero:
	// crypto/rand, where the platform has it.
	Entropy io.Reader

	// Clock is the time since some fixed moment, never going back: for
	// simulations, and for boards whose own clock stops. It decides when things
	// are due; how long a call of the network may block is the platform's
	// affair. Zero: the monotonic clock of package time.
	Clock func() time.Duration
}

// Network is the link below a client, such as a Wi-Fi station.
type Network interface {
	// Up brings the link up, or makes sure that it is. It is called before
	// each attempt to connect, beside the driver, and should return when ctx
	// ends, which is a minute later at the latest.
	Up(ctx context.Context) error

	// Lost says that a connection, or an attempt to make one, has ended in a
	// way that casts doubt on the link. It is called on the driver's goroutine.
	Lost(err error)
}

// Encryption is what encrypted channels are encrypted with: Secretbox.
type Encryption interface{ part() session.Part }

// Secretbox is the Encryption of the service: NaCl's secretbox.
type Secretbox struct{}

func (Secretbox) part() session.Part { return session.Encryption }

var (
	errNoKey     = errors.New("thimble: Config.Key is empty: set it to the application's key")
	errKey       = errors.New("thimble: Config.Key has characters that no key has: letters, digits and - _ . ~ : are allowed")
	errNoHost    = errors.New(`thimble: set Config.Cluster, such as "eu", or Config.Host`)
	errCluster   = errors.New("thimble: Config.Cluster has characters that no cluster has: letters, digits and - are allowed")
	errHost      = errors.New(`thimble: Config.Host is a host or host:port, such as "127.0.0.1:6001", without scheme or path`)
	errPath      = errors.New(`thimble: Config.Path starts with "/", does not end with one, and is percent-encoded, without ? and #`)
	errTimeout   = errors.New("thimble: a timeout in Config is negative, or less than a second")
	errNoConn    = errors.New("thimble: Config.Dial or Config.TLS has returned neither a connection nor an error")
	errSize      = errors.New("thimble: a size in Config is negative, or ReadBuffer above 16 MiB")
	errEndpoint  = errors.New("thimble: Config.Authorizer or Config.UserAuthorizer is a nil *Endpoint")
	defaultWait  = time.Millisecond
	forever      = longestWait
	longestWait  = 365 * 24 * time.Hour // a sum with the time must not overflow
	defaultAuth  = 10 * time.Second
	writeTimeout = 10 * time.Second // before a peer that takes nothing counts as lost
)

// maxReadBuffer bounds what each client keeps: beyond it is a mistake in a unit.
const maxReadBuffer = 16 << 20

// The ports of the schemes.
const (
	portPlain = "80"
	portTLS   = "443"
)

// address is where a client connects to.
type address struct {
	host   string // of the Host header
	dial   string // host:port
	server string // name to check a certificate against
	target string // path and query of the request
}

// check validates the configuration, once, and fills in what is zero.
func (cfg *Config) check() (address, error) {
	var addr address
	switch {
	case cfg.Key == "":
		return addr, errNoKey
	case !only(cfg.Key, "-_.~:") || cfg.Key == "." || cfg.Key == "..": // what stands in a path as it is (RFC 3986 3.3)
		return addr, errKey
	case cfg.Host == "" && cfg.Cluster == "":
		return addr, errNoHost
	case !only(cfg.Cluster, "-"):
		return addr, errCluster
	case cfg.Path != "" && (cfg.Path[len(cfg.Path)-1] == '/' || strings.IndexByte(cfg.Path, '?') >= 0 || !http1.ValidTarget(cfg.Path)):
		return addr, errPath
	case cfg.ReadBuffer < 0 || cfg.ReadBuffer > maxReadBuffer || cfg.MaxMessage < 0 || cfg.Queue < 0 || cfg.Backlog < 0 || cfg.Attempts < 0 || cfg.MaxMembers < 0:
		return addr, errSize
	case nilEndpoint(cfg.Authorizer) || nilEndpoint(cfg.UserAuthorizer):
		return addr, errEndpoint
	case cfg.AuthTimeout < 0 || cfg.PollWait < 0,
		cfg.ActivityTimeout != 0 && cfg.ActivityTimeout < time.Second,
		cfg.PongTimeout != 0 && cfg.PongTimeout < time.Second:
		return addr, errTimeout
	}
	host := cfg.Host
	if host == "" {
		host = "ws-" + cfg.Cluster + ".pusher.com"
	}
	name, port, err := http1.SplitHost(host)
	if err != nil {
		return addr, errHost
	}
	if port == "" {
		port = portTLS
		if cfg.Plaintext {
			port = portPlain
		}
	}
	addr.host, addr.dial = host, name+":"+port
	addr.server = strings.Trim(name, "[]")
	addr.target = cfg.Path + "/app/" + cfg.Key + "?protocol=7&client=thimble-go&version=" + Version

	if cfg.AuthTimeout == 0 {
		cfg.AuthTimeout = defaultAuth
	}
	if cfg.PollWait == 0 {
		cfg.PollWait = defaultWait
	}
	cfg.PollWait = min(cfg.PollWait, longestWait)
	if cfg.Dial == nil {
		cfg.Dial = dialTCP
	}
	if cfg.TLS == nil {
		cfg.TLS = defaultTLS
	}
	if cfg.TLS == nil && !cfg.Plaintext {
		return addr, ErrNoTLS
	}
	if cfg.Encryption == nil {
		cfg.Encryption = defaultEncryption
	}
	if cfg.Entropy == nil {
		cfg.Entropy = systemEntropy()
	}
	return addr, nil
}

// only says whether s has nothing but letters, digits and the characters in
// also.
func only(s, also string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(also, c) >= 0) {
			return false
		}
	}
	return true
}

// printable says whether s is printable ASCII without any of the characters in
// except.
func printable(s, except string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= 0x20 && strings.IndexByte(except, ' ') >= 0 || s[i] < 0x20 || s[i] >= 0x7F || strings.IndexByte(except, s[i]) >= 0 {
			return false
		}
	}
	return true
}

// session returns what the session below must know of an address.
func (a address) session(cfg *Config) session.Target {
	return session.Target{Host: a.host, Path: a.target, TLS: !cfg.Plaintext}
}

// session returns the configuration of the session below.
func (cfg *Config) session(addr address) session.Config {
	entropy := cfg.Entropy
	return session.Config{
		Target:          addr.session(cfg),
		Attempts:        cfg.Attempts,
		EventRate:       cfg.EventRate,
		Backlog:         cfg.Backlog,
		MemberChanges:   cfg.MemberChanges,
		MaxMembers:      cfg.MaxMembers,
		UserAuthorizer:  cfg.UserAuthorizer != nil,
		ReadBuffer:      cfg.ReadBuffer,
		MaxMessage:      cfg.MaxMessage,
		Queue:           cfg.Queue,
		AuthTimeout:     cfg.AuthTimeout,
		ActivityTimeout: cfg.ActivityTimeout,
		PongTimeout:     cfg.PongTimeout,
		Lend:            lendBuffer,
		GiveBack:        giveBufferBack,
		Entropy: func(b []byte) error {
			if entropy == nil {
				return ErrEntropy
			}
			_, err := io.ReadFull(entropy, b)
			return err
		},
	}
}
