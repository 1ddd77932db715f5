package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"reflect"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/thimble-go/thimble/server/broker"
	"github.com/thimble-go/thimble/server/internal/settings"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	file                 string
	addr                 string
	appID, key, secret   string
	dev, clientEvents    bool
	asJSON               bool
	certificate, keyFile string
	metrics              string
	consolePassword      string
	flagged              func(name string) bool // whether it was given
}

func newServe() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a Pusher-compatible broker: WebSocket and HTTP API on one port",
		Long: `Run a Pusher-compatible broker: WebSocket and HTTP API on one port.

With --dev it needs no configuration: app id "app-id", key "app-key", secret
"app-secret", client events and watchlists on. Everybody knows these, so it is
for tests only.

Otherwise it takes a file (thimble config default writes one), or one
application's id, key and secret. A flag wins over the environment, and that
over the file; what is about one app is an error where the file has several. The
environment of soketi (SOKETI_...) and Reverb (REVERB_...) is understood too;
thimble config check says which of it is not.

It reads the file again on the signal HUP: apps change at once and connections
stay; what else has changed waits for the next start, and the log says so.`,
		Example: "  thimble serve --dev --addr 127.0.0.1:6001\n" +
			"  thimble serve --config thimble.toml\n" +
			"  PUSHER_APP_ID=1 PUSHER_KEY=k PUSHER_SECRET=s thimble serve --addr 127.0.0.1:6001 --client-events",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.flagged = cmd.Flags().Changed
			return o.run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.file, "config", "", "`file` with settings, TOML")
	f.BoolVar(&o.dev, "dev", false, "insecure well-known credentials, for tests")
	f.StringVar(&o.addr, "addr", "127.0.0.1:6001", "`host:port` to listen on; port 0 takes a free one (THIMBLE_LISTEN)")
	f.StringVar(&o.appID, "app-id", "", "application `id` (PUSHER_APP_ID)")
	f.StringVar(&o.key, "key", "", "application `key` (PUSHER_KEY)")
	f.StringVar(&o.secret, "secret", "", "application `secret`; others on this machine can read flags, so prefer PUSHER_SECRET")
	f.BoolVar(&o.clientEvents, "client-events", false, "let clients send events to each other; --dev does")
	f.StringVar(&o.certificate, "tls-certificate", "", "`file` with the certificate, PEM (THIMBLE_TLS_CERTIFICATE)")
	f.StringVar(&o.keyFile, "tls-key", "", "`file` with its key, PEM (THIMBLE_TLS_KEY)")
	f.StringVar(&o.metrics, "metrics", "", "`host:port` for /metrics of Prometheus and /readyz; keep it private (THIMBLE_METRICS_LISTEN)")
	f.StringVar(&o.consolePassword, "console-password", "", "`password` of the page at /console; others on this machine can read flags, so prefer THIMBLE_CONSOLE_PASSWORD")
	f.BoolVar(&o.asJSON, "json", false, "output and logs as JSON, a line each")
	return cmd
}

// settings are what the file, the environment and the flags say.
func (o *serveOptions) settings(cmd *cobra.Command) (settings.Settings, []string, error) {
	if o.dev {
		return o.devSettings(cmd)
	}
	s, ignored, err := readSettings(o.file)
	if err != nil {
		return s, nil, usage(cmd, err)
	}
	if len(s.Apps) == 0 {
		s.Apps = []settings.App{{}}
	}
	for _, flag := range []struct {
		name   string
		to     *string
		value  string
		single bool // of the only app
	}{
		{"addr", &s.Listen, o.addr, false},
		{"metrics", &s.MetricsListen, o.metrics, false},
		{"tls-certificate", &s.TLS.Certificate, o.certificate, false},
		{"tls-key", &s.TLS.Key, o.keyFile, false},
		{"console-password", &s.Console.Password, o.consolePassword, false},
		{"app-id", &s.Apps[0].ID, o.appID, true},
		{"key", &s.Apps[0].Key, o.key, true},
		{"secret", &s.Apps[0].Secret, o.secret, true},
	} {
		if !o.flagged(flag.name) {
			continue
		}
		if flag.single && len(s.Apps) > 1 {
			return s, nil, usage(cmd, fmt.Errorf("--%s is for one app, and %s has %d", flag.name, o.file, len(s.Apps)))
		}
		*flag.to = flag.value
	}
	if o.flagged("client-events") {
		for i := range s.Apps {
			s.Apps[i].ClientEvents = o.clientEvents
		}
	}
	if o.asJSON {
		s.LogFormat = "json"
	}
	if app := s.Apps[0]; o.file == "" && (app.ID == "" || app.Key == "" || app.Secret == "") {
		t := target{appID: app.ID, key: app.Key, secret: app.Secret}
		if err := t.fill(cmd, "app-id", "key", "secret"); err != nil {
			return s, nil, err
		}
	}
	s.TLS.Defaults(stateDirectory("acme"))
	if err := s.Check(); err != nil {
		if o.file != "" {
			err = fmt.Errorf("%s: %w", o.file, err)
		}
		return s, nil, usage(cmd, err)
	}
	return s, ignored, nil
}

func (o *serveOptions) devSettings(cmd *cobra.Command) (settings.Settings, []string, error) {
	s := settings.Default()
	if o.appID+o.key+o.secret != "" || o.file != "" {
		return s, nil, usage(cmd, errors.New("--dev has settings and credentials of its own; leave out either it or --config, --app-id, --key and --secret"))
	}
	s.Listen, s.MetricsListen = o.addr, o.metrics
	s.TLS = settings.TLS{Certificate: o.certificate, Key: o.keyFile}
	s.Console.Password = o.consolePassword
	if o.asJSON {
		s.LogFormat = "json"
	}
	s.Apps = []settings.App{{ID: "app-id", Key: "app-key", Secret: "app-secret", ClientEvents: true, Watchlists: true}}
	if err := s.Check(); err != nil {
		return s, nil, usage(cmd, err)
	}
	return s, nil, nil
}

func (o *serveOptions) run(cmd *cobra.Command) error {
	s, ignored, err := o.settings(cmd)
	if err != nil {
		return err
	}
	log := newLog(cmd.ErrOrStderr(), &s)
	for _, name := range ignored {
		log.Warn("this variable is set, and has no meaning here", slog.String("name", name))
	}
	noteAll(log, &s)
	config := s.Broker()
	config.Logger = log
	secure, err := newSecured(s.TLS, log)
	if err != nil {
		return err
	}
	if secure != nil {
		config.Ready = secure.valid
	}
	config.Console.Local = o.dev && listensLocally(s.Listen)
	b, err := broker.New(config)
	if errors.Is(err, broker.ErrWebhookQueue) {
		return err
	}
	if err != nil {
		return usage(cmd, err)
	}
	l, err := listen(s.Listen, "--addr")
	if err != nil {
		return err
	}
	var beside sides
	defer beside.stop()
	if err := beside.start(&s, b, secure, log); err != nil {
		l.Close()
		return err
	}
	most := s.Drain.Duration + s.ShutdownTimeout.Duration
	endWithin.Store(int64(max(endTime, most+endTime-shutdownTime)))
	stop := onHangup(func() { o.reload(cmd, b, &s, secure, log) })
	defer stop()
	p := &printer{out: cmd.OutOrStdout(), json: o.asJSON}
	o.announce(p, l, &s, config.Console)
	if err := p.failed(); err != nil {
		l.Close()
		return err
	}
	if secure != nil {
		l = tls.NewListener(l, secure.config())
	}
	notify("READY=1")
	var tidying sync.WaitGroup
	defer tidying.Wait()
	ctx, stopTidying := context.WithCancel(cmd.Context())
	defer stopTidying()
	tidying.Go(func() { tidy(ctx, func() int { return b.Stats().Connections }) })
	return serve(cmd.Context(), b, most, log, func() error { return b.Serve(l) })
}

// announce says where the broker is.
func (o *serveOptions) announce(p *printer, l net.Listener, s *settings.Settings, console broker.Console) {
	at := l.Addr().String()
	if o.dev {
		warning := "INSECURE: --dev uses credentials that everybody knows. For tests on this machine only."
		if !loopback(l) {
			warning = "INSECURE: --dev uses credentials that everybody knows, and " + at + " can be reached from other machines. Anyone there can publish and listen."
		}
		p.print(line{Event: "insecure", Data: warning}, warning)
	}
	ws, http := "ws", "http"
	if s.TLS.On() {
		ws, http = "wss", "https"
	}
	for _, app := range s.Apps {
		p.print(line{Event: "listening", Data: map[string]string{"address": at, "app_id": app.ID, "key": app.Key}},
			fmt.Sprintf("listening on %s  (WebSocket %s://%s/app/%s, HTTP API %s://%s/apps/%s)", at, ws, at, app.Key, http, at, app.ID))
	}
	if console.Password != "" || console.Local {
		p.print(line{Event: "console", Data: map[string]string{"address": http + "://" + at + "/console/"}}, "console at "+http+"://"+at+"/console/")
	}
}

// reload reads the settings again. s are those that count.
func (o *serveOptions) reload(cmd *cobra.Command, b *broker.Broker, s *settings.Settings, secure secured, log *slog.Logger) {
	if secure != nil {
		secure.reload()
	}
	fresh, _, err := o.settings(cmd)
	if err != nil {
		log.Error("the settings cannot be used, those before stay", slog.Any("error", err))
		return
	}
	if err := b.Reload(fresh.Broker().Apps); err != nil {
		log.Error("the apps cannot be used, those before stay", slog.Any("error", err))
		return
	}
	s.Apps = fresh.Apps
	noteAll(log, s)
	log.Info("took the apps from the settings", slog.Int("apps", len(s.Apps)))
	if !reflect.DeepEqual(fresh, *s) {
		log.Warn("settings beside the apps have changed, and wait for the next start")
	}
}

func noteAll(log *slog.Logger, s *settings.Settings) {
	for _, note := range s.Notes() {
		log.Warn(note)
	}
}

func newLog(w io.Writer, s *settings.Settings) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // it was checked
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// serve runs a broker until ctx ends, and then ends it in order, within most.
func serve(ctx context.Context, b *broker.Broker, most time.Duration, log *slog.Logger, run func() error) error {
	failed := make(chan error, 1)
	go func() { failed <- run() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	notify("STOPPING=1")
	log.Info("ending", slog.Int("connections", b.Stats().Connections), slog.Duration("within", most))
	end, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	if err := b.Shutdown(end); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	<-failed
	return nil
}
