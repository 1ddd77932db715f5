package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/server/internal/apiclient"
)

// Config is one load. Key and one of Cluster and Host are required.
type Config struct {
	Key, Cluster, Host string
	Plaintext          bool

	// TLS is for authorities of one's own, see thimble.Config. Nil: the
	// system's.
	TLS func(ctx context.Context, conn net.Conn, serverName string) (net.Conn, error)

	// API publishes the messages. Nil: clients send them to each other. Its HTTP,
	// if it has one, has an *http.Transport, of which a copy is used.
	API *apiclient.Client

	// Authorizer authorizes channels for the client of that number. Nil: only
	// public channels can be had.
	Authorizer func(client int) thimble.Authorizer

	// Clients is how many connect, ConnectRate how many in a second.
	Clients     int
	ConnectRate float64

	// Channel is the name of the channels, which get numbers if there are more
	// than one; Channels is how many there are, and PerClient on how many of
	// them each client is. Zero: 1.
	Channel   string
	Channels  int
	PerClient int

	// Rate is how many messages are published in a second, all channels
	// together. Zero: none, and only connecting is measured.
	Rate float64

	// Duration is for how long, and Messages how many at most. Zero: no bound
	// of that kind.
	Duration time.Duration
	Messages int

	// Size is that of a message's data, in bytes. Zero: MinSize.
	Size int

	// Senders is how many publish at the same time, each in order: requests to
	// the HTTP API under way, or clients that send. Zero: as Rate needs it.
	Senders int

	// Progress is told how it goes, about once a second. Nil: nobody is.
	Progress func(Progress)
}

// Progress is how far a load is.
type Progress struct {
	Connected, Failed, Clients     int
	Published, Delivered, Expected int64
	Publishing                     bool // connecting is over
}

// Check says what is wrong with a Config, in the words of the tool's flags, and
// fills in what is zero.
func (c *Config) Check() error {
	if c.Channels == 0 {
		c.Channels = 1
	}
	if c.PerClient == 0 {
		c.PerClient = 1
	}
	if c.Size == 0 {
		c.Size = MinSize
	}
	for _, limit := range []struct {
		name        string
		value       float64
		least, most float64
	}{
		{"clients", float64(c.Clients), 1, MaxClients},
		{"connect-rate", c.ConnectRate, 0.1, MaxConnectRate},
		{"channels", float64(c.Channels), 1, MaxChannels},
		{"per-client", float64(c.PerClient), 1, float64(c.Channels)},
		{"rate", c.Rate, 0, MaxRate},
		{"duration (in seconds)", c.Duration.Seconds(), 0, MaxDuration.Seconds()},
		{"messages", float64(c.Messages), 0, MaxMessages},
		{"size", float64(c.Size), MinSize, MaxSize},
		{"senders", float64(c.Senders), 0, MaxClients},
	} {
		if math.IsNaN(limit.value) || limit.value < limit.least || limit.value > limit.most {
			return fmt.Errorf("--%s is from %g to %g, not %g", limit.name, limit.least, limit.most, limit.value)
		}
	}
	if err := channelauth.CheckChannel(c.name(c.Channels - 1)); err != nil {
		return fmt.Errorf("--channel %q cannot be the name of one", c.Channel)
	}
	kind := channelauth.KindOf(c.Channel)
	switch {
	case c.Rate > 0 && c.Duration == 0 && c.Messages == 0:
		return errors.New("give it an end: --duration or --messages")
	case kind == channelauth.Encrypted:
		return errors.New("encrypted channels cannot be loaded: the server does nothing else for them than for private ones")
	case kind != channelauth.Public && c.Authorizer == nil:
		return errors.New("clients cannot join " + c.Channel + ": add --secret or --auth-endpoint, or take a public channel")
	case c.API == nil && c.Rate > 0 && kind == channelauth.Public:
		return errors.New("clients may send events on private and presence channels only: take a --channel that begins with private-")
	}
	if c.Senders == 0 {
		c.Senders = c.senders()
	}
	if c.API == nil && c.Rate > 0 && c.Senders > c.Clients {
		return fmt.Errorf("--rate %g takes %d clients that send, %d in a second each, and there are %d: raise --clients, or set --senders if your server lets them send more", c.Rate, c.Senders, perSender, c.Clients)
	}
	if c.Clients*c.Senders > maxTracked {
		return fmt.Errorf("%d clients and %d senders are more than can be kept track of: lower one of them", c.Clients, c.Senders)
	}
	if files, known := maxFiles(); known && c.Clients+c.Senders+spareFiles > files {
		return fmt.Errorf("%d clients need as many files, and this process may open %d: raise that with ulimit -n %d", c.Clients, files, c.Clients+c.Senders+spareFiles)
	}
	return nil
}

// senders is how many it takes.
func (c *Config) senders() int {
	if c.API == nil {
		return max(1, int(math.Ceil(c.Rate/perSender)))
	}
	return min(max(1, int(math.Ceil(c.Rate/perWorker))), maxWorkers)
}

// name is that of a channel.
func (c *Config) name(i int) string {
	if c.Channels == 1 {
		return c.Channel
	}
	return c.Channel + "-" + strconv.Itoa(i+1)
}

// on are the channels of a client, by their numbers.
func (c *Config) on(client int) []int {
	list := make([]int, c.PerClient)
	for i := range list {
		list[i] = (client + i) % c.Channels
	}
	return list
}
