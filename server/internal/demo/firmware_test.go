package demo_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/server/internal/bridge"
	"github.com/thimble-go/thimble/server/internal/browser"
	"github.com/thimble-go/thimble/server/internal/demo"
)

// machines are what the emulated firmware is built for.
var machines = []struct {
	target, qemu string
	args         []string
}{
	{"riscv-qemu", "qemu-system-riscv32", []string{"-machine", "virt", "-bios", "none"}},
	{"cortex-m-qemu", "qemu-system-arm", []string{"-machine", "lm3s6965evb"}},
}

// TestFirmware runs the device's application as TinyGo compiles it, in an
// emulator, with the network that "thimble bridge" gives it. "make
// firmware-test" asks for it.
func TestFirmware(t *testing.T) {
	if os.Getenv("FIRMWARE_TEST") == "" {
		t.Skip("skipped: the emulated firmware is tested by: make firmware-test")
	}
	for _, m := range machines {
		t.Run(m.target, func(t *testing.T) {
			for _, tool := range []string{"tinygo", m.qemu} {
				if _, err := exec.LookPath(tool); err != nil {
					t.Skip("skipped: there is no " + tool)
				}
			}
			b := newBoard(t, m.target, m.qemu, m.args)
			b.live(t)
		})
	}
}

// firmware is the program in its emulator, and the bridge.
type firmware struct {
	demo    *demo.Demo
	address string // of the demo
	serial  string // where the emulator offers the line
	bridge  context.CancelFunc
	bridged sync.WaitGroup

	mu   sync.Mutex
	line *noisy
	says []string
}

// image is what TinyGo has made for a target. The address of the demo is in it,
// so that the next run has its demo there too, and need not wait for another.
type image struct {
	address string
	elf     []byte
}

var images = map[string]image{}

// compile makes an image for a demo.
func compile(t *testing.T, target, address string) image {
	t.Helper()
	elf := filepath.Join(t.TempDir(), "emulated.elf")
	flags := fmt.Sprintf("-X main.key=app-key -X main.host=%s -X main.auth=http://%s/pusher/auth -X main.name=emulated -X main.seed=%d", address, address, rand.Uint32())
	build := exec.Command("tinygo", "build", "-target="+target, "-o", elf, "-ldflags="+flags, ".")
	build.Dir = filepath.Join("..", "..", "..", "firmware", "emulated")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("tinygo build: %v\n%s", err, out)
	}
	made, err := os.ReadFile(elf)
	if err != nil {
		t.Fatal(err)
	}
	return image{address, made}
}

func newBoard(t *testing.T, target, qemu string, args []string) *firmware {
	t.Helper()
	made, ok := images[target]
	if !ok {
		made = compile(t, target, free(t))
		images[target] = made
	}
	elf := filepath.Join(t.TempDir(), "emulated.elf")
	if err := os.WriteFile(elf, made.elf, 0o600); err != nil {
		t.Fatal(err)
	}
	b := &firmware{demo: startAt(t, made.address, own), address: made.address, serial: free(t)}
	plug(t, b.demo, "stop") // the simulated one
	emulator := exec.Command(qemu, append(args, "-display", "none", "-monitor", "none", "-kernel", elf, "-serial", "tcp:"+b.serial+",server=on,wait=on")...)
	var complaints strings.Builder
	emulator.Stderr = &complaints
	if err := emulator.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.unbridge()
		_ = emulator.Process.Kill()
		_ = emulator.Wait()
		if complaints.Len() > 0 {
			t.Logf("the emulator says: %s", complaints.String())
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		t.Logf("the board says:\n  %s", strings.Join(b.says, "\n  "))
	})
	b.connect(t)
	return b
}

// free returns an address that nothing listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// connect starts the bridge.
func (b *firmware) connect(t *testing.T) {
	t.Helper()
	br, err := bridge.New(bridge.Config{Allow: []string{b.address}, Notify: b.notify})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.bridge = cancel
	open := bridge.TCP(b.serial)
	b.bridged.Go(func() {
		_ = br.Run(ctx, func(ctx context.Context) (io.ReadWriteCloser, error) {
			conn, err := open(ctx)
			if err != nil {
				return nil, err
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			b.line = &noisy{ReadWriteCloser: conn}
			return b.line, nil
		})
	})
}

// unbridge ends the bridge.
func (b *firmware) unbridge() {
	b.bridge()
	b.bridged.Wait()
}

func (b *firmware) notify(e bridge.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := string(e.Kind) + " " + e.Address + strings.TrimSpace(e.Text)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	b.says = append(b.says, text)
}

// disturb has garbage on the line, both ways, until the next restart.
func (b *firmware) disturb(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.line.mu.Lock()
	defer b.line.mu.Unlock()
	b.line.on = on
}

// noisy is a line on which bytes change, get lost and come from nowhere.
type noisy struct {
	io.ReadWriteCloser
	mu sync.Mutex
	on bool
}

// spoil does so with one byte in a few hundred.
func (n *noisy) spoil(p []byte) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.on {
		return p
	}
	var out []byte
	for _, c := range p {
		switch rand.IntN(900) {
		case 0:
			continue
		case 1:
			c ^= 1 << rand.IntN(8)
		case 2:
			out = append(out, byte(rand.IntN(256)))
		}
		out = append(out, c)
	}
	return out
}

func (n *noisy) Read(p []byte) (int, error) {
	k, err := n.ReadWriteCloser.Read(p[:max(len(p)/2, 1)])
	return copy(p, n.spoil(p[:k])), err
}

func (n *noisy) Write(p []byte) (int, error) {
	if _, err := n.ReadWriteCloser.Write(n.spoil(append([]byte(nil), p...))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// patient waits for an event as long as an emulator may take on a busy machine.
func patient(t *testing.T, events <-chan thimble.Event, what, name string, suits func(thimble.Event) bool) {
	t.Helper()
	if !comes(events, 2*time.Minute, name, suits) {
		t.Fatalf("%s: no %s", what, name)
	}
}

// comes waits for an event.
func comes(events <-chan thimble.Event, patience time.Duration, name string, suits func(thimble.Event) bool) bool {
	timeout := time.After(patience)
	for {
		select {
		case e := <-events:
			if e.Name == name && (suits == nil || suits(e)) {
				return true
			}
		case <-timeout:
			return false
		}
	}
}

// live goes through the life of a device.
func (b *firmware) live(t *testing.T) {
	room, events := watcher(t, b.demo, "operator")
	fromBoard := func(e thimble.Event) bool { return e.UserID == "device-emulated" }
	pings := 0
	send := func(what string) func(thimble.Event) bool {
		t.Helper()
		pings++
		id := fmt.Sprint("ping-", pings)
		if err := room.Trigger("client-ping", `{"id":"`+id+`","to":"device-emulated"}`); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return func(e thimble.Event) bool { return fromBoard(e) && e.Field("id").String() == id }
	}
	ping := func(what string) {
		t.Helper()
		patient(t, events, what, "client-pong", send(what))
	}
	patient(t, events, "the board joins", "client-reading", fromBoard)
	ping("a ping of the Go client")
	if err := room.Trigger("client-led", `{"on":true,"to":"device-emulated"}`); err != nil {
		t.Fatal(err)
	}
	patient(t, events, "the LED", "client-led-state", func(e thimble.Event) bool { on, _ := e.Field("on").Bool(); return fromBoard(e) && on })

	b.page(t)

	b.disturb(true)
	for range 3 {
		// So much of it may end the connection, and a ping with it; the board
		// comes back, and answers the next one.
		const what = "a ping through garbage"
		for lost := 0; !comes(events, 20*time.Second, "client-pong", send(what)); lost++ {
			if lost == 5 {
				t.Fatal(what + ": none is answered")
			}
		}
	}
	b.disturb(false)

	b.unbridge()
	patient(t, events, "the bridge is gone", thimble.EventMemberRemoved, nil)
	b.connect(t)
	patient(t, events, "the bridge is back", "client-reading", fromBoard)
	ping("a ping behind the restart of the bridge")

	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := b.demo.Close(end); err != nil {
		t.Fatal(err)
	}
	b.demo = startAt(t, b.address, own)
	plug(t, b.demo, "stop")
	room, events = watcher(t, b.demo, "operator")
	patient(t, events, "the broker is back", "client-reading", fromBoard)
	ping("a ping behind the restart of the broker")
	patient(t, events, "its clock goes on", "client-reading", func(e thimble.Event) bool {
		uptime, _ := e.Field("uptime").Int()
		return fromBoard(e) && uptime >= 8
	})
}

// page pings the board from the page.
func (b *firmware) page(t *testing.T) {
	ctx := browser.Start(t)
	browser.Run(t, ctx, "the page shows the board",
		chromedp.Navigate(b.demo.Page()),
		browser.Until(browser.Attribute("device", "data-online")+` === "true"`),
		browser.Until(`Number(`+browser.Attribute("chart", "data-points")+`) >= 2`))
	browser.Run(t, ctx, "the round trip is shown", browser.Click("ping"), browser.Until(`/\d ms/.test(`+browser.Text("rtt")+`)`))
	t.Logf("round trip from the page: %s", strings.TrimSpace(browser.Look(t, ctx, chromedp.Evaluate[string](browser.Text("rtt")))))
	browser.Run(t, ctx, "the LED", browser.Click("led-toggle"), browser.Until(browser.Attribute("led", "data-on")+` === "false"`))
	browser.Artefact(t, "firmware.png", browser.Look(t, ctx, chromedp.CaptureScreenshot()))
}
