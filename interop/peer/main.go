// Command interop-peer is Thimble's side of the interoperability tests, and an
// example of a small program with the client and one with the authorization
// endpoint:
//
//	interop-peer client -host 127.0.0.1:6001 -auth http://127.0.0.1:8080/ -user ann
//	interop-peer authserver
//	interop-peer certificate -to DIRECTORY
//
// The last makes what a test over TLS needs. All print JSON, a line for each thing that happens; the first
// two end when their standard input does.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "interop-peer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "client":
			return runClient(ctx, args[1:])
		case "authserver":
			return runAuthServer(ctx, args[1:])
		case "certificate":
			return runCertificate(args[1:])
		}
	}
	return fmt.Errorf("say client, authserver or certificate, and -h behind it for the flags")
}

// line is one thing that happened.
type line struct {
	Event   string `json:"event"`
	Channel string `json:"channel,omitempty"`
	Data    any    `json:"data,omitempty"`
	UserID  string `json:"user_id,omitempty"`
	Status  int    `json:"status,omitempty"`
	Error   string `json:"error,omitempty"`
}

// reporting guards the standard output.
var reporting sync.Mutex

// report writes a line. Any goroutine may call it.
func report(l line) {
	reporting.Lock()
	defer reporting.Unlock()
	// Without anybody to read it there is nothing to be done.
	_ = json.NewEncoder(os.Stdout).Encode(l)
}
