//go:build linux

// The demonstration device on a Raspberry Pi, or whatever else runs Linux and
// ordinary Go.
//
//	go build -o device ./firmware/linux       (for a Pi: GOARCH=arm64, or GOARCH=arm GOARM=6)
//	./device -key app-key -host 192.168.1.2:6001 -plaintext -auth http://192.168.1.2:6001/pusher/auth \
//	  -name kitchen -led gpiochip0:17
//
// -help has all options. What the linker sets, as for other boards, is what they
// are when they are not given: -ldflags "-X main.key=app-key ...".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/thimble-go/thimble/firmware/board"
)

// Set with -ldflags "-X main.key=...".
var key, host, auth, name string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	var wrong *board.SettingsError
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return
	case errors.As(err, &wrong):
		fmt.Fprintln(os.Stderr, "not set up:")
		for _, p := range wrong.Problems {
			fmt.Fprintf(os.Stderr, "  -%s %s\n", p.Name, p.Text)
		}
		os.Exit(2)
	case errors.Is(err, errUsage):
		os.Exit(2)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
