// Package app is the demonstration device's application, free of any board: it
// reads a sensor, sends what it reads, answers pings, and switches an LED for
// those who may. A board gives it a client whose network is up, a Sensor and
// an LED, and calls Poll in its loop; "thimble demo" does the same with a
// simulated pair.
//
// On its presence channel it speaks
//
//	client-reading      {"temperature":21.53,"unit":"C","sequence":17,"uptime":123,"led":false}
//	client-pong         {"id":"..."}                 the answer to client-ping {"id":"..."}
//	client-led-state    {"on":true,"by":"..."}       the answer to client-led {"on":true}
//	client-led-refused  {"by":"..."}                 the answer to somebody who may not
//
// client-ping and client-led may name one device: "to" holds its user id.
package app

import (
	"errors"
	"strconv"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/wire"
)

// DefaultChannel is where devices meet those who watch them.
const DefaultChannel = "presence-devices"

// Sensor measures temperature, like the drivers of TinyGo.
type Sensor interface {
	// ReadTemperature returns thousandths of a degree Celsius.
	ReadTemperature() (int32, error)
}

// LED is a light, such as a machine.Pin.
type LED interface{ Set(on bool) }

// Config is what a device is made of.
type Config struct {
	Client *thimble.Client // authorizes the channel, and says who the device is
	Sensor Sensor
	LED    LED

	// MayControl says who may switch the LED. It is asked with the user id
	// that the server vouches for. Zero: nobody.
	MayControl func(userID string) bool

	// Channel is a presence channel. Zero: DefaultChannel.
	Channel string

	// Interval is the time between two readings. Zero: 1 s. Servers take ten
	// client events a second from a connection, answers included.
	Interval time.Duration

	// Clock is the time since some fixed moment, never going back, for boards
	// whose own clock stops. Zero: package time.
	Clock func() time.Duration

	// Log is told what happens. Zero: silent.
	Log func(text string)
}

// App is the application. Its methods are for one goroutine.
type App struct {
	cfg      Config
	channel  *thimble.Channel
	start    time.Duration // of the device
	next     time.Duration // reading; 0: now
	sequence int64
	on       bool
	buf      []byte
}

var errConfig = errors.New("app: Client, Sensor and LED must be set")

// New sets the application up; the LED is off.
func New(cfg Config) (*App, error) {
	if cfg.Client == nil || cfg.Sensor == nil || cfg.LED == nil {
		return nil, errConfig
	}
	if cfg.Channel == "" {
		cfg.Channel = DefaultChannel
	}
	if cfg.Interval == 0 {
		cfg.Interval = time.Second
	}
	if cfg.Log == nil {
		cfg.Log = func(string) {}
	}
	if cfg.MayControl == nil {
		cfg.MayControl = func(string) bool { return false }
	}
	if cfg.Clock == nil {
		start := time.Now()
		cfg.Clock = func() time.Duration { return time.Since(start) }
	}
	a := &App{cfg: cfg, start: cfg.Clock()}
	cfg.LED.Set(false)
	cfg.Client.OnStateChange(a.stateChanged)
	cfg.Client.OnError(func(err error) { cfg.Log(err.Error()) })

	a.channel = cfg.Client.Channel(cfg.Channel)
	a.channel.Bind(thimble.EventSubscribed, func(thimble.Event) {
		cfg.Log("joined " + cfg.Channel + " as " + a.channel.Me())
	})
	a.channel.Bind(thimble.EventSubscriptionError, func(e thimble.Event) { cfg.Log(e.Err.Error()) })
	a.channel.Bind("client-ping", a.ping)
	a.channel.BindFrom("client-led", cfg.MayControl, a.led)
	a.channel.BindFrom("client-led", func(id string) bool { return !cfg.MayControl(id) }, a.refuse)
	a.channel.Subscribe()
	return a, nil
}

// Poll does what is due and returns; call it in a loop. Its error is final:
// the server has refused the client for good.
func (a *App) Poll() error {
	if err := a.cfg.Client.Poll(); err != nil {
		return err
	}
	now := a.cfg.Clock()
	if now < a.next || !a.channel.Subscribed() {
		return nil
	}
	a.next = now + a.cfg.Interval
	a.read(now)
	return nil
}

// Channel returns the channel that the device is on.
func (a *App) Channel() *thimble.Channel { return a.channel }

func (a *App) stateChanged(s thimble.StateChange) {
	text := s.Current.String()
	if s.Err != nil {
		text += ": " + s.Err.Error()
	}
	a.cfg.Log(text)
	if s.Current == thimble.StateConnected {
		a.next = 0 // do not let the watchers wait
	}
}

// read sends a reading. One that cannot be sent is lost: the next is better.
func (a *App) read(now time.Duration) {
	milli, err := a.cfg.Sensor.ReadTemperature()
	if err != nil {
		a.cfg.Log("sensor: " + err.Error())
		return
	}
	a.sequence++
	b := append(a.buf[:0], `{"temperature":`...)
	b = appendCelsius(b, milli)
	b = append(b, `,"unit":"C","sequence":`...)
	b = strconv.AppendInt(b, a.sequence, 10)
	b = append(b, `,"uptime":`...)
	b = strconv.AppendInt(b, int64((now-a.start)/time.Second), 10)
	b = append(b, `,"led":`...)
	b = strconv.AppendBool(b, a.on)
	a.send("client-reading", append(b, '}'))
}

// appendCelsius writes thousandths of a degree with two digits behind the
// point, rounded half away from zero.
func appendCelsius(b []byte, milli int32) []byte {
	cents := int64(milli)
	if cents < 0 {
		cents = -cents
	}
	cents = (cents + 5) / 10
	if milli < 0 && cents > 0 {
		b = append(b, '-')
	}
	b = strconv.AppendInt(b, cents/100, 10)
	return append(b, '.', byte('0'+cents/10%10), byte('0'+cents%10))
}

// addressed says whether an event is for this device.
func (a *App) addressed(e thimble.Event) bool {
	to := e.Field("to")
	return !to.Exists() || to.String() == a.channel.Me()
}

// ping answers with the same id, so that the sender can tell the time it took.
func (a *App) ping(e thimble.Event) {
	if !a.addressed(e) {
		return
	}
	id := e.Field("id").String()
	if len(id) > maxPingID {
		return
	}
	b := append(a.buf[:0], `{"id":`...)
	b = wire.AppendString(b, id)
	a.send("client-pong", append(b, '}'))
}

// maxPingID bounds what is sent back.
const maxPingID = 64

// led is called only for those who may switch it.
func (a *App) led(e thimble.Event) {
	on, ok := e.Field("on").Bool()
	if !ok || !a.addressed(e) {
		return
	}
	a.on = on
	a.cfg.LED.Set(on)
	b := append(a.buf[:0], `{"on":`...)
	b = strconv.AppendBool(b, on)
	b = append(b, `,"by":`...)
	b = wire.AppendString(b, e.UserID)
	a.send("client-led-state", append(b, '}'))
}

// refuse is called for everyone else.
func (a *App) refuse(e thimble.Event) {
	if !a.addressed(e) {
		return
	}
	a.cfg.Log("refused to switch the LED for " + e.UserID)
	b := append(a.buf[:0], `{"by":`...)
	b = wire.AppendString(b, e.UserID)
	a.send("client-led-refused", append(b, '}'))
}

// send triggers an event and keeps its buffer for the next.
func (a *App) send(event string, data []byte) {
	a.buf = data
	if err := a.channel.Trigger(event, string(data)); err != nil {
		a.cfg.Log(event + ": " + err.Error())
	}
}
