package board

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/app"
)

// Config is what a board has.
type Config struct {
	// Board is its name, which is also the device's unless Settings has one.
	Board string

	Settings Settings

	// Wifi is its station. Zero: the network is there.
	Wifi *Station

	// LED is the application's light.
	LED app.LED

	// Status shows the stage. Zero: LED does, and is the application's as soon
	// as the device is ready.
	Status app.LED

	Sensor app.Sensor

	// Feed is called at least every second as long as the program is well, and
	// mostly every few milliseconds: the watchdog's. Zero: there is none.
	Feed func()

	// Restart is called when there was no connection for ten minutes: some
	// drivers find an access point again only behind a reset. Zero: nothing.
	Restart func()

	// Idle is called in each turn of the loop. Zero: nothing.
	Idle func()

	// Clock is for boards whose own stands still, as in thimble.Config.
	Clock func() time.Duration

	// TLS says that the board has a TLS layer: Host is reached with it, and
	// Auth may be https://. Zero: plaintext.
	TLS bool

	// Adjust may change the client's configuration. Zero: it stays.
	Adjust func(*thimble.Config)

	// Print writes a line. Zero: println.
	Print func(text string)
}

const (
	// What the client keeps: a reading and an answer are some 200 bytes, a
	// list of 60 members 6 KB.
	readBuffer = 2 << 10
	maxMessage = 16 << 10
	queue      = 4 << 10
	maxMembers = 64

	// pollWait is how long a turn waits for something to come: shorter than a
	// flash of the LED, and longer than network stacks take to look.
	pollWait = 20 * time.Millisecond

	// operator is how those begin who may switch the LED.
	operator = "operator-"

	linkEvery    = time.Second      // the driver is asked for the link
	repeatEvery  = 5 * time.Second  // a board that has stopped says why
	restartAfter = 10 * time.Minute // without a connection
)

var errParts = errors.New("board: LED and Sensor must be set")

// Run runs a device until ctx ends, and then returns nil; an error says what
// makes running useless: settings that are wrong, or a server that refuses the
// client for good.
func Run(ctx context.Context, cfg Config) error {
	d, err := start(&cfg)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := d.turn(); err != nil {
			return err
		}
	}
	d.client.Disconnect()
	cfg.LED.Set(false)
	return nil
}

// Main runs a device for ever. What ends it is printed again and again, since
// nobody may have looked at the serial port in time.
func Main(cfg Config) {
	err := Run(context.Background(), cfg)
	cfg.fill()
	s := stopped{cfg: &cfg, text: err.Error(), light: newLight(&cfg)}
	for {
		s.turn()
		time.Sleep(flash / 10)
	}
}

// stopped is a device that has ended.
type stopped struct {
	cfg   *Config
	text  string
	light *light
	next  time.Duration
}

func (s *stopped) turn() {
	now := s.cfg.Clock()
	if now >= s.next {
		s.cfg.Print(s.text)
		s.next = now + repeatEvery
	}
	s.light.show(Stopped, now)
	s.cfg.Feed()
	s.cfg.Idle()
}

// fill replaces what is zero.
func (cfg *Config) fill() {
	nothing := func() {}
	if cfg.Feed == nil {
		cfg.Feed = nothing
	}
	if cfg.Idle == nil {
		cfg.Idle = nothing
	}
	if cfg.Print == nil {
		cfg.Print = func(text string) { println(text) }
	}
	if cfg.Clock == nil {
		start := time.Now()
		cfg.Clock = func() time.Duration { return time.Since(start) }
	}
	if cfg.Settings.Name == "" {
		cfg.Settings.Name = cfg.Board
	}
}

// device is a board that runs.
type device struct {
	cfg       *Config
	client    *thimble.Client
	app       *app.App
	light     *light
	asked     time.Duration // when the driver was last asked for the link
	connected time.Duration // when there was last a connection
	seeking   bool
}

func start(cfg *Config) (*device, error) {
	if cfg.LED == nil || cfg.Sensor == nil {
		return nil, errParts
	}
	clock := cfg.Clock // only one of the board's own: the client does better without
	cfg.fill()
	if err := cfg.Settings.Check(cfg.Wifi != nil, cfg.TLS); err != nil {
		return nil, err
	}
	set := &cfg.Settings
	config := thimble.Config{
		Key: set.Key, Host: set.Host, Plaintext: !cfg.TLS,
		Authorizer: thimble.Endpoint{URL: set.Auth, Params: map[string]string{"device": set.Name}},
		ReadBuffer: readBuffer, MaxMessage: maxMessage, Queue: queue, MaxMembers: maxMembers,
		Clock: clock, PollWait: pollWait,
	}
	if cfg.Wifi != nil {
		cfg.Wifi.log = cfg.Print
		config.Network = cfg.Wifi
	}
	if cfg.Adjust != nil {
		cfg.Adjust(&config)
	}
	client, err := thimble.New(config)
	if err != nil {
		return nil, err
	}
	d := &device{cfg: cfg, client: client, light: newLight(cfg), connected: cfg.Clock(), seeking: cfg.Wifi != nil}
	d.app, err = app.New(app.Config{
		Client: client, Sensor: cfg.Sensor, LED: d.light, Clock: cfg.Clock, Log: cfg.Print,
		MayControl: func(userID string) bool { return strings.HasPrefix(userID, operator) },
	})
	if err != nil {
		return nil, err
	}
	cfg.Print(cfg.Board + ": " + set.Name + " for " + set.Host)
	return d, nil
}

func newLight(cfg *Config) *light {
	l := &light{led: cfg.LED, status: cfg.Status}
	if l.status == nil {
		l.status, l.shared = cfg.LED, true
	}
	if l.led == nil {
		l.led, l.status, l.shared = dark{}, dark{}, true
	}
	return l
}

// dark is an LED that was forgotten.
type dark struct{}

func (dark) Set(bool) {}

// turn does what is due.
func (d *device) turn() error {
	if err := d.app.Poll(); err != nil {
		return err
	}
	now := d.cfg.Clock()
	d.light.show(d.stage(now), now)
	if d.cfg.Restart != nil && now-d.connected > restartAfter {
		d.cfg.Print("no connection for ten minutes: restarting")
		d.connected = now
		d.cfg.Restart()
	}
	d.cfg.Feed()
	d.cfg.Idle()
	return nil
}

// stage says how far the device is, and looks after the link on the way.
func (d *device) stage(now time.Duration) Stage {
	connected := d.client.State() == thimble.StateConnected
	if connected {
		d.connected = now
	}
	if w := d.cfg.Wifi; w != nil && now-d.asked >= linkEvery {
		d.asked = now
		if connected {
			w.works()
		}
		up, lost := w.state()
		if lost {
			d.client.Probe()
		}
		d.seeking = !up
	}
	switch {
	case connected && d.app.Channel().Subscribed():
		return Ready
	case connected:
		return Joining
	case d.seeking:
		return Seeking
	}
	return Connecting
}
