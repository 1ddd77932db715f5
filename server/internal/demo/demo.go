package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/firmware/app"
	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/broker"
)

// Config says what a demo runs on.
type Config struct {
	// AppID, Key and Secret are the application's. AppID is needed by nothing
	// but the line for curl.
	AppID, Key, Secret string

	// Cluster or Host and Plaintext name the service to use. Without them the
	// demo has a broker of its own.
	Cluster   string
	Host      string
	Plaintext bool

	// TLS is for a service with an authority of its own, see thimble.Config.
	// Browsers go by their system's. Nil: the system's.
	TLS func(ctx context.Context, conn net.Conn, serverName string) (net.Conn, error)

	// Command is how the reader starts thimble, for the lines to paste.
	Command string

	// Logger is told what the demo's parts do. Nil: silent.
	Logger *slog.Logger
}

// Demo is a running demo.
type Demo struct {
	config   Config
	log      *slog.Logger
	listener net.Listener
	address  string // host:port of the page
	broker   *broker.Broker
	server   *http.Server
	tickets  *tickets
	plug     *plug
}

// Start starts everything behind a listener, the device last. The demo owns
// the listener from now on.
func Start(config Config, l net.Listener) (*Demo, error) {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Demo{
		config:   config,
		log:      config.Logger,
		listener: l,
		address:  reachable(l.Addr()),
		tickets:  newTickets(),
	}
	if err := d.start(); err != nil {
		l.Close()
		return nil, err
	}
	return d, nil
}

func (d *Demo) start() error {
	if !d.hosted() {
		var err error
		d.broker, err = broker.New(broker.Config{
			Apps:   []broker.App{{ID: d.config.AppID, Key: d.config.Key, Secret: d.config.Secret, ClientEvents: true}},
			Logger: d.log,
		})
		if err != nil {
			return err
		}
	}
	endpoint, err := channelauth.NewHandler(channelauth.Config{
		Key:       d.config.Key,
		Secret:    d.config.Secret,
		Authorize: d.authorize,
		Logger:    d.log,
	})
	if err != nil {
		return err
	}
	client := d.clientConfig()
	if _, err := thimble.New(client); err != nil {
		return err // before anything runs: a cluster with a space in it, say
	}
	d.plug = &plug{config: client, log: d.log}
	d.server = &http.Server{
		Handler:           d.routes(endpoint),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
	}
	go d.server.Serve(d.listener)
	return d.plug.on()
}

// reachable returns an address by which a listener on all of a machine's
// addresses can be reached, from elsewhere if there is one.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	ip := net.IPv4(127, 0, 0, 1)
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		if own, ok := a.(*net.IPNet); ok && own.IP.IsGlobalUnicast() && own.IP.To4() != nil {
			ip = own.IP
			break
		}
	}
	return net.JoinHostPort(ip.String(), strconv.Itoa(tcp.Port))
}

// clientConfig is the simulated device's connection.
func (d *Demo) clientConfig() thimble.Config {
	config := thimble.Config{
		Key:       d.config.Key,
		Cluster:   d.config.Cluster,
		Host:      d.config.Host,
		Plaintext: d.config.Plaintext,
		TLS:       d.config.TLS,
		Authorizer: thimble.Endpoint{
			URL:    d.url("http", "/pusher/auth"),
			Params: map[string]string{"ticket": d.tickets.issue(newUserID(devicePrefix))},
		},
	}
	if !d.hosted() {
		config.Host, config.Plaintext = d.address, true
	}
	return config
}

// hosted says whether another service stands in for the demo's own broker.
func (d *Demo) hosted() bool { return d.config.Cluster != "" || d.config.Host != "" }

func (d *Demo) url(scheme, path string) string { return scheme + "://" + d.address + path }

// Page returns the page's address.
func (d *Demo) Page() string { return d.url("http", "/") }

// websocketOrigin returns scheme, host and port of the service, for somebody who
// has come to the demo by the name host.
func (d *Demo) websocketOrigin(host string) string {
	switch {
	case !d.hosted():
		return "ws://" + host
	case d.config.Host != "" && d.config.Plaintext:
		return "ws://" + d.config.Host
	case d.config.Host != "":
		return "wss://" + d.config.Host
	}
	return "wss://ws-" + d.config.Cluster + ".pusher.com"
}

// WebSocket returns the address that clients connect to.
func (d *Demo) WebSocket() string { return d.websocketFor(d.address) }

func (d *Demo) websocketFor(host string) string {
	return d.websocketOrigin(host) + "/app/" + d.config.Key
}

// authorize decides who may join which channel under which id.
func (d *Demo) authorize(_ *http.Request, ask channelauth.Ask) (channelauth.Grant, error) {
	if ask.SignIn() || ask.Channel != app.DefaultChannel {
		return channelauth.Grant{}, fmt.Errorf("%w: the demo's only channel is %s", channelauth.ErrForbidden, app.DefaultChannel)
	}
	if name := ask.Params.Get("device"); name != "" {
		return boardGrant(name)
	}
	userID := newUserID(guestPrefix)
	if ticket := ask.Params.Get("ticket"); ticket != "" {
		var ok bool
		if userID, ok = d.tickets.holder(ticket); !ok {
			return channelauth.Grant{}, fmt.Errorf("%w: the ticket is not from this process", channelauth.ErrForbidden)
		}
	}
	return channelauth.Grant{UserID: userID, UserInfo: describe(userID)}, nil
}

// boardGrant lets a board in under its name, which anybody may take: it is
// there to be looked at, and may steer nobody else.
func boardGrant(name string) (channelauth.Grant, error) {
	if len(name) > 32 || wire.Outside(name) >= 0 {
		return channelauth.Grant{}, fmt.Errorf("%w: a device has a name of up to 32 letters, digits and any of _-=@,.;", channelauth.ErrForbidden)
	}
	return channelauth.Grant{UserID: devicePrefix + name, UserInfo: map[string]string{"kind": "device", "name": name, "board": "board"}}, nil
}

// Close ends the demo, device first, within ctx.
func (d *Demo) Close(ctx context.Context) error {
	d.plug.off()
	var errs []error
	if d.broker != nil {
		errs = append(errs, d.broker.Shutdown(ctx))
	}
	errs = append(errs, d.server.Shutdown(ctx))
	return errors.Join(errs...)
}
