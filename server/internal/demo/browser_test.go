package demo_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/thimble-go/thimble/server/internal/browser"
	"github.com/thimble-go/thimble/server/internal/demo"
)

// The whole demonstration, in a real browser, as its user sees it.
func TestPage(t *testing.T) {
	ctx := browser.Start(t)
	d := start(t)
	complaints := browser.Problems(t, ctx)

	browser.Run(t, ctx, "the page connects",
		chromedp.Navigate(d.Page()),
		browser.Until(browser.Attribute("connection-state", "data-state")+` === "connected"`))
	browser.Run(t, ctx, "the device appears", browser.Until(browser.Attribute("device", "data-online")+` === "true"`))
	browser.Run(t, ctx, "readings come",
		browser.Until(`Number(`+browser.Attribute("chart", "data-points")+`) >= 3`),
		browser.Until(`/^-?\d+\.\d\d °C$/.test(`+browser.Text("temperature")+`.trim())`))

	browser.Run(t, ctx, "the LED is switched on",
		browser.Until(browser.Attribute("led", "data-on")+` === "false"`), browser.Click("led-toggle"),
		browser.Until(browser.Attribute("led", "data-on")+` === "true"`))
	browser.Run(t, ctx, "the round trip is shown", browser.Click("ping"), browser.Until(`/\d ms/.test(`+browser.Text("rtt")+`)`))
	t.Logf("round trip: %s", strings.TrimSpace(browser.Look(t, ctx, chromedp.Evaluate[string](browser.Text("rtt")))))
	browser.Run(t, ctx, "a chart for the picture", browser.Until(`Number(`+browser.Attribute("chart", "data-points")+`) >= 14`))
	browser.Artefact(t, "demo.png", browser.Look(t, ctx, chromedp.CaptureScreenshot()))

	browser.Run(t, ctx, "the plug is pulled", browser.Click("device-stop"), browser.Until(browser.Attribute("device", "data-online")+` === "false"`))
	browser.Artefact(t, "demo-gone.png", browser.Look(t, ctx, chromedp.CaptureScreenshot()))
	browser.Run(t, ctx, "the device comes back",
		browser.Click("device-start"),
		browser.Until(browser.Attribute("device", "data-online")+` === "true"`),
		browser.Until(browser.Attribute("led", "data-on")+` === "false"`)) // it has restarted
	browser.Run(t, ctx, "it is the same card", browser.Until(fmt.Sprintf(`document.querySelectorAll(%q).length === 1`, browser.Element("device"))))

	if all := complaints(); all != nil {
		t.Errorf("the page complains: %q", all)
	}
}

func TestPageOfGuest(t *testing.T) {
	ctx := browser.Start(t)
	d := start(t)
	browser.Run(t, ctx, "a guest's page",
		chromedp.Navigate(d.Page()+"?as=guest"),
		browser.Until(browser.Attribute("device", "data-online")+` === "true"`),
		browser.Until(`Number(`+browser.Attribute("chart", "data-points")+`) >= 1`))
	browser.Run(t, ctx, "the device refuses", browser.Click("led-toggle"), browser.Until(browser.Text("notice")+`.includes("operator")`))
	if browser.Look(t, ctx, chromedp.Evaluate[string](browser.Attribute("led", "data-on"))) != "false" {
		t.Error("a guest has switched the LED")
	}
}

// The broker goes away and comes back under the page.
func TestPageSurvivesRestart(t *testing.T) {
	ctx := browser.Start(t)
	d := start(t)
	address := strings.TrimSuffix(strings.TrimPrefix(d.Page(), "http://"), "/")
	browser.Run(t, ctx, "the device appears",
		chromedp.Navigate(d.Page()),
		browser.Until(browser.Attribute("device", "data-online")+` === "true"`))
	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := d.Close(end); err != nil {
		t.Fatal(err)
	}
	browser.Run(t, ctx, "nothing looks live any more",
		browser.Until(browser.Attribute("connection-state", "data-state")+` !== "connected"`),
		browser.Until(browser.Attribute("device", "data-online")+` === "false"`))
	startAt(t, address, demo.Config{AppID: "app-id", Key: "app-key", Secret: "app-secret", Command: "thimble"})
	browser.Run(t, ctx, "the page is back with the new device",
		browser.Until(browser.Attribute("connection-state", "data-state")+` === "connected"`),
		browser.Until(`document.querySelector('[data-testid="device"][data-online="true"]') !== null`))
}
