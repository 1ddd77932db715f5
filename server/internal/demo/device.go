package demo

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/app"
)

// plug is the simulated device and the socket that it is plugged into.
type plug struct {
	config thimble.Config
	log    *slog.Logger

	mu   sync.Mutex
	stop func() // nil while the device is off
}

// on plugs the device in. It does nothing if it is in.
func (p *plug) on() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		return nil
	}
	wire := new(wires)
	config := p.config
	config.Dial = wire.dial
	config.PollWait = 20 * time.Millisecond
	client, err := thimble.New(config)
	if err != nil {
		return err
	}
	client.OnError(func(err error) { p.log.Warn("device", slog.Any("error", err)) })
	device, err := app.New(app.Config{
		Client:     client,
		Sensor:     newSensor(),
		LED:        light{p.log},
		MayControl: mayControl,
		Log:        func(text string) { p.log.Info("device", slog.String("says", text)) },
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := device.Poll(); err != nil {
				p.log.Error("device stopped", slog.Any("error", err))
				return
			}
		}
	}()
	p.stop = func() {
		cancel()
		wire.cut()
		<-done
		client.Disconnect()
	}
	return nil
}

// off pulls the plug: the device says no good-bye. It does nothing if it is
// out.
func (p *plug) off() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

func (p *plug) running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stop != nil
}

// wires are the device's connections, which end at once when the plug is
// pulled.
type wires struct {
	mu    sync.Mutex
	gone  bool
	conns []net.Conn
}

var errUnplugged = errors.New("demo: the device is unplugged")

func (w *wires) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		conn.Close()
		return nil, errUnplugged
	}
	w.conns = append(w.conns[:0], conn) // a client has one at a time
	return conn, nil
}

func (w *wires) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = true
	for _, conn := range w.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0) // a reset, as when the power goes
		}
		conn.Close()
	}
}

// sensor wanders around room temperature.
type sensor struct{ milli, drift float64 }

func newSensor() *sensor { return &sensor{milli: 21500} }

func (s *sensor) ReadTemperature() (int32, error) {
	s.drift = 0.8*s.drift + rand.NormFloat64()*60
	s.milli += s.drift + (21500-s.milli)*0.02
	return int32(s.milli), nil
}

// light is the simulated LED.
type light struct{ log *slog.Logger }

func (l light) Set(on bool) { l.log.Debug("LED", slog.Bool("on", on)) }
