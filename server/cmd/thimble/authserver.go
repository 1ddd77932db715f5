package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thimble-go/thimble/server/internal/authserver"
)

func newAuthServer() *cobra.Command {
	var t target
	var addr, rules, masterKey string
	var anyone, asJSON bool
	var origins []string
	cmd := &cobra.Command{
		Use:   "auth-server",
		Short: "Run an authorization endpoint, for development and small uses",
		Long: `Run an authorization endpoint, for development and small uses: private, presence
and encrypted channels, and sign-in of users. It has to be told who may join:

--rules takes a file that says it. Who somebody is comes from the token that he
sends, as Authorization: Bearer TOKEN, and from nothing else in the request. The
file is for you alone (chmod 600). This is one:

` + indented(authserver.Sample) + `
--anyone lets everybody in everywhere, as whoever the fields user_id and
user_info of the request say: for development.

Encrypted channels take a master key: openssl rand -base64 32 makes one. Pages of
other origins may ask if --origin names them. It speaks HTTP: other machines
should reach it through a proxy that speaks TLS.`,
		Example: "  thimble auth-server --context local --anyone\n" +
			"  thimble auth-server --context prod --rules rules.toml --origin https://app.example.com",
		Args:              cobra.NoArgs,
		ValidArgsFunction: words(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := t.fill(cmd, "key", "secret"); err != nil {
				return err
			}
			switch {
			case rules == "" && !anyone:
				return usage(cmd, errors.New("say who may join: --rules with a file, or --anyone for development"))
			case rules != "" && anyone:
				return usage(cmd, errors.New("--anyone lets everybody in, --rules does not: leave one of them out"))
			}
			config := authserver.Config{Key: t.key, Secret: t.secret, Origins: origins}
			var err error
			if config.MasterKey, err = readMasterKey(cmd, masterKey); err != nil {
				return err
			}
			if rules != "" {
				if config.Rules, err = authserver.Load(rules); err != nil {
					return usage(cmd, err)
				}
			}
			var handler slog.Handler = slog.NewTextHandler(cmd.ErrOrStderr(), nil)
			if asJSON {
				handler = slog.NewJSONHandler(cmd.ErrOrStderr(), nil)
			}
			config.Logger = slog.New(handler)
			endpoint, err := authserver.New(config)
			if err != nil {
				return usage(cmd, errors.New(strings.TrimPrefix(err.Error(), "channelauth: ")))
			}
			return runAuthServer(cmd, &printer{out: cmd.OutOrStdout(), json: asJSON}, endpoint, addr, anyone)
		},
	}
	t.credentials(cmd)
	t.remember(cmd)
	masterKeyFlag(cmd, &masterKey)
	f := cmd.Flags()
	f.StringVar(&addr, "addr", "127.0.0.1:6002", "`host:port` to listen on; port 0 takes a free one")
	f.StringVar(&rules, "rules", "", "`file` that says who may join what, TOML")
	f.BoolVar(&anyone, "anyone", false, "INSECURE: let everybody in, as whoever he says")
	f.StringArrayVar(&origins, "origin", nil, "`origin` whose pages may ask, such as https://app.example.com; may be repeated")
	f.BoolVar(&asJSON, "json", false, "output and log as JSON, a line each")
	complete(cmd, "addr", words("127.0.0.1:6002"))
	complete(cmd, "origin", words())
	return cmd
}

func runAuthServer(cmd *cobra.Command, p *printer, endpoint http.Handler, addr string, anyone bool) error {
	l, err := listen(addr, "--addr")
	if err != nil {
		return err
	}
	at := l.Addr().String()
	warning := ""
	switch {
	case anyone && loopback(l):
		warning = "INSECURE: --anyone lets everybody in everywhere, as whoever he says. For development on this machine only."
	case anyone:
		warning = "INSECURE: --anyone lets everybody in everywhere, as whoever he says, and " + at + " can be reached from other machines. Anyone there can join every channel."
	case !loopback(l):
		warning = at + " can be reached from other machines, without TLS: tokens can be read on the way. Put a proxy that speaks TLS in front."
	}
	if warning != "" {
		p.print(line{Event: "insecure", Data: warning}, warning)
	}
	url := "http://" + at + authserver.ChannelPath
	p.print(line{Event: "listening", Data: map[string]string{"address": at, "url": url, "user_url": "http://" + at + authserver.UserPath}},
		fmt.Sprintf("listening on %s  (--auth-endpoint %s, sign-in at %s)", at, url, authserver.UserPath))
	if err := p.failed(); err != nil {
		l.Close()
		return err
	}
	return authserver.Serve(cmd.Context(), l, endpoint, shutdownTime)
}

// indented sets a text off in a help.
func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n"
}
