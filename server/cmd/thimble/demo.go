package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble/server/internal/demo"
)

func newDemo() *cobra.Command {
	var t target
	var addr string
	var asJSON, verbose bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a device on a page, with everything it takes in one process",
		Long: `Show a device on a page, with everything it takes in one process: a broker, an
authorization endpoint, a simulated device that runs the application of the
boards, and a page that shows and steers it. The secret is new on each run.

With --key and --cluster, or --host, the hosted service or another server
stands in for the broker. The authorization endpoint then signs with the secret
from PUSHER_SECRET, and client events must be enabled for the application.`,
		Example: "  thimble demo\n  PUSHER_SECRET=... thimble demo --key 278d425bdf160c739803 --cluster eu",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if t.key == "" && t.cluster == "" && t.host == "" && t.context == "" {
				// On its own broker unless told otherwise by flags: whoever
				// has a real application at hand otherwise is not surprised
				// by a demo that uses it.
				if t.secret+t.appID+t.ca != "" || t.plaintext {
					return usage(cmd, errors.New("the demo's own broker has credentials of its own; name another service with --key and --cluster or --host"))
				}
				t = target{appID: "app-id", key: "app-key", secret: newSecret()}
			} else if err := t.fill(cmd, "place", "key", "secret"); err != nil {
				return err
			}
			level := slog.LevelWarn
			if verbose {
				level = slog.LevelDebug
			}
			l, err := listen(addr, "--addr")
			if err != nil {
				return err
			}
			d, err := demo.Start(demo.Config{
				AppID: t.appID, Key: t.key, Secret: t.secret,
				Cluster: t.cluster, Host: t.host, Plaintext: t.plaintext, TLS: t.client().TLS,
				Command: command(),
				Logger:  slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level})),
			}, l)
			if err != nil {
				return err
			}
			if !loopback(l) {
				fmt.Fprintln(cmd.ErrOrStderr(), "INSECURE: the demo can be reached from other machines. Anyone there can join, and steer the device.")
			}
			if asJSON {
				p := &printer{out: cmd.OutOrStdout(), json: true}
				p.print(line{Event: "ready", Data: map[string]string{"page": d.Page(), "websocket": d.WebSocket(), "key": t.key, "app_id": t.appID}}, "")
				err = p.failed()
			} else {
				if _, err = fmt.Fprint(cmd.OutOrStdout(), d.Box()); err != nil {
					err = unwritable(err)
				}
			}
			if err == nil {
				<-cmd.Context().Done()
			}
			end, cancel := context.WithTimeout(context.Background(), shutdownTime)
			defer cancel()
			if e := d.Close(end); e != nil && !errors.Is(e, context.DeadlineExceeded) {
				err = errors.Join(err, e)
			}
			return err
		},
	}
	t.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&addr, "addr", "127.0.0.1:6001", "`host:port` of the page; port 0 takes a free one")
	f.BoolVar(&asJSON, "json", false, "one line of JSON instead of the box")
	f.BoolVarP(&verbose, "verbose", "v", false, "log what the parts do")
	return cmd
}

// newSecret makes a secret for one run. A well-known one would let every web
// page that the visitor has open sign itself in.
func newSecret() string {
	var b [10]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// command is how the reader started this program: by its name, or with go run.
func command() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./server/cmd/thimble"
	}
	return filepath.Base(os.Args[0])
}
