package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/thimble-go/thimble/server/internal/figures"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "brokerbench:", err)
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
	flags := flag.NewFlagSet("brokerbench", flag.ExitOnError)
	flags.IntVar(&plan.rounds, "rounds", 3, "how many `rounds` each contender runs")
	flags.IntVar(&plan.idle, "idle", 10000, "how many idle `connections` there are")
	flags.IntVar(&plan.subscribers, "subscribers", 1000, "how many `subscribers` an event goes to")
	flags.IntVar(&plan.rate, "rate", 50000, "`deliveries` a second at which delays are measured")
	flags.DurationVar(&plan.warm, "warm", 500*time.Millisecond, "how long events flow before they are measured")
	flags.DurationVar(&plan.span, "span", 3*time.Second, "how long they are measured")
	flags.IntVar(&plan.most, "most", 100000, "how many idle `connections` this broker takes alone; 0 leaves that out")
	flags.StringVar(&plan.only, "only", "", "only the contenders with this `text` in their name")
	flags.StringVar(&plan.centrifugoPath, "centrifugo", "", "the `program` in place of one that is built")
	write := flags.String("write", "", "the `file` whose figures section is written anew")
	_ = flags.Parse(args)
	if plan.rounds < 1 || plan.subscribers < 1 || plan.rate < plan.subscribers || plan.idle <= plan.subscribers {
		return fmt.Errorf("there must be at least one round, one subscriber, an event a second, and more idle connections than subscribers")
	}
	result, err := plan.measure()
	if err != nil {
		return err
	}
	text := result.markdown()
	fmt.Print(text)
	if *write == "" || plan.only != "" {
		return nil
	}
	return figures.Rewrite(*write, "broker", text)
}
