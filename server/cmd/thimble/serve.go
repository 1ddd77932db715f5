package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble/server/broker"
)

func newServe() *cobra.Command {
	var t target
	var addr string
	var dev, clientEvents, asJSON bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a Pusher-compatible broker: WebSocket and HTTP API on one port",
		Long: `Run a Pusher-compatible broker: WebSocket and HTTP API on one port.

With --dev it needs no configuration: app id "app-id", key "app-key", secret
"app-secret", client events on. Everybody knows these, so it is for tests only.

Without --dev it takes one application's id, key and secret. It speaks no TLS
itself: put it behind a proxy that does.`,
		Example: "  thimble serve --dev --addr 127.0.0.1:6001\n" +
			"  PUSHER_APP_ID=1 PUSHER_KEY=k PUSHER_SECRET=s thimble serve --addr 127.0.0.1:6001 --client-events",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dev {
				if t.appID+t.key+t.secret != "" {
					return usage(cmd, errors.New("--dev has credentials of its own; leave out either it or --app-id, --key and --secret"))
				}
				t.appID, t.key, t.secret, clientEvents = "app-id", "app-key", "app-secret", true
			} else if err := t.fill(cmd, "app-id", "key", "secret"); err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			if asJSON {
				log = slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
			}
			b, err := broker.New(broker.Config{
				Apps:   []broker.App{{ID: t.appID, Key: t.key, Secret: t.secret, ClientEvents: clientEvents}},
				Logger: log,
			})
			if err != nil {
				return usage(cmd, err)
			}
			l, err := listen(addr)
			if err != nil {
				return err
			}
			p := &printer{out: cmd.OutOrStdout(), json: asJSON}
			at := l.Addr().String()
			if dev {
				warning := "INSECURE: --dev uses credentials that everybody knows. For tests on this machine only."
				if !loopback(l) {
					warning = "INSECURE: --dev uses credentials that everybody knows, and " + at + " can be reached from other machines. Anyone there can publish and listen."
				}
				p.print(line{Event: "insecure", Data: warning}, warning)
			}
			p.print(line{Event: "listening", Data: map[string]string{"address": at, "app_id": t.appID, "key": t.key}},
				fmt.Sprintf("listening on %s  (WebSocket ws://%s/app/%s, HTTP API http://%s/apps/%s)", at, at, t.key, at, t.appID))
			if err := p.failed(); err != nil {
				l.Close()
				return err
			}
			return serve(cmd.Context(), b, func() error { return b.Serve(l) })
		},
	}
	f := cmd.Flags()
	f.BoolVar(&dev, "dev", false, "insecure well-known credentials, for tests")
	f.StringVar(&addr, "addr", "127.0.0.1:6001", "`host:port` to listen on; port 0 takes a free one")
	f.StringVar(&t.appID, "app-id", "", "application `id` (PUSHER_APP_ID)")
	f.StringVar(&t.key, "key", "", "application `key` (PUSHER_KEY)")
	f.StringVar(&t.secret, "secret", "", "application `secret`; others on this machine can read flags, so prefer PUSHER_SECRET")
	f.BoolVar(&clientEvents, "client-events", false, "let clients send events to each other; --dev does")
	f.BoolVar(&asJSON, "json", false, "output and logs as JSON, a line each")
	return cmd
}

// serve runs a broker until ctx ends, and then ends it in order.
func serve(ctx context.Context, b *broker.Broker, run func() error) error {
	failed := make(chan error, 1)
	go func() { failed <- run() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if err := b.Shutdown(end); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	<-failed
	return nil
}
