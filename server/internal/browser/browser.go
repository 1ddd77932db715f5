// Package browser lets tests use a real Chromium, or skips them where there
// is none.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Start starts a headless Chromium, or skips the test with the one line that
// says how to get it.
func Start(t *testing.T) context.Context {
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

// Element is the selector of a test hook.
func Element(id string) string { return fmt.Sprintf(`[data-testid=%q]`, id) }

// Until waits for a JavaScript expression to be true.
func Until(expression string) chromedp.Action[chromedp.Void] {
	return Void(chromedp.Poll[bool](expression, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(20*time.Second)))
}

// Void drops an action's result.
func Void[T any](a chromedp.Action[T]) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := a(ctx, t)
		return chromedp.Void{}, err
	}
}

// Attribute is the expression for an element's attribute.
func Attribute(id, name string) string {
	return fmt.Sprintf(`document.querySelector(%q)?.getAttribute(%q)`, Element(id), name)
}

// Text is the expression for an element's text.
func Text(id string) string {
	return fmt.Sprintf(`(document.querySelector(%q)?.textContent ?? "")`, Element(id))
}

// Click clicks as a script does, which takes no redrawing into account.
func Click(id string) chromedp.Action[chromedp.Void] {
	return Void(chromedp.Evaluate[any](fmt.Sprintf(`document.querySelector(%q).click(), true`, Element(id))))
}

// Problems collects what the page complains about.
func Problems(t *testing.T, ctx context.Context) func() []string {
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

// Artefact writes a file for whoever looks at the run afterwards.
func Artefact(t *testing.T, name string, content []byte) {
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

// Run does one thing after the other. If it fails, the test ends with what was
// being done, and with what the page shows.
func Run(t *testing.T, ctx context.Context, what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		state, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
		t.Fatalf("%s: %v\nThe page reads:\n%.2000s", what, err, state)
	}
}

// Look returns what an expression, or a screenshot, yields.
func Look[T any](t *testing.T, ctx context.Context, what chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, what)
	if err != nil {
		t.Fatal(err)
	}
	return value
}
