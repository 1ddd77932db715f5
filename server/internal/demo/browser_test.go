package demo_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/thimble-go/thimble/server/internal/demo"
)

// browser starts a headless Chromium, or skips the test with the one line that
// says how to get it.
func browser(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no Chromium, which CI must have")
		}
		t.Skip("skipped: there is no Chromium for the browser tests; install it with: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.WindowSize(1200, 960),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-quic", true),
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses to run as root with it
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancelAllocator)
	limited, cancelLimit := context.WithTimeout(allocator, 90*time.Second)
	t.Cleanup(cancelLimit)
	ctx, cancel := chromedp.NewContext(limited)
	t.Cleanup(cancel)
	return ctx
}

// element is the selector of a test hook.
func element(id string) string { return fmt.Sprintf(`[data-testid=%q]`, id) }

// until waits for a JavaScript expression to be true.
func until(expression string) chromedp.Action[chromedp.Void] {
	return void(chromedp.Poll[bool](expression, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(20*time.Second)))
}

// void drops an action's result.
func void[T any](a chromedp.Action[T]) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := a(ctx, t)
		return chromedp.Void{}, err
	}
}

// attribute is the expression for an element's attribute.
func attribute(id, name string) string {
	return fmt.Sprintf(`document.querySelector(%q)?.getAttribute(%q)`, element(id), name)
}

func text(id string) string {
	return fmt.Sprintf(`(document.querySelector(%q)?.textContent ?? "")`, element(id))
}

// click clicks as a script does, which takes no redrawing into account.
func click(id string) chromedp.Action[chromedp.Void] {
	return void(chromedp.Evaluate[any](fmt.Sprintf(`document.querySelector(%q).click(), true`, element(id))))
}

// problems collects what the page complains about.
func problems(t *testing.T, ctx context.Context) func() []string {
	t.Helper()
	seen := make(chan string, 100)
	if err := chromedp.Do(ctx); err != nil { // opens the tab
		t.Fatal(err)
	}
	err := chromedp.Listen(ctx, func(event any) {
		var text string
		switch event := event.(type) {
		case *runtime.EventExceptionThrown:
			text = event.ExceptionDetails.Text
		case *runtime.EventConsoleAPICalled:
			if event.Type != runtime.ConsoleAPICalledTypeError && event.Type != runtime.ConsoleAPICalledTypeWarning {
				return
			}
			for _, arg := range event.Args {
				text += string(arg.Value) + " "
			}
		default:
			return
		}
		select {
		case seen <- text:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() (all []string) {
		for {
			select {
			case text := <-seen:
				all = append(all, text)
			default:
				return all
			}
		}
	}
}

// artefact writes a file for whoever looks at the run afterwards.
func artefact(t *testing.T, name string, content []byte) {
	t.Helper()
	folder := os.Getenv("ARTEFACTS")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "build", "artefacts")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, name)
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("screenshot: %s", file)
}

func run(t *testing.T, ctx context.Context, what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		state, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
		t.Fatalf("%s: %v\nThe page reads:\n%.2000s", what, err, state)
	}
}

// look returns what an expression, or a screenshot, yields.
func look[T any](t *testing.T, ctx context.Context, what chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, what)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// The whole demonstration, in a real browser, as its user sees it.
func TestPage(t *testing.T) {
	ctx := browser(t)
	d := start(t)
	complaints := problems(t, ctx)

	run(t, ctx, "the page connects",
		chromedp.Navigate(d.Page()),
		until(attribute("connection-state", "data-state")+` === "connected"`))
	run(t, ctx, "the device appears", until(attribute("device", "data-online")+` === "true"`))
	run(t, ctx, "readings come",
		until(`Number(`+attribute("chart", "data-points")+`) >= 3`),
		until(`/^-?\d+\.\d\d °C$/.test(`+text("temperature")+`.trim())`))

	run(t, ctx, "the LED is switched on",
		until(attribute("led", "data-on")+` === "false"`), click("led-toggle"),
		until(attribute("led", "data-on")+` === "true"`))
	run(t, ctx, "the round trip is shown", click("ping"), until(`/\d ms/.test(`+text("rtt")+`)`))
	t.Logf("round trip: %s", strings.TrimSpace(look(t, ctx, chromedp.Evaluate[string](text("rtt")))))
	run(t, ctx, "a chart for the picture", until(`Number(`+attribute("chart", "data-points")+`) >= 14`))
	artefact(t, "demo.png", look(t, ctx, chromedp.CaptureScreenshot()))

	run(t, ctx, "the plug is pulled", click("device-stop"), until(attribute("device", "data-online")+` === "false"`))
	artefact(t, "demo-gone.png", look(t, ctx, chromedp.CaptureScreenshot()))
	run(t, ctx, "the device comes back",
		click("device-start"),
		until(attribute("device", "data-online")+` === "true"`),
		until(attribute("led", "data-on")+` === "false"`)) // it has restarted
	run(t, ctx, "it is the same card", until(fmt.Sprintf(`document.querySelectorAll(%q).length === 1`, element("device"))))

	if all := complaints(); all != nil {
		t.Errorf("the page complains: %q", all)
	}
}

func TestPageOfGuest(t *testing.T) {
	ctx := browser(t)
	d := start(t)
	run(t, ctx, "a guest's page",
		chromedp.Navigate(d.Page()+"?as=guest"),
		until(attribute("device", "data-online")+` === "true"`),
		until(`Number(`+attribute("chart", "data-points")+`) >= 1`))
	run(t, ctx, "the device refuses", click("led-toggle"), until(text("notice")+`.includes("operator")`))
	if look(t, ctx, chromedp.Evaluate[string](attribute("led", "data-on"))) != "false" {
		t.Error("a guest has switched the LED")
	}
}

// The broker goes away and comes back under the page.
func TestPageSurvivesRestart(t *testing.T) {
	ctx := browser(t)
	d := start(t)
	address := strings.TrimSuffix(strings.TrimPrefix(d.Page(), "http://"), "/")
	run(t, ctx, "the device appears",
		chromedp.Navigate(d.Page()),
		until(attribute("device", "data-online")+` === "true"`))
	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := d.Close(end); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, "nothing looks live any more",
		until(attribute("connection-state", "data-state")+` !== "connected"`),
		until(attribute("device", "data-online")+` === "false"`))
	startAt(t, address, demo.Config{AppID: "app-id", Key: "app-key", Secret: "app-secret", Command: "thimble"})
	run(t, ctx, "the page is back with the new device",
		until(attribute("connection-state", "data-state")+` === "connected"`),
		until(`document.querySelector('[data-testid="device"][data-online="true"]') !== null`))
}
