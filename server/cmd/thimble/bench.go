package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble"

	"github.com/thimble-go/thimble/server/internal/apiclient"
	"github.com/thimble-go/thimble/server/internal/load"
)

// benchEndTime is how long a report and the end of thousands of connections may
// take after Ctrl-C.
const benchEndTime = 5 * time.Second

func newBench() *cobra.Command {
	var t target
	var a authorization
	var via string
	var remote, asJSON bool
	var cfg load.Config
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Put a bounded load on a server, and measure deliveries",
		Long: `Put a bounded load on a server, and measure: how long it takes to connect and to
subscribe, how long a message is on its way, how many are delivered in a second,
how many are lost or out of order, and what went wrong.

Clients connect at --connect-rate, and subscribe to --channel, or to --per-client
of several --channels. Then messages of --size bytes are published at --rate,
for --duration or up to --messages, through the HTTP API or, with --via client,
by clients to each other. Ctrl-C ends it with what was measured by then.

Everything is done in one process: where it is as busy as the server, it measures
itself too. A server that is not on this machine takes --remote, since it is not
yours alone: connections and messages count there, and may cost.`,
		Example: "  thimble bench --context local --clients 1000 --rate 100\n" +
			"  thimble bench --context local --via client --clients 50 --rate 200 --messages 5000\n" +
			"  thimble bench --context local --clients 500 --channels 50 --per-client 2 --rate 1000 --json",
		Args:              cobra.NoArgs,
		ValidArgsFunction: words(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			needed := []string{"place", "key"}
			if via == "api" && cfg.Rate > 0 {
				needed = append(needed, "app-id", "secret")
			}
			if err := t.fill(cmd, needed...); err != nil {
				return err
			}
			if err := a.fill(cmd, &t); err != nil {
				return err
			}
			cfg.Key, cfg.Cluster, cfg.Host, cfg.Plaintext = t.key, t.cluster, t.host, t.plaintext
			cfg.TLS = t.client().TLS
			cfg.Authorizer = benchAuthorizer(&a, &t)
			var err error
			switch via {
			case "api":
				if cfg.API, err = t.api(cmd); err != nil {
					return err
				}
			case "client":
				if !cmd.Flags().Changed("channel") {
					cfg.Channel = "private-" + cfg.Channel
				}
			default:
				return usage(cmd, errors.New("--via is api or client"))
			}
			if err := cfg.Check(); err != nil {
				return usage(cmd, err)
			}
			// What no client would take is wrong usage.
			if _, err := thimble.New(t.client()); err != nil {
				return usage(cmd, err)
			}
			notes := &printer{out: cmd.ErrOrStderr()}
			if err := mayLoad(cmd, &t, remote, &cfg, notes); err != nil {
				return err
			}
			if err := refusesToPublish(cmd.Context(), &cfg); err != nil {
				return err
			}
			endWithin.Store(int64(benchEndTime))
			if !asJSON {
				cfg.Progress = func(p load.Progress) { notes.text(progressText(p)) }
			}
			report, err := load.Run(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			p := &printer{out: cmd.OutOrStdout(), json: asJSON}
			p.object(shownReport(report))
			p.table(reportTable(report, &cfg))
			if err := p.failed(); err != nil {
				return err
			}
			return benchFailure(report, &cfg)
		},
	}
	t.flags(cmd)
	a.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&via, "via", "api", "how messages are published: `api` or client")
	f.IntVar(&cfg.Clients, "clients", 100, "`number` of clients")
	f.Float64Var(&cfg.ConnectRate, "connect-rate", 200, "`number` of them that connect in a second")
	f.StringVar(&cfg.Channel, "channel", "thimble-bench", "`name` of the channel, or the beginning of their names; with --via client private-thimble-bench")
	f.IntVar(&cfg.Channels, "channels", 1, "`number` of channels")
	f.IntVar(&cfg.PerClient, "per-client", 1, "on `how many` of them each client is")
	f.Float64Var(&cfg.Rate, "rate", 10, "`messages` in a second, on all channels together; 0: only connect")
	f.DurationVar(&cfg.Duration, "duration", 10*time.Second, "`time` of publishing; 0: until --messages")
	f.IntVar(&cfg.Messages, "messages", 0, "`number` of messages at most; 0: until --duration")
	f.IntVar(&cfg.Size, "size", 200, "`bytes` of a message's data")
	f.IntVar(&cfg.Senders, "senders", 0, "`number` of requests at a time, or of clients that send; 0: as --rate needs it")
	f.BoolVar(&remote, "remote", false, "load a server that is not on this machine, as its owner lets you")
	f.BoolVar(&asJSON, "json", false, "output as a line of JSON; times are milliseconds")
	complete(cmd, "via", words("api", "client"))
	for _, name := range []string{"clients", "connect-rate", "channel", "channels", "per-client", "rate", "duration", "messages", "size", "senders"} {
		complete(cmd, name, words())
	}
	return cmd
}

// benchAuthorizer has each client be somebody else on presence channels.
func benchAuthorizer(a *authorization, t *target) func(int) thimble.Authorizer {
	if a.by(t) == nil {
		return nil
	}
	return func(client int) thimble.Authorizer {
		own := *a
		own.userID = fmt.Sprintf("bench-%d", client)
		return own.by(t)
	}
}

// mayLoad refuses a server that is not on this machine unless that was asked
// for, and says what it is in for.
func mayLoad(cmd *cobra.Command, t *target, remote bool, cfg *load.Config, notes *printer) error {
	where := "cluster " + t.cluster
	if t.host != "" {
		host, _, err := net.SplitHostPort(t.host)
		if err != nil {
			host = strings.Trim(t.host, "[]")
		}
		here, err := onLoopback(cmd.Context(), host)
		if err != nil || here {
			return err
		}
		where = t.host
	}
	if !remote {
		return usage(cmd, fmt.Errorf("%s is not on this machine: a load disturbs everybody there, and connections and messages count and may cost; if its owner lets you, add --remote", where))
	}
	text := fmt.Sprintf("LOADING %s with %d connections", where, cfg.Clients)
	if cfg.Rate > 0 {
		text += fmt.Sprintf(" and %g messages a second, each to about %d of them", cfg.Rate, (cfg.Clients*cfg.PerClient+cfg.Channels-1)/cfg.Channels)
	}
	notes.text(text + ". Ctrl-C ends it.")
	return nil
}

// refusesToPublish asks the HTTP API something small: that a secret is wrong is
// better told before all the clients connect than behind them.
func refusesToPublish(ctx context.Context, cfg *load.Config) error {
	if cfg.API == nil || cfg.Rate == 0 {
		return nil
	}
	_, err := cfg.API.Channel(ctx, cfg.Channel)
	var status *apiclient.Error
	if errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden) {
		return refused(err)
	}
	return nil // whatever else there is, the load shows
}

// onLoopback says whether all addresses of a host are this machine's alone.
func onLoopback(ctx context.Context, host string) (bool, error) {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback(), nil
	}
	found, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return false, err
	}
	for _, a := range found {
		if !a.IP.IsLoopback() {
			return false, nil
		}
	}
	return len(found) > 0, nil
}

// benchFailure is what has made the load none.
func benchFailure(r *load.Report, cfg *load.Config) error {
	why := "see its log"
	if len(r.Errors) > 0 {
		why = r.Errors[0].Kind
	}
	var err error
	switch {
	case r.Interrupted:
		return nil
	case r.Ready == 0:
		err = fmt.Errorf("no client got on its channels: %s; thimble check says more", why)
	case cfg.Rate > 0 && r.Published == 0:
		err = fmt.Errorf("nothing could be published: %s; thimble check says more", why)
	}
	if err != nil && r.Refused {
		return &refusedError{err}
	}
	return err
}
