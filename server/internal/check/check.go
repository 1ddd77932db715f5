package check

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/channelauth"
)

// Config says what to check. Key and one of Cluster and Host are required.
type Config struct {
	Key       string
	Cluster   string // of the hosted service
	Host      string // host[:port] of another server; wins over Cluster
	Plaintext bool   // without TLS

	// AppID and Secret are for the HTTP API. Empty: it is not checked. With the
	// Secret alone tokens are checked, and made if there is no Endpoint.
	AppID, Secret string

	// Endpoint is the address of the authorization endpoint, Header what logs
	// in there. Empty: it is not checked.
	Endpoint string
	Header   map[string]string

	// MasterKey makes the keys of encrypted channels that are authorized here.
	MasterKey []byte

	// Channels are those to subscribe to, without anything being published on
	// them. None: one that nobody else uses, where an event is sent round.
	Channels []string

	// ClientEvents has it count as a failure if clients may not send events.
	ClientEvents bool

	// Timeout bounds each step. Zero: 10 s.
	Timeout time.Duration

	// TLS is for servers with an authority of their own. Nil: the system's.
	TLS *tls.Config

	lookup func(ctx context.Context, host string) ([]string, error) // in tests
}

// The channels that are used when the caller names none, and what is sent there.
const (
	ownPublic  = "thimble-check"
	ownPrivate = "private-thimble-check"

	ownEvent       = "thimble-check"
	ownClientEvent = "client-thimble-check"
)

// defaultTimeout is what a person waits for a step; no healthy one takes a
// tenth of that.
const defaultTimeout = 10 * time.Second

// Status is how a step has ended.
type Status string

// The ends of a step.
const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Result is what came of one step.
type Result struct {
	Step    string // such as "tls"; with a channel behind it where there are several
	Status  Status
	Text    string // what was found
	Advice  string // what to do about a failure; empty where the text says it
	Refused bool   // it is the server that says no
	Time    time.Duration
}

// outcome is a Result before it has a name.
type outcome struct {
	status  Status
	text    string
	advice  string
	refused bool
}

func good(text string) outcome           { return outcome{status: OK, text: text} }
func skipped(text string) outcome        { return outcome{status: Skipped, text: text} }
func failed(text, advice string) outcome { return outcome{status: Failed, text: text, advice: advice} }
func no(text, advice string) outcome {
	return outcome{status: Failed, text: text, advice: advice, refused: true}
}

// Run does all steps and reports each as it ends. It returns how many failed,
// and whether one of them was the server's no.
func Run(ctx context.Context, cfg Config, report func(Result)) (failures int, refused bool) {
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	r := &run{Config: cfg, results: make(map[string]Status)}
	r.report = func(result Result) {
		if result.Status == Failed {
			failures++
			refused = refused || result.Refused
		}
		report(result)
	}
	defer r.close()
	r.all(ctx)
	return failures, refused
}

// run is one run of all steps.
type run struct {
	Config
	report  func(Result)
	results map[string]Status

	addresses []string // of the server
	raw       net.Conn
	conn      *conn
	skew      time.Duration // how far the server's clock is ahead
	tokens    map[string]thimble.Token
}

func (r *run) all(ctx context.Context) {
	r.step(ctx, "dns", nil, r.dns)
	r.step(ctx, "tcp", []string{"dns"}, r.tcp)
	r.step(ctx, "tls", []string{"tcp"}, r.tls)
	r.step(ctx, "upgrade", []string{"tcp", "tls"}, r.upgrade)
	r.step(ctx, "key", []string{"upgrade"}, r.hello)
	r.step(ctx, "ping", []string{"key"}, r.ping)
	r.step(ctx, "clock", nil, r.clock)
	r.step(ctx, "api", nil, r.api)
	channels := r.channels()
	for _, channel := range channels {
		r.step(ctx, named("authorization", channel), nil, func(ctx context.Context) outcome { return r.authorize(ctx, channel) })
		r.step(ctx, named("subscription", channel), []string{"key", named("authorization", channel)},
			func(ctx context.Context) outcome { return r.subscribe(ctx, channel) })
	}
	subscribed := named("subscription", channels[0])
	r.step(ctx, "delivery", []string{"api", subscribed}, r.delivery)
	r.step(ctx, "client-events", []string{subscribed}, r.clientEvents)
}

// channels are those to subscribe to.
func (r *run) channels() []string {
	switch {
	case len(r.Channels) > 0:
		return r.Channels
	case r.Endpoint == "" && r.Secret == "":
		return []string{ownPublic}
	}
	return []string{ownPrivate}
}

// own says whether nobody else is on the channels.
func (r *run) own() bool { return len(r.Channels) == 0 }

func named(step, channel string) string { return step + " " + channel }

// step does one step, unless one that it needs has not been done.
func (r *run) step(ctx context.Context, name string, needs []string, do func(context.Context) outcome) {
	if ctx.Err() != nil {
		return
	}
	for _, need := range needs {
		if r.results[need] == Failed || r.results[need] == Skipped && blocking(need) {
			r.done(name, 0, skipped("it needs "+need))
			return
		}
	}
	own, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	start := time.Now()
	out := do(own)
	if ctx.Err() != nil {
		return // interrupted: what was found is no finding
	}
	r.done(name, time.Since(start), out)
}

// blocking says whether a step that was skipped keeps others from being done.
// Without TLS there is nothing to do, an address needs no DNS, and some channels
// no authorization.
func blocking(step string) bool {
	switch {
	case step == "dns", step == "tls", strings.HasPrefix(step, "authorization "):
		return false
	}
	return true
}

func (r *run) done(name string, took time.Duration, out outcome) {
	r.results[name] = out.status
	r.report(Result{name, out.status, out.text, out.advice, out.refused, took})
}

func (r *run) close() {
	if r.raw != nil {
		r.raw.Close()
	}
	if r.conn != nil {
		r.conn.close()
	}
}

// host and port of the server.
func (r *run) address() (host, port string) {
	whole := r.Host
	if whole == "" {
		whole = "ws-" + r.Cluster + ".pusher.com"
	}
	port = "443"
	if r.Plaintext {
		port = "80"
	}
	if h, p, err := net.SplitHostPort(whole); err == nil {
		return h, p
	}
	return strings.Trim(whole, "[]"), port
}

// target is what is asked for in the upgrade.
func (r *run) target() string {
	return "/app/" + r.Key + "?protocol=7&client=thimble-check&version=" + thimble.Version
}

// kind says what a channel takes.
func kind(channel string) channelauth.Kind { return channelauth.KindOf(channel) }

func milliseconds(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 1, 64) + " ms"
}
