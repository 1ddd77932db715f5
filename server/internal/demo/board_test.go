package demo_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/board"
)

// air is a Wi-Fi network that can be out of reach, with everything that goes
// through it.
type air struct {
	mu    sync.Mutex
	off   bool
	conns []net.Conn
}

var errNoNetwork = errors.New("no such network")

func (a *air) join() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.off {
		return errNoNetwork
	}
	return nil
}

func (a *air) linked() bool { return a.join() == nil }

func (a *air) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if err := a.join(); err != nil {
		return nil, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	conn = &ether{conn, a}
	a.conns = append(a.conns, conn)
	return conn, nil
}

func (a *air) set(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.off = !on
}

// ether is a connection over the air: what is sent while that is out of reach
// never arrives, and nobody is told.
type ether struct {
	net.Conn
	a *air
}

func (e *ether) Write(p []byte) (int, error) {
	if !e.a.linked() {
		return len(p), nil
	}
	return e.Conn.Write(p)
}

// lamp is an LED that many look at.
type lamp struct {
	mu sync.Mutex
	on bool
}

func (l *lamp) Set(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on = on
}

func (l *lamp) lit() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.on
}

type thermometer struct{}

func (thermometer) ReadTemperature() (int32, error) { return 19500, nil }

// TestWifiLostAndFound runs what all boards run, with a network that comes
// late, goes, and comes back.
func TestWifiLostAndFound(t *testing.T) {
	t.Parallel()
	d := start(t)
	plug(t, d, "stop")
	room, events := watcher(t, d, "operator")
	address := strings.TrimSuffix(strings.TrimPrefix(d.Page(), "http://"), "/")
	a, led := &air{off: true}, &lamp{}
	said := make(chan string, 1000)
	cfg := board.Config{
		Board:    "test",
		Settings: board.Settings{SSID: "home", Key: "app-key", Host: address, Auth: d.Page() + "pusher/auth", Name: "attic"},
		Wifi:     &board.Station{Join: a.join, Linked: a.linked},
		LED:      led, Sensor: thermometer{},
		Print:  func(text string) { said <- text },
		Adjust: func(c *thimble.Config) { c.Dial, c.PollWait, c.PongTimeout = a.dial, 20*time.Millisecond, time.Second },
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- board.Run(ctx, cfg) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	hear := func(part string) {
		t.Helper()
		timeout := time.After(time.Minute)
		for {
			select {
			case text := <-said:
				if strings.Contains(text, part) {
					return
				}
			case <-timeout:
				t.Fatalf("the board never says %q", part)
			}
		}
	}
	fromBoard := func(e thimble.Event) bool { return e.UserID == "device-attic" }

	hear("Wi-Fi: " + errNoNetwork.Error())
	a.set(true)
	hear("Wi-Fi: joined")
	await(t, events, "client-reading", fromBoard)
	if err := room.Trigger("client-led", `{"on":true,"to":"device-attic"}`); err != nil {
		t.Fatal(err)
	}
	await(t, events, "client-led-state", fromBoard)
	if !led.lit() {
		t.Error("the LED is not the application's")
	}

	a.set(false)
	hear("Wi-Fi: lost")
	hear("Wi-Fi: " + errNoNetwork.Error())
	a.set(true)
	hear("Wi-Fi: joined")
	hear("joined presence-devices")
	for len(events) > 0 { // of before
		<-events
	}
	await(t, events, "client-reading", fromBoard)
}
