// Command echo lets the Autobahn test suite judge package websocket, in both
// roles, with one loop that echoes.
//
//	go run ./internal/websocket/echo -listen 127.0.0.1:9010
//
// is an echo server, for the suite's fuzzing client;
//
//	go run ./internal/websocket/echo -fuzz ws://127.0.0.1:9001 -agent thimble
//
// is an echo client, which runs every case of the suite's fuzzing server and
// then has it write its report. Compression is never offered, so that the cases
// 12.* and 13.* do not apply.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
)

const usage = `Echoes WebSocket messages for the Autobahn test suite.

  echo -listen 127.0.0.1:9010
        be an echo server, for the suite's fuzzing client, until Ctrl-C
  echo -fuzz ws://127.0.0.1:9001 -agent thimble
        be an echo client: run every case of the suite's fuzzing server, and
        have it write its report

Options:
`

// errUsage marks a command line that says nothing to do; it has been told.
var errUsage = errors.New("see -h")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("echo", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	address := flags.String("listen", "", "`address` to listen at, such as 127.0.0.1:9010; port 0 takes a free one")
	server := flags.String("fuzz", "", "`URL` of the fuzzing server, such as ws://127.0.0.1:9001")
	agent := flags.String("agent", "thimble", "`name` in the fuzzing server's report")
	flags.Usage = func() {}
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stderr, usage)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%v; %w", err, errUsage)
	case flags.NArg() > 0:
		return fmt.Errorf("%q is not expected; %w", flags.Arg(0), errUsage)
	case (*address == "") == (*server == ""):
		return fmt.Errorf("give either -listen or -fuzz; %w", errUsage)
	case *agent == "":
		return fmt.Errorf("-agent must not be empty; %w", errUsage)
	}

	if *server != "" {
		u, err := parseServer(*server)
		if err != nil {
			return fmt.Errorf("-fuzz: %v; %w", err, errUsage)
		}
		client := fuzzClient{server: u, agent: *agent, out: stdout}
		return client.run(ctx)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return fmt.Errorf("-listen: %v; choose a free address, such as 127.0.0.1:0", err)
	}
	fmt.Fprintf(stdout, "echoing at ws://%s until Ctrl-C\n", listener.Addr())
	return listen(ctx, listener, stdout)
}
