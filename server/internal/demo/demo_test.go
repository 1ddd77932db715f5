package demo_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/server/internal/demo"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// own is a demo on its own broker.
var own = demo.Config{AppID: "app-id", Key: "app-key", Secret: "app-secret", Command: "thimble"}

// start runs one until the test ends.
func start(t *testing.T) *demo.Demo {
	t.Helper()
	return startAt(t, "127.0.0.1:0", own)
}

func startAt(t *testing.T, address string, config demo.Config) *demo.Demo {
	t.Helper()
	http.DefaultClient.CloseIdleConnections() // those to one that has ended at this address: a POST is not tried again
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	d, err := demo.Start(config, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := d.Close(ctx); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return d
}

// session asks for what the page asks for.
func session(t *testing.T, d *demo.Demo, role string) (ticket, userID string) {
	t.Helper()
	res, err := http.Get(d.Page() + "demo/session?as=" + role)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var s struct {
		Ticket string `json:"ticket"`
		UserID string `json:"user_id"`
	}
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s.Ticket, s.UserID
}

// watcher is a client on the demo's channel, as the page is one. It has its
// events written to a channel, each as "name user data".
func watcher(t *testing.T, d *demo.Demo, role string) (room *thimble.Channel, events <-chan thimble.Event) {
	t.Helper()
	ticket, _ := session(t, d, role)
	address := strings.TrimSuffix(strings.TrimPrefix(d.Page(), "http://"), "/")
	client, err := thimble.New(thimble.Config{
		Key: "app-key", Host: address, Plaintext: true,
		Authorizer: thimble.Endpoint{URL: d.Page() + "pusher/auth", Params: map[string]string{"ticket": ticket}},
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan thimble.Event, 1000)
	room = client.Subscribe("presence-devices")
	room.BindAll(func(e thimble.Event) {
		e.Data = []byte(e.Text())
		seen <- e
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		client.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return room, seen
}

// await returns the next event of that name that suits.
func await(t *testing.T, events <-chan thimble.Event, name string, suits func(thimble.Event) bool) thimble.Event {
	t.Helper()
	timeout := time.After(15 * time.Second)
	for {
		select {
		case e := <-events:
			if e.Name == name && (suits == nil || suits(e)) {
				return e
			}
		case <-timeout:
			t.Fatalf("no %s within 15 s", name)
		}
	}
}

func plug(t *testing.T, d *demo.Demo, what string) {
	t.Helper()
	req, _ := http.NewRequest("POST", d.Page()+"demo/device/"+what, nil)
	req.Header.Set("X-Thimble-Demo", "1")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		t.Fatalf("%s: status %d", what, res.StatusCode)
	}
}

func TestOperatorSteersTheDevice(t *testing.T) {
	t.Parallel()
	d := start(t)
	room, events := watcher(t, d, "operator")
	await(t, events, thimble.EventSubscribed, nil)
	reading := await(t, events, "client-reading", nil)
	device := reading.UserID
	if !strings.HasPrefix(device, "device-") {
		t.Fatalf("a reading came from %q", device)
	}
	if celsius, ok := reading.Field("temperature").Float(); !ok || celsius < -50 || celsius > 100 {
		t.Errorf("temperature %q is none of a room", reading.Field("temperature"))
	}
	if lit, ok := reading.Field("led").Bool(); !ok || lit {
		t.Error("the LED should be off at first")
	}

	if err := room.Trigger("client-ping", `{"id":"k3f9","to":"`+device+`"}`); err != nil {
		t.Fatal(err)
	}
	pong := await(t, events, "client-pong", nil)
	if pong.Field("id").String() != "k3f9" || pong.UserID != device {
		t.Errorf("pong %s from %s", pong.Data, pong.UserID)
	}

	if err := room.Trigger("client-led", `{"on":true,"to":"`+device+`"}`); err != nil {
		t.Fatal(err)
	}
	state := await(t, events, "client-led-state", nil)
	if on, _ := state.Field("on").Bool(); !on || state.Field("by").String() != room.Me() {
		t.Errorf("led state %s", state.Data)
	}
	await(t, events, "client-reading", func(e thimble.Event) bool { on, _ := e.Field("led").Bool(); return on })
}

func TestGuestMayNotSwitch(t *testing.T) {
	t.Parallel()
	d := start(t)
	room, events := watcher(t, d, "guest")
	await(t, events, "client-reading", nil)
	// Whatever the data claims, the server's word on the sender counts.
	if err := room.Trigger("client-led", `{"on":true,"user_id":"operator-1"}`); err != nil {
		t.Fatal(err)
	}
	refused := await(t, events, "client-led-refused", nil)
	if refused.Field("by").String() != room.Me() {
		t.Errorf("refused %s", refused.Data)
	}
	next := await(t, events, "client-reading", nil)
	if on, _ := next.Field("led").Bool(); on {
		t.Error("a guest has switched the LED")
	}
}

func TestPlug(t *testing.T) {
	t.Parallel()
	d := start(t)
	room, events := watcher(t, d, "operator")
	device := await(t, events, "client-reading", nil).UserID
	for range 3 {
		plug(t, d, "stop")
		gone := await(t, events, thimble.EventMemberRemoved, nil)
		if gone.Member.ID != device {
			t.Fatalf("%s left instead of %s", gone.Member.ID, device)
		}
		if _, there := room.Member(device); there {
			t.Fatal("the device is still listed")
		}
		plug(t, d, "start")
		back := await(t, events, thimble.EventMemberAdded, nil)
		if back.Member.ID != device {
			t.Fatalf("%s came instead of %s", back.Member.ID, device)
		}
		await(t, events, "client-reading", func(e thimble.Event) bool { return e.UserID == device })
	}
}

func TestDoors(t *testing.T) {
	t.Parallel()
	d := start(t)
	form := func(v url.Values) *http.Request {
		req, _ := http.NewRequest("POST", d.Page()+"pusher/auth", strings.NewReader(v.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return req
	}
	get := func(path string) *http.Request {
		req, _ := http.NewRequest("GET", d.Page()+path, nil)
		return req
	}
	foreign := get("")
	foreign.Host = "evil.example"
	crossSite, _ := http.NewRequest("POST", d.Page()+"demo/device/stop", nil)
	ask := func(channel, ticket string) url.Values {
		return url.Values{"socket_id": {"1.2"}, "channel_name": {channel}, "ticket": {ticket}}
	}
	ticket, userID := session(t, d, "operator")
	for _, test := range []struct {
		name   string
		req    *http.Request
		status int
		holds  string
	}{
		{"page", get(""), 200, "<title>"},
		{"script", get("app.js"), 200, "import"},
		{"unknown path", get("nothing"), 404, ""},
		{"name of another site", foreign, 421, "localhost"},
		{"plug without the header", crossSite, 403, "X-Thimble-Demo"},
		{"impossible role", get("demo/session?as=root"), 400, "operator or guest"},
		{"ticket", form(ask("presence-devices", ticket)), 200, userID},
		{"no ticket is a guest", form(ask("presence-devices", "")), 200, "guest-"},
		{"forged ticket", form(ask("presence-devices", "operator-1.00")), 403, `{"error":`},
		{"ticket for another id", form(ask("presence-devices", strings.Replace(ticket, userID, "operator-x", 1))), 403, `{"error":`},
		{"other channel", form(ask("private-secret", ticket)), 403, `{"error":`},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, err := http.DefaultClient.Do(test.req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != test.status || !strings.Contains(string(body), test.holds) {
				t.Errorf("status %d, want %d with %q; body %.200s", res.StatusCode, test.status, test.holds, body)
			}
		})
	}
}

// The line for curl is run as it is printed.
func TestCurlLine(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("skipped: there is no %s to run the printed line with; install it with: apt-get install %s", tool, tool)
		}
	}
	d := start(t)
	_, events := watcher(t, d, "guest")
	await(t, events, thimble.EventSubscribed, nil)
	for _, s := range d.Snippets() {
		if s.Title != "curl" {
			continue
		}
		out, err := exec.Command("bash", "-c", s.Code).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "{}" {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if e := await(t, events, "notice", nil); e.Text() != `{"text":"hello from curl"}` {
		t.Errorf("data %s", e.Text())
	}
}

func TestBoxShowsWhatTheReaderNeeds(t *testing.T) {
	t.Parallel()
	d := start(t)
	box := d.Box()
	for _, want := range []string{d.Page(), d.WebSocket(), "app-key", "app-secret", "new Pusher(", "curl -sS", "thimble subscribe"} {
		if !strings.Contains(box, want) {
			t.Errorf("the box lacks %q", want)
		}
	}
}

// Another server stands in for the demo's broker: here that of another demo.
func TestOnAnotherServer(t *testing.T) {
	t.Parallel()
	other := start(t)
	host := strings.TrimSuffix(strings.TrimPrefix(other.Page(), "http://"), "/")
	d := startAt(t, "127.0.0.1:0", demo.Config{AppID: "app-id", Key: "app-key", Secret: "app-secret", Host: host, Plaintext: true, Command: "thimble"})

	// Both devices meet on the other's broker, each with a reading.
	_, events := watcher(t, other, "operator")
	first := await(t, events, "client-reading", nil)
	await(t, events, "client-reading", func(e thimble.Event) bool { return e.UserID != first.UserID })

	res, err := http.Get(d.Page() + "apps/app-id/channels")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 404 {
		t.Errorf("status %d: a broker answers although another server is used", res.StatusCode)
	}
}

// lines are what is logged.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default: // nobody waits for so many
	}
	return len(p), nil
}

// TestNoService has a service that is not there. Who started the demo is told
// without asking.
func TestNoService(t *testing.T) {
	t.Parallel()
	said := make(lines, 100)
	log := slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelWarn}))
	startAt(t, "127.0.0.1:0", demo.Config{Key: "app-key", Secret: "app-secret", Host: "127.0.0.1:1", Plaintext: true, Logger: log})
	select {
	case text := <-said:
		if !strings.Contains(text, "no connection to 127.0.0.1:1") || !strings.Contains(text, "check Host") {
			t.Errorf("it says %s", text)
		}
	case <-time.After(20 * time.Second):
		t.Error("it says nothing")
	}
}
