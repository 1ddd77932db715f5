//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/firmware/app"
	"github.com/thimble-go/thimble/firmware/board"
)

// pollWait is how long the device sleeps when nothing comes: as long as the
// shortest flash of the LED.
const pollWait = 100 * time.Millisecond

// errUsage is a mistake in the options, which package flag has printed.
var errUsage = errors.New("usage")

// run runs the device until ctx ends.
func run(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("device", flag.ContinueOnError)
	set := board.Settings{}
	f.StringVar(&set.Key, "key", key, "the application's `key`")
	f.StringVar(&set.Host, "host", host, "the server's `host:port`")
	f.StringVar(&set.Auth, "auth", auth, "`URL` of the authorization endpoint")
	f.StringVar(&set.Name, "name", name, "`name` of the device; without it linux")
	plaintext := f.Bool("plaintext", false, "no TLS: for a server in your own network")
	led := f.String("led", "", "`chip:line` of an LED, such as gpiochip0:17; !gpiochip0:17 if it is lit by a low level; without it the state is printed")
	file := f.String("sensor", "", "`file` or pattern with thousandths of a degree Celsius; without it a sensor of the system")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if f.NArg() > 0 {
		return fmt.Errorf("there is no argument %q: -help has the options", f.Arg(0))
	}
	if err := set.Check(false, true); err != nil {
		return err
	}
	cfg := board.Config{
		Board: "linux", Settings: set, TLS: true,
		Adjust: func(c *thimble.Config) { c.Plaintext, c.PollWait = *plaintext, pollWait },
		Print:  func(text string) { fmt.Println(text) },
		LED:    printed{}, Status: quiet{},
	}
	if *led != "" {
		l, err := openLine(*led, kernel)
		if err != nil {
			return err
		}
		defer l.Close()
		cfg.LED, cfg.Status = l, nil
	}
	sensor, err := findSensor(*file)
	if err != nil {
		return err
	}
	cfg.Sensor = sensor
	return board.Run(ctx, cfg)
}

// printed is an LED for a machine that has none.
type printed struct{}

func (printed) Set(on bool) {
	if on {
		fmt.Println("LED on")
		return
	}
	fmt.Println("LED off")
}

// quiet is a status that is seen in what is printed.
type quiet struct{}

func (quiet) Set(bool) {}

var _ app.LED = (*line)(nil)
