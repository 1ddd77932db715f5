// Command thimble puts the terminal on Pusher Channels: a demonstration, a
// broker, and a client that subscribes and publishes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble"
)

func main() {
	// Output that nobody reads any more is an error to be told, not a reason
	// for a broker to die of writing its log.
	signal.Ignore(syscall.SIGPIPE)

	// The first Ctrl-C ends things in order, the second at once, and so does
	// time: writing may be blocked by a reader that has stopped.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop()
		time.AfterFunc(time.Duration(endWithin.Load()), func() { os.Exit(1) })
	})
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return runWith(ctx, args, os.Stdin, stdout, stderr)
}

func runWith(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.InitDefaultCompletionCmd() // which takes the output as it is now
	checked(root)
	err := root.ExecuteContext(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // Ctrl-C is how these commands end
	}
	if err != nil {
		fmt.Fprintln(stderr, "thimble: "+message(err))
	}
	return exitCode(err)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "thimble",
		Short: "Pusher Channels from the terminal: broker, client, HTTP API, checks, load",
		Long: `Pusher Channels from the terminal: broker, client, HTTP API, checks, load.

` + precedence + `

Exit codes:
  0  done, or ended with Ctrl-C
  1  failed: no network, port in use, output that cannot be written
  2  wrong usage
  3  refused by the server: key, secret, or authorization
  4  not in time: --timeout`,
		Example:       "  thimble demo\n  thimble serve --dev\n  thimble subscribe --host 127.0.0.1:6001 --plaintext --key app-key news",
		Version:       thimble.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err) })
	root.AddCommand(newDemo(), newServe(), newConfig(), newContext(), newSubscribe(), newTrigger(), newChannels(), newUsers(), newTerminate(), newCheck(), newAuthServer(), newBench(), newBridge())
	return root
}

// checked has wrong arguments told in the same way by all commands.
func checked(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usage(cmd, meant(cmd, args, err))
			}
			return nil
		}
	}
	if !cmd.Runnable() { // that of completion: wrong arguments would get the help
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	for _, sub := range cmd.Commands() {
		checked(sub)
	}
}

// meant says more about an argument that no command takes.
func meant(cmd *cobra.Command, args []string, err error) error {
	switch {
	case !strings.HasPrefix(err.Error(), "unknown command"):
		return err
	case !cmd.HasSubCommands():
		return fmt.Errorf("%s takes no argument, and there is %q", cmd.CommandPath(), args[0])
	}
	cmd.SuggestionsMinimumDistance = 2
	if names := cmd.SuggestionsFor(args[0]); len(names) > 0 {
		return fmt.Errorf("%w; %s may be meant", err, strings.Join(names, " or "))
	}
	return err
}

// usageError is a call that cannot be carried out as it was written.
type usageError struct {
	err     error
	command string
}

func (e *usageError) Error() string {
	text, help := e.err.Error(), e.command+" --help"
	if strings.Contains(text, help) {
		return text
	}
	return text + "; see " + help
}

func usage(cmd *cobra.Command, err error) error {
	return &usageError{err, cmd.CommandPath()}
}

// refusedError is a server's no.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// lateError says that the time was up before what was waited for.
type lateError struct{ text string }

func (e *lateError) Error() string { return e.text }

// exitCode is what the help of the root command says.
func exitCode(err error) int {
	var wrong *usageError
	var refused *refusedError
	var late *lateError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		return 2
	case errors.As(err, &refused):
		return 3
	case errors.As(err, &late):
		return 4
	}
	return 1
}
