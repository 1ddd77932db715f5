package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/thimble-go/thimble/server/internal/figures"
)

// role is what this program is when it has started itself: its name is the
// first argument.
var roles = map[string]func(args []string) error{
	"server":  serverRole,
	"receive": receiveRole,
	"send":    sendRole,
	"idle":    idleRole,
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "clientbench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 {
		if role, ok := roles[args[0]]; ok {
			return role(args[1:])
		}
	}
	var plan plan
	flags := flag.NewFlagSet("clientbench", flag.ExitOnError)
	flags.IntVar(&plan.rounds, "rounds", 7, "how many `rounds` each contender runs")
	flags.DurationVar(&plan.window.warm, "warm", 300*time.Millisecond, "how long a contender receives before it is measured")
	flags.DurationVar(&plan.window.span, "span", 1200*time.Millisecond, "how long it is measured")
	flags.IntVar(&plan.idle, "idle", 10000, "how many idle `clients` one process has; 0 leaves them out")
	flags.StringVar(&plan.interop, "interop", "interop", "the `directory` with the pusher-js package")
	write := flags.String("write", "", "the `file` whose figures section is written anew")
	only := flags.String("only", "", "only the contenders with this `text` in their name, and nothing else")
	_ = flags.Parse(args)
	plan.only = *only
	if plan.rounds < 1 {
		return fmt.Errorf("-rounds %d: there must be at least one", plan.rounds)
	}

	result, err := plan.measure()
	if err != nil {
		return err
	}
	text := result.markdown()
	fmt.Print(text)
	if *write == "" || *only != "" {
		return nil
	}
	return figures.Rewrite(*write, "client", text)
}
