package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thimble-go/thimble/server/internal/apiclient"
	"github.com/thimble-go/thimble/server/internal/publish"
)

// triggerOptions are the flags of trigger.
type triggerOptions struct {
	target    target
	also      []string
	except    string
	masterKey string
	lines     bool
	template  bool
	repeat    int
	every     time.Duration
	asJSON    bool
}

func newTrigger() *cobra.Command {
	var o triggerOptions
	cmd := &cobra.Command{
		Use:   "trigger CHANNEL EVENT [DATA]",
		Short: "Publish events through the HTTP API",
		Long: `Publish events through the HTTP API.

DATA goes to the subscribers as it is, JSON by convention, 10 KB on most servers.
It is read from the standard input when it is - or left out. With --lines each
line of the standard input that is not blank is an event, published as it comes;
those that come together go in one request.

With --template DATA is made anew for each event, of which there are several with
--repeat or --lines:

` + publish.Help,
		Example: `  thimble trigger --host 127.0.0.1:6001 --plaintext --app-id app-id --key app-key --secret app-secret news headline '{"text":"hello"}'` + "\n" +
			`  thimble trigger --context local news tick --repeat 10 --every 1s --template '{"n":{{.N}},"at":"{{.Time}}"}'` + "\n" +
			`  tail -f log | thimble trigger --context local logs line --lines --template '{"line":"{{.Line}}"}'`,
		Args: func(_ *cobra.Command, args []string) error {
			names := []string{"CHANNEL", "EVENT", "DATA"}
			return exactly(names[:max(2, min(len(args), 3))]...)(nil, args)
		},
		ValidArgsFunction: words(),
		RunE:              func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	o.target.flags(cmd)
	masterKeyFlag(cmd, &o.masterKey)
	f := cmd.Flags()
	f.StringArrayVar(&o.also, "also", nil, "another `channel` that gets the events; may be repeated")
	f.StringVar(&o.except, "socket-id", "", "`id` of a connection that does not get them")
	f.BoolVar(&o.lines, "lines", false, "an event for each line of the standard input")
	f.BoolVar(&o.template, "template", false, "DATA is a template")
	f.IntVar(&o.repeat, "repeat", 1, "publish so many `times`")
	f.DurationVar(&o.every, "every", 0, "`time` from one event to the next, such as 1s; 0: at once")
	f.BoolVar(&o.asJSON, "json", false, "output as JSON, a line for each event")
	for _, name := range []string{"also", "socket-id", "repeat", "every"} {
		complete(cmd, name, words())
	}
	return cmd
}

func (o *triggerOptions) run(cmd *cobra.Command, args []string) error {
	if err := o.target.fill(cmd, "place", "app-id", "key", "secret"); err != nil {
		return err
	}
	client, err := o.target.api(cmd)
	if err != nil {
		return err
	}
	channels := append([]string{args[0]}, o.also...)
	switch {
	case o.repeat < 1:
		return usage(cmd, errors.New("--repeat is a positive number"))
	case o.every < 0:
		return usage(cmd, errors.New("--every is not negative"))
	case o.lines && cmd.Flags().Changed("repeat"):
		return usage(cmd, errors.New("--lines has an event for each line: leave --repeat out"))
	case len(channels) > publish.MaxChannels:
		return usage(cmd, fmt.Errorf("an event goes to at most %d channels", publish.MaxChannels))
	}
	master, err := readMasterKey(cmd, o.masterKey)
	if err != nil {
		return err
	}
	p := &printer{out: cmd.OutOrStdout(), json: o.asJSON}
	published := 0
	config := publish.Config{
		Client: client, Event: args[1], Channels: channels, SocketID: o.except, MasterKey: master, Every: o.every,
		Published: func(data string) error {
			published++
			for _, channel := range channels {
				p.print(line{Event: args[1], Channel: channel, Data: data}, "published "+clean(args[1])+" on "+clean(channel))
			}
			return p.failed()
		},
	}
	// Reading ends with the command, not only with the input.
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	from, err := o.source(ctx, cmd, args[2:])
	if err != nil {
		return err
	}
	err = publish.Run(ctx, config, from)
	if errors.Is(err, publish.ErrMasterKey) {
		return usage(cmd, err)
	}
	if err == nil && published == 0 {
		return usage(cmd, errors.New("the standard input has no line that is not blank: nothing was published"))
	}
	return o.ended(err, published)
}

// ended is how the end is told.
func (o *triggerOptions) ended(err error, published int) error {
	if err == nil {
		return nil
	}
	var request *apiclient.RequestError
	if errors.Is(err, context.Canceled) && errors.As(err, &request) {
		return errors.New("interrupted before the server answered: the event may have been published, or not")
	}
	if published > 0 && !errors.Is(err, context.Canceled) {
		before := "after an event that was published"
		if published > 1 {
			before = fmt.Sprintf("after %d events that were published", published)
		}
		err = fmt.Errorf("%s: %w", before, err)
	}
	return refused(err)
}

// source is where the data comes from. data is what the arguments have of it.
func (o *triggerOptions) source(ctx context.Context, cmd *cobra.Command, data []string) (publish.Source, error) {
	text, given := "", len(data) == 1 && data[0] != "-"
	if given {
		text = data[0]
	}
	in := cmd.InOrStdin()
	if _, typed := terminal(in); typed && len(data) == 0 {
		return nil, usage(cmd, errors.New("missing argument DATA; - reads it from the terminal, until Ctrl-D"))
	}
	if o.lines {
		return o.lineSource(ctx, cmd, in, text, given)
	}
	if !given {
		var err error
		switch text, err = publish.Read(ctx, in); {
		case err != nil:
			return nil, err
		case text == "":
			return nil, usage(cmd, errors.New("missing argument DATA, and the standard input is empty"))
		}
	}
	if !o.template {
		return publish.Repeated(o.repeat, func(int) (string, error) { return text, nil }), nil
	}
	t, err := publish.ParseTemplate(text)
	if err != nil {
		return nil, usage(cmd, err)
	}
	return publish.Repeated(o.repeat, func(n int) (string, error) { return t.Make(n, "") }), nil
}

// lineSource makes events of lines.
func (o *triggerOptions) lineSource(ctx context.Context, cmd *cobra.Command, in io.Reader, text string, given bool) (publish.Source, error) {
	switch {
	case given && !o.template:
		return nil, usage(cmd, errors.New("with --lines each line is the data: leave DATA out, or add --template"))
	case !given && o.template:
		return nil, usage(cmd, errors.New("--lines with --template takes the template as DATA"))
	case !o.template:
		return publish.Lines(ctx, in, func(_ int, line string) (string, error) { return line, nil }), nil
	}
	t, err := publish.ParseTemplate(text)
	if err != nil {
		return nil, usage(cmd, err)
	}
	return publish.Lines(ctx, in, t.Make), nil
}

// exactly checks that the arguments are those named, DATA the last if at all,
// and the only one that may be empty.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return errors.New("missing argument " + names[len(args)])
		}
		if len(args) > len(names) {
			if names[len(names)-1] == "DATA" {
				return errors.New("too many arguments; put quotes around DATA if it has spaces")
			}
			return errors.New("too many arguments: " + strings.Join(names, " ") + " is all there is")
		}
		for i, name := range names {
			if args[i] == "" && name != "DATA" {
				return errors.New(name + " is empty")
			}
		}
		return nil
	}
}
