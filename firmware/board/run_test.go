package board

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

type room struct{}

func (room) ReadTemperature() (int32, error) { return 21500, nil }

// bench is a board without hardware, whose clock goes when it is looked at: a
// hundredth of a second in each turn.
func bench() (Config, *notes) {
	told := &notes{}
	idle, clock := leap(10 * time.Millisecond)
	return Config{
		Board: "bench",
		Settings: Settings{
			SSID: "home", Password: "long enough", Key: "k", Host: "127.0.0.1:6001", Auth: "http://127.0.0.1:6001/auth",
		},
		Wifi: &Station{Join: func() error { return nil }},
		LED:  &lamp{}, Sensor: room{},
		Clock: clock, Idle: idle, Print: told.print,
		Adjust: func(c *thimble.Config) { c.PollWait = time.Microsecond },
	}, told
}

// notes are what a board has printed.
type notes struct {
	mu   sync.Mutex
	text string
}

func (n *notes) print(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text += text + "\n"
}

var errOut = errors.New("out of range")

// TestNoNetwork has no access point: the LED flashes fast, the watchdog is fed,
// and the board restarts in the end.
func TestNoNetwork(t *testing.T) {
	t.Parallel()
	cfg, told := bench()
	cfg.Wifi.Join = func() error { return errOut }
	led := cfg.LED.(*lamp)
	fed, restarts := 0, 0
	ctx, cancel := context.WithCancel(context.Background())
	cfg.Feed = func() { fed++ }
	cfg.Restart = func() {
		restarts++
		cancel()
	}
	cfg.Idle, cfg.Clock = leap(time.Second / 10)
	if err := Run(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	if restarts != 1 || fed < int(restartAfter/time.Second)-1 {
		t.Errorf("restarted %d times, fed %d times", restarts, fed)
	}
	if !strings.Contains(led.text, "1") {
		t.Errorf("the LED: %s", led.text)
	}
	if !strings.Contains(told.text, "Wi-Fi: out of range") || !strings.Contains(told.text, "restarting\n") {
		t.Errorf("told:\n%s", told.text)
	}
}

// leap returns an Idle and a Clock that it drives. Idle gives way, or the clock
// would run ahead of the goroutine that brings the network up.
func leap(step time.Duration) (idle func(), clock func() time.Duration) {
	now := make(chan time.Duration, 1)
	now <- 0
	return func() {
			now <- <-now + step
			time.Sleep(time.Microsecond)
		}, func() time.Duration {
			at := <-now
			now <- at
			return at
		}
}

// TestMissing checks that a board that is not set up does not begin.
func TestMissing(t *testing.T) {
	t.Parallel()
	cfg, _ := bench()
	cfg.Settings.Key = ""
	var wrong *SettingsError
	if err := Run(context.Background(), cfg); !errors.As(err, &wrong) {
		t.Errorf("no key: %v", err)
	}
	cfg, _ = bench()
	cfg.Sensor = nil
	if err := Run(context.Background(), cfg); err != errParts {
		t.Errorf("no sensor: %v", err)
	}
	cfg, _ = bench()
	cfg.Adjust = func(c *thimble.Config) { c.Plaintext, c.TLS = true, nil; c.Key = "no key has blanks" }
	if err := Run(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), "Config.Key") {
		t.Errorf("what the client refuses: %v", err)
	}
}

// TestStopped looks at a board that has ended.
func TestStopped(t *testing.T) {
	t.Parallel()
	cfg, told := bench()
	fed := 0
	cfg.Feed = func() { fed++ }
	cfg.fill()
	s := stopped{cfg: &cfg, text: "not set up", light: newLight(&cfg)}
	for range 1200 { // twelve seconds
		s.turn()
	}
	if n := strings.Count(told.text, "not set up\n"); n != 3 {
		t.Errorf("told %d times in twelve seconds", n)
	}
	if fed != 1200 {
		t.Errorf("the watchdog was fed %d times", fed)
	}
	if led := cfg.LED.(*lamp); !strings.HasPrefix(led.text, "101010") || len(led.text) < 36 {
		t.Errorf("the LED: %s", led.text)
	}
}
