package load

import (
	"context"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/server/broker"
	"github.com/thimble-go/thimble/server/internal/apiclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a broker and returns a configuration that loads it through the
// HTTP API.
func start(t *testing.T, change func(*broker.App)) Config {
	t.Helper()
	app := broker.App{ID: "app-id", Key: "app-key", Secret: "app-secret", ClientEvents: true}
	if change != nil {
		change(&app)
	}
	b, err := broker.New(broker.Config{Apps: []broker.App{app}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.Handler())
	t.Cleanup(func() {
		_ = b.Shutdown(context.Background())
		server.Close()
	})
	return Config{
		Key: "app-key", Host: server.Listener.Addr().String(), Plaintext: true,
		API:        &apiclient.Client{BaseURL: server.URL, AppID: "app-id", Key: "app-key", Secret: "app-secret"},
		Authorizer: func(int) thimble.Authorizer { return thimble.DevelopmentSigner{Key: "app-key", Secret: "app-secret"} },
		Clients:    12, ConnectRate: 10_000, Channel: "bench", Rate: 10_000, Messages: 50,
	}
}

// do checks a configuration and runs it.
func do(t *testing.T, ctx context.Context, cfg Config) *Report {
	t.Helper()
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	r, err := Run(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEverythingArrives(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change   func(*Config)
		expected int64
	}{
		"one channel":         {func(*Config) {}, 50 * 12},
		"several channels":    {func(c *Config) { c.Channels, c.PerClient, c.Senders = 4, 2, 4 }, 50 * 6},
		"private":             {func(c *Config) { c.Channel = "private-bench" }, 50 * 12},
		"from client to all":  {func(c *Config) { c.API, c.Channel, c.Senders = nil, "private-bench", 10; c.Rate = 1000 }, 50 * 11},
		"one after the other": {func(c *Config) { c.Senders, c.Size = 1, 5000 }, 50 * 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := start(t, func(a *broker.App) { a.ClientEventRate = 1000 })
			tt.change(&cfg)
			r := do(t, t.Context(), cfg)
			if r.Ready != 12 || r.Failed != 0 || r.Published != 50 || r.Expected != tt.expected || r.Delivered != tt.expected {
				t.Errorf("%+v", r)
			}
			if r.Lost+r.Reordered+r.Duplicates+r.Foreign+r.PublishErrors+r.Reconnect != 0 || len(r.Errors) != 0 || r.Interrupted {
				t.Errorf("something went wrong: %+v", r)
			}
			if r.Connect.Count != 12 || r.Subscribe.Count != 12 || r.Latency.Count != tt.expected || (r.Publish.Count == 50) != (cfg.API != nil) {
				t.Errorf("not everything was timed: %+v", r)
			}
			if r.Latency.P50 <= 0 || r.Latency.P50 > r.Latency.P90 || r.Latency.P90 > r.Latency.P99 || r.Latency.P99 > r.Latency.Max || r.DeliveryRate() <= 0 || r.PublishRate() <= 0 {
				t.Errorf("impossible times: %+v", r)
			}
		})
	}
}

func TestWhatGoesWrongIsCounted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		app    func(*broker.App)
		change func(*Config)
		want   func(*Report) bool
		kind   string
	}{
		"wrong key": {nil, func(c *Config) { c.Key = "x" },
			func(r *Report) bool { return r.Ready == 0 && r.Failed == 12 && r.Published == 0 && r.Refused }, "4001"},
		"nobody there": {nil, func(c *Config) { c.Host = "127.0.0.1:1" },
			func(r *Report) bool { return r.Failed == 12 && !r.Refused }, "no connection: "},
		"wrong secret": {nil, func(c *Config) { c.API.Secret = "x" },
			func(r *Report) bool { return r.Ready == 12 && r.Published == 0 && r.PublishErrors == 50 && r.Refused }, "the HTTP API answers 401"},
		"refused subscription": {nil, func(c *Config) {
			c.Channel = "private-a"
			c.Authorizer = func(int) thimble.Authorizer { return thimble.DevelopmentSigner{Key: "app-key", Secret: "x"} }
		}, func(r *Report) bool { return r.Ready == 0 && r.Failed == 12 && r.Refused }, "subscription refused: "},
		"over quota": {func(a *broker.App) { a.MaxConnections = 10 }, func(*Config) {},
			func(r *Report) bool { return r.Ready == 10 && r.Failed == 2 && r.Delivered == 500 && r.Lost == 0 }, "4004"},
		"client events refused": {func(a *broker.App) { a.ClientEvents = false },
			func(c *Config) { c.API, c.Channel, c.Senders, c.Messages = nil, "private-a", 1, 3 },
			func(r *Report) bool { return r.Published == 3 && r.Expected == 33 && r.Lost == 33 && r.Delivered == 0 }, "not enabled for this app"},
		"too large": {nil, func(c *Config) { c.Size = 20 << 10; c.Messages = 2 },
			func(r *Report) bool { return r.PublishErrors == 2 && r.Expected == 0 }, "the HTTP API answers 413"},
		"nothing to publish": {nil, func(c *Config) { c.Rate = 0 },
			func(r *Report) bool {
				return r.Ready == 12 && r.Expected == 0 && r.Delivered == 0 && len(r.Errors) == 0
			}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := start(t, tt.app)
			tt.change(&cfg)
			r := do(t, t.Context(), cfg)
			known := slices.ContainsFunc(r.Errors, func(e ErrorCount) bool { return strings.Contains(e.Kind, tt.kind) && e.Count > 0 })
			if !tt.want(r) || tt.kind != "" && !known {
				t.Errorf("%+v", r)
			}
			for _, e := range r.Errors {
				if strings.Contains(e.Kind, "secret\"") || strings.Contains(e.Kind, "app-secret") || strings.Contains(e.Kind, "\n") {
					t.Errorf("kind %q", e.Kind)
				}
			}
		})
	}
}

// Ctrl-C ends it with what there is.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	cfg := start(t, nil)
	cfg.Messages, cfg.Duration, cfg.Rate = 0, time.Hour, 100
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg.Progress = func(p Progress) {
		if p.Delivered > 0 {
			cancel()
		}
	}
	r := do(t, ctx, cfg)
	if !r.Interrupted || r.Ready != 12 || r.Published == 0 || r.Delivered == 0 {
		t.Errorf("%+v", r)
	}
	r = do(t, ctx, cfg)
	if !r.Interrupted || r.Ready != 0 || r.Published != 0 {
		t.Errorf("before anything: %+v", r)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := Config{
		API: &apiclient.Client{}, Authorizer: func(int) thimble.Authorizer { return nil },
		Clients: 10, ConnectRate: 100, Channel: "bench", Rate: 10, Duration: time.Second,
	}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(*Config){
		"--clients is from 1 to 20000, not 0":         func(c *Config) { c.Clients = 0 },
		"--clients is from 1 to 20000, not 20001":     func(c *Config) { c.Clients = MaxClients + 1 },
		"--connect-rate is from 0.1":                  func(c *Config) { c.ConnectRate = 0 },
		"--channels is from 1 to 1000":                func(c *Config) { c.Channels = 1001 },
		"--per-client is from 1 to 3":                 func(c *Config) { c.Channels, c.PerClient = 3, 4 },
		"--rate is from 0 to 100000, not -1":          func(c *Config) { c.Rate = -1 },
		"--duration (in seconds) is from 0 to 3600":   func(c *Config) { c.Duration = 2 * time.Hour },
		"--messages is from":                          func(c *Config) { c.Messages = -1 },
		"--size is from 96":                           func(c *Config) { c.Size = 95 },
		"--senders is from":                           func(c *Config) { c.Senders = -1 },
		"give it an end":                              func(c *Config) { c.Duration = 0 },
		`--channel "a b" cannot`:                      func(c *Config) { c.Channel = "a b" },
		"encrypted channels cannot be loaded":         func(c *Config) { c.Channel = "private-encrypted-a" },
		"clients cannot join private-a: add --secret": func(c *Config) { c.Channel, c.Authorizer = "private-a", nil },
		"begins with private-":                        func(c *Config) { c.API = nil },
		"takes 200 clients that send":                 func(c *Config) { c.API, c.Channel, c.Rate = nil, "private-a", 2000 },
		"more than can be kept track of":              func(c *Config) { c.Clients, c.Senders = 20_000, 2000 },
	} {
		cfg := good
		cfg.Senders, cfg.Size = 0, 0
		change(&cfg)
		if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}

// The percentiles are those of a sorted list, to one in 64.
func TestHistogram(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Int64Range(0, 1<<40), 1, 300).Draw(t, "durations")
		var a, b histogram
		for i, v := range list {
			if i%2 == 0 {
				a.add(time.Duration(v))
			} else {
				b.add(time.Duration(v))
			}
		}
		a.merge(&b)
		got := a.distribution()
		slices.Sort(list)
		for p, d := range map[int]time.Duration{50: got.P50, 90: got.P90, 99: got.P99} {
			want := list[(len(list)*p+99)/100-1]
			if int64(d) < want || int64(d) > want+want/64+1 {
				t.Fatalf("p%d is %d, want %d", p, d, want)
			}
		}
		if int64(got.Max) != list[len(list)-1] || got.Count != int64(len(list)) {
			t.Fatalf("%+v of %v", got, list)
		}
	})
	var none histogram
	if d := none.distribution(); d != (Distribution{}) {
		t.Errorf("nothing: %+v", d)
	}
}

// Each number counts once, however late and however often it comes.
func TestOrder(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		numbers []int
		want    []arrival
	}{
		"in order":         {[]int{0, 1, 2}, []arrival{inOrder, inOrder, inOrder}},
		"a gap":            {[]int{0, 5}, []arrival{inOrder, inOrder}},
		"late":             {[]int{0, 2, 1, 1}, []arrival{inOrder, inOrder, reordered, duplicate}},
		"twice":            {[]int{0, 0, 1, 1, 0}, []arrival{inOrder, duplicate, inOrder, duplicate, duplicate}},
		"the first last":   {[]int{63, 0, 0}, []arrival{inOrder, reordered, duplicate}},
		"a jump":           {[]int{0, 64, 1, 64}, []arrival{inOrder, inOrder, reordered, duplicate}},
		"too late to tell": {[]int{0, 100, 0}, []arrival{inOrder, inOrder, reordered}},
	} {
		var o order
		var got []arrival
		for _, n := range tt.numbers {
			got = append(got, o.note(n))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	var o order
	counts := map[arrival]int{}
	for _, n := range rand.Perm(64) {
		counts[o.note(n)]++
		if o.note(n) != duplicate {
			t.Fatal("twice and not noticed")
		}
	}
	if counts[duplicate] != 0 || counts[inOrder]+counts[reordered] != 64 {
		t.Errorf("%v", counts)
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	want := stamp{7, 123456, 987654321 * time.Nanosecond}
	for _, size := range []int{0, MinSize, 5000} {
		data := appendMessage(nil, "RUN", want, size)
		if len(data) < size || size == 5000 && len(data) != size {
			t.Errorf("%d bytes, want %d", len(data), size)
		}
		if got, ok := readMessage("RUN", thimble.Event{Data: data}); !ok || got != want {
			t.Errorf("%s: %+v, %v", data, got, ok)
		}
		if _, ok := readMessage("RUX", thimble.Event{Data: data}); ok {
			t.Error("of another run")
		}
	}
	anew := `{ "n": 123456, "run": "RUN", "t": 987654321, "s": 7 }`
	if got, ok := readMessage("RUN", thimble.Event{Data: []byte(anew)}); !ok || got != want {
		t.Errorf("written anew: %+v, %v", got, ok)
	}
	// The longest that a run can have.
	if n := len(appendMessage(nil, strings.Repeat("R", 12), stamp{MaxClients, MaxMessages, 2 * time.Hour}, 0)); n > MinSize {
		t.Errorf("MinSize is %d, and a message has %d", MinSize, n)
	}
}

// Whatever comes is read as what it says, the fast way and the other, or not
// at all.
func FuzzReadMessage(f *testing.F) {
	f.Add([]byte(`{"run":"RUN","s":1,"n":2,"t":3,"x":""}`))
	f.Add([]byte(`{"run":"RUN","s":1,"n":999999999999999999999,"t":3,"x":""}`))
	f.Add([]byte(`{"n":2,"t":3,"s":1,"run":"RUN"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, ok := readMessage("RUN", thimble.Event{Data: data})
		if !ok {
			return
		}
		again, ok := readMessage("RUN", thimble.Event{Data: appendMessage(nil, "RUN", got, 0)})
		if got.sender >= 0 && got.number >= 0 && got.sent >= 0 && (!ok || again != got) {
			t.Errorf("%q is %+v, and again %+v", data, got, again)
		}
	})
}
