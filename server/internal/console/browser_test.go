package console_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/server/broker"
	"github.com/thimble-go/thimble/server/internal/browser"
)

var local = broker.Console{Local: true}

// rows is the expression for how many rows have a text in them.
func rows(text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('[data-testid="row"]')].filter((row) => row.textContent.includes(%q)).length`, text)
}

// live waits until the page is connected.
func live() chromedp.Action[chromedp.Void] {
	return browser.Until(browser.Attribute("state", "data-state") + ` === "live"`)
}

// enter fills in a field as somebody who types does.
func enter(id, value string) chromedp.Action[chromedp.Void] {
	return do(fmt.Sprintf(`{
		const field = document.querySelector(%q);
		field.value = %q;
		field.dispatchEvent(new Event("input", { bubbles: true }));
	}`, browser.Element(id), value))
}

// do runs statements.
func do(script string) chromedp.Action[chromedp.Void] {
	return browser.Void(chromedp.Evaluate[bool](script + "; true"))
}

func TestPageShowsWhatHappens(t *testing.T) {
	ctx := browser.Start(t)
	s := start(t, local)
	complaints := browser.Problems(t, ctx)
	browser.Run(t, ctx, "the page connects", chromedp.Navigate(s.url("/console")), live())

	ada := s.connect("ada", "presence-room", "news", "cache-weather")
	for _, kind := range []string{"connection", "occupied", "subscribed", "member added", "cache miss"} {
		browser.Run(t, ctx, kind, browser.Until(fmt.Sprintf(`document.querySelector('[data-testid="row"][data-kind=%q]') !== null`, kind)))
	}
	s.publish("headline", `{"text":"first"}`, "news")
	if err := ada.Channel("presence-room").Trigger("client-wave", `{"hand":"left"}`); err != nil {
		t.Fatal(err)
	}
	browser.Run(t, ctx, "messages", browser.Until(rows("headline")+` === 1`), browser.Until(rows("client-wave")+` === 1`))
	s.connect("ben", "presence-room")
	s.connect("cleo").Subscribe("presence-room") // which is full
	s.refused()
	browser.Run(t, ctx, "a limit, and an error",
		browser.Until(`document.querySelector('[data-testid="row"][data-kind="limit hit"]')?.textContent.includes("presence-room")`),
		browser.Until(`document.querySelector('[data-testid="row"][data-kind="error"]')?.textContent.includes("HTTP API")`))
	browser.Run(t, ctx, "exact counts", browser.Until(`document.querySelector('.chip[data-kind="API message"] .count').textContent === "1"`))

	browser.Run(t, ctx, "filter by type",
		do(`document.querySelector('.chip[data-kind="API message"]').click()`),
		browser.Until(`document.querySelectorAll('[data-testid="row"]').length === 1`), browser.Until(rows("headline")+` === 1`),
		do(`document.querySelector('.chip[data-kind="API message"]').click()`), browser.Until(rows("client-wave")+` === 1`))
	browser.Run(t, ctx, "filter by channel", enter("filter-channel", "NEWS"), browser.Until(rows("presence-room")+` === 0 && `+rows("headline")+` === 1`), enter("filter-channel", ""))
	browser.Run(t, ctx, "filter by event", enter("filter-event", "wave"), browser.Until(rows("headline")+` === 0 && `+rows("client-wave")+` === 1`), enter("filter-event", ""))
	browser.Run(t, ctx, "search the payloads", enter("search", `"hand"`), browser.Until(`document.querySelectorAll('[data-testid="row"]').length === 1`), enter("search", ""))

	browser.Run(t, ctx, "pause", browser.Click("pause"), browser.Until(browser.Attribute("pause", "aria-pressed")+` === "true"`))
	s.publish("headline", `{"text":"second"}`, "news")
	browser.Run(t, ctx, "what comes is told, and not shown",
		browser.Until(`/^Resume .\d+.$/.test(`+browser.Text("pause")+`)`), browser.Until(rows("second")+` === 0`))
	browser.Run(t, ctx, "nor is it when something is looked for",
		enter("search", "first"), browser.Until(`document.querySelectorAll('[data-testid="row"]').length === 1`),
		enter("search", ""), browser.Until(rows("client-wave")+` === 1 && `+rows("second")+` === 0`))
	browser.Run(t, ctx, "but then",
		browser.Click("pause"), browser.Until(rows("second")+` === 1`))
	browser.Run(t, ctx, "clear", browser.Click("clear"), browser.Until(`document.querySelectorAll('[data-testid="row"]').length === 0`))

	s.publish("headline", `{"text":"third"}`, "nobody-is-there")
	browser.Run(t, ctx, "after it, on a channel without subscribers", browser.Until(rows("third")+` === 1`))
	if all := complaints(); all != nil {
		t.Errorf("the page complains: %q", all)
	}
}

func TestPageByKeyboard(t *testing.T) {
	ctx := browser.Start(t)
	s := start(t, local)
	complaints := browser.Problems(t, ctx)
	browser.Run(t, ctx, "the page connects", chromedp.Navigate(s.url("/console/")), live())
	s.publish("one", `{"n":1,"list":[],"big":12345678901234567890}`, "news")
	browser.Run(t, ctx, "a row", browser.Until(rows("one")+` === 1`))
	s.publish("two", `{"n":2}`, "news")
	browser.Run(t, ctx, "another row", browser.Until(rows("two")+` === 1`))

	const pretty = "{\n  \"n\": 1,\n  \"list\": [],\n  \"big\": 12345678901234567890\n}"
	browser.Run(t, ctx, "down to the last row", chromedp.KeyEvent(kb.ArrowDown+kb.End+kb.Enter),
		browser.Until(fmt.Sprintf(`%s === %q`, browser.Text("payload"), pretty)),
		browser.Until(`document.activeElement.getAttribute("aria-expanded") === "true"`))
	browser.Run(t, ctx, "up, which closes nothing", chromedp.KeyEvent(kb.ArrowUp),
		browser.Until(`document.activeElement.textContent.includes("two")`), browser.Until(browser.Text("payload")+` !== ""`))
	browser.Run(t, ctx, "down again, and close it", chromedp.KeyEvent(kb.ArrowDown+kb.Enter), browser.Until(`document.querySelector('[data-testid="payload"]') === null`))
	browser.Run(t, ctx, "search", chromedp.KeyEvent("/"), browser.Until(`document.activeElement.id === "search"`), enter("search", "two"), browser.Until(rows("one")+` === 0 && `+rows("two")+` === 1`))
	browser.Run(t, ctx, "drop the filter", chromedp.KeyEvent(kb.Escape+kb.Escape), browser.Until(rows("one")+` === 1`))
	browser.Run(t, ctx, "pause", chromedp.KeyEvent("p"), browser.Until(browser.Attribute("pause", "aria-pressed")+` === "true"`), chromedp.KeyEvent("p"))
	browser.Run(t, ctx, "clear", chromedp.KeyEvent("c"), browser.Until(`document.querySelectorAll('[data-testid="row"]').length === 0`))
	browser.Run(t, ctx, "the other views", chromedp.KeyEvent("2"), browser.Until(`document.body.dataset.tab === "channels"`),
		chromedp.KeyEvent("3"), browser.Until(`document.body.dataset.tab === "connections"`), chromedp.KeyEvent("1"), browser.Until(`document.body.dataset.tab === "events"`))
	browser.Run(t, ctx, "publish", chromedp.KeyEvent("4"), browser.Until(`document.activeElement.id === "publish-channels"`))
	if all := complaints(); all != nil {
		t.Errorf("the page complains: %q", all)
	}
}

func TestPageActs(t *testing.T) {
	ctx := browser.Start(t)
	s := start(t, local)
	complaints := browser.Problems(t, ctx)
	browser.Run(t, ctx, "the page connects", chromedp.Navigate(s.url("/console/")), live())
	ada := s.connect("ada", "presence-room", "news")

	browser.Run(t, ctx, "publish as the server",
		enter("publish-channels", "news, presence-room"), enter("publish-event", "headline"), enter("publish-data", `{"from":"the page"}`),
		browser.Click("publish-send"), browser.Until(browser.Text("publish-result")+`.includes("Sent to 2 subscribers")`))
	for range 2 {
		if e := ada.await(t, "headline"); e.Text() != `{"from":"the page"}` {
			t.Errorf("got %s", e.Data)
		}
	}
	browser.Run(t, ctx, "publish as a client",
		browser.Click("as-client"), enter("publish-channels", "presence-room"), enter("publish-event", "client-hello"), browser.Click("publish-send"),
		browser.Until(browser.Text("publish-result")+`.includes("Sent to 1 subscriber.")`))
	if e := ada.await(t, "client-hello"); e.UserID != "" || e.Text() != `{"from":"the page"}` {
		t.Errorf("got %s from %q", e.Data, e.UserID)
	}
	browser.Run(t, ctx, "which is marked", browser.Until(`document.querySelector('[data-kind="client message"] .socket')?.textContent === "console"`))
	browser.Run(t, ctx, "a client event where there can be none",
		enter("publish-channels", "news"), browser.Click("publish-send"), browser.Until(browser.Text("publish-result")+`.includes("private and presence channels")`))

	browser.Run(t, ctx, "the channels", browser.Click("tab-channels"),
		browser.Until(`document.querySelectorAll('#channel-rows tr').length === 2`),
		do(`document.querySelector('[data-key="presence-room"] [data-action="members"]').click()`),
		browser.Until(`document.querySelector("#channel-rows .people")?.textContent.includes("ada")`))
	browser.Run(t, ctx, "find one", enter("channels-search", "NEW"), browser.Until(`document.querySelectorAll('#channel-rows tr').length === 1`))

	old := ada.SocketID()
	connection := fmt.Sprintf(`document.querySelector('#connection-rows [data-key=%q]')`, old)
	browser.Run(t, ctx, "the connections", browser.Click("tab-connections"),
		browser.Until(connection+`?.textContent.includes("ada")`), browser.Until(connection+`.textContent.includes("news, presence-room")`))
	browser.Run(t, ctx, "close one, which takes two presses",
		do(connection+`.querySelector('[data-action="reconnect"]').click()`), browser.Until(connection+`.textContent.includes("Sure?")`),
		do(connection+`.querySelector('[data-action="reconnect"]').click()`), browser.Until(connection+` === null`))
	ada.await(t, thimble.EventSubscribed)
	if now := ada.SocketID(); now == old {
		t.Error("the connection is still the same")
	}
	browser.Run(t, ctx, "the new one", browser.Until(`document.querySelectorAll('#connection-rows tr').length === 1`),
		do(`document.querySelector('#connection-rows [data-action="close"]').click()`),
		do(`document.querySelector('#connection-rows [data-action="close"]').click()`),
		browser.Until(`document.querySelectorAll('#connection-rows tr').length === 0`))

	browser.Run(t, ctx, "another app has nothing of it",
		do(`{ const app = document.querySelector('[data-testid="app"]'); app.value = "staging"; app.dispatchEvent(new Event("change")); }`),
		browser.Click("tab-events"), browser.Until(rows("")+` === 0`), live())
	if all := complaints(); all != nil {
		t.Errorf("the page complains: %q", all)
	}
}

// TestPageShowsTextAsText has payloads that are not meant well.
func TestPageShowsTextAsText(t *testing.T) {
	ctx := browser.Start(t)
	s := start(t, local)
	complaints := browser.Problems(t, ctx)
	browser.Run(t, ctx, "the page connects", chromedp.Navigate(s.url("/console/")), live())
	open := do(`document.querySelector('[data-testid="row"]').click()`)
	clear := browser.Click("clear")

	s.publish("<img src=x onerror=hacked=1>", `{"html":"<script>hacked=1</script><img src=x onerror=hacked=1>"}`, "news")
	browser.Run(t, ctx, "markup", browser.Until(rows("<script>hacked=1</script>")+` === 1`), open,
		browser.Until(browser.Text("payload")+`.includes("<script>hacked=1</script>")`),
		browser.Until(`typeof hacked === "undefined" && document.querySelectorAll("#rows img, #rows script").length === 0`), clear)

	s.publish("rtl", "{\"name\":\"\u202eevil\u202c\"}", "news")
	browser.Run(t, ctx, "marks of direction are seen", browser.Until(rows("rtl")+` === 1`), open,
		browser.Until(browser.Text("payload")+`.includes("\\u202eevil\\u202c")`), clear)

	s.publish("deep", strings.Repeat("[", 5000)+strings.Repeat("]", 5000), "news")
	browser.Run(t, ctx, "depth", browser.Until(rows("deep")+` === 1`), open, browser.Until(browser.Text("payload")+`.length > 10000`),
		browser.Until(browser.Text("payload")+`.length < 1000000`), clear)

	s.publish("huge", `"`+strings.Repeat("0123456789", 10_000)+`"`, "news")
	browser.Run(t, ctx, "100 kB", browser.Until(rows("huge")+` === 1`), browser.Until(rows("98 KiB")+` === 1`), open,
		browser.Until(browser.Text("payload")+`.length === 10 * 1024`), browser.Until(browser.Text("rows")+`.includes("cut off here")`))
	if all := complaints(); all != nil {
		t.Errorf("the page complains: %q", all)
	}
}

// TestPageUnderLoad publishes far more than can be shown.
func TestPageUnderLoad(t *testing.T) {
	ctx := browser.Start(t)
	s := start(t, local)
	browser.Run(t, ctx, "the page connects", chromedp.Navigate(s.url("/console/")), live())
	const many = 20_000
	for i := range many {
		s.publish("tick", fmt.Sprint(i), "busy")
	}
	s.connect("ada", "news") // kinds that are rare are shown all the same
	browser.Run(t, ctx, "the count is exact", browser.Until(`document.querySelector('.chip[data-kind="API message"] .count').textContent === "20,000"`))
	browser.Run(t, ctx, "it says what it left out",
		browser.Until(`/left out/.test(`+browser.Text("note")+`)`), browser.Until(browser.Text("sampling")+`.includes("left out")`))
	browser.Run(t, ctx, "the rest is there", browser.Until(rows("occupied")+` === 1`), browser.Until(rows("connection")+` === 1`))
	shown := browser.Look(t, ctx, chromedp.Evaluate[int](rows("tick")))
	if shown == 0 || shown > 400 {
		t.Errorf("%d rows", shown)
	}
}

// TestPageSurvivesRestart ends the broker under the page.
func TestPageSurvivesRestart(t *testing.T) {
	ctx := browser.Start(t)
	s := start(t, local)
	browser.Run(t, ctx, "the page connects", chromedp.Navigate(s.url("/console/")), live())
	s.publish("before", "1", "news")
	browser.Run(t, ctx, "an event", browser.Until(rows("before")+` === 1`))
	s.end() // which a stream does not hold up
	browser.Run(t, ctx, "the page says so", browser.Until(browser.Text("state")+` === "connection lost, trying again"`))
	s.start()
	browser.Run(t, ctx, "it comes back", live())
	s.publish("after", "2", "news")
	browser.Run(t, ctx, "with what it had", browser.Until(rows("after")+` === 1`), browser.Until(rows("before")+` === 1`),
		browser.Until(`document.querySelector('.chip[data-kind="API message"] .count').textContent === "2"`))
}

func TestPageAsksForPassword(t *testing.T) {
	ctx := browser.Start(t)
	s := start(t, broker.Console{Password: password})
	complaints := browser.Problems(t, ctx)
	browser.Run(t, ctx, "the form", chromedp.Navigate(s.url("/console/")), browser.Until(`document.activeElement.id === "password"`))
	browser.Run(t, ctx, "a wrong one", enter("password", "wrong"), browser.Click("login"), browser.Until(browser.Text("login-problem")+` === "This is not the password."`))
	browser.Artefact(t, "console-login.png", browser.Look(t, ctx, chromedp.CaptureScreenshot()))
	browser.Run(t, ctx, "the right one", enter("password", password), browser.Click("login"), live())
	browser.Run(t, ctx, "scripts see nothing of the session", browser.Until(`document.cookie === ""`))
	browser.Run(t, ctx, "it lasts", chromedp.Reload(), live())
	browser.Run(t, ctx, "and ends", browser.Click("logout"), browser.Until(`document.activeElement.id === "password"`))
	browser.Run(t, ctx, "for good", chromedp.Reload(), browser.Until(`document.activeElement.id === "password"`))
	for _, one := range complaints() {
		t.Errorf("the page complains: %q", one)
	}
}

// TestPagePictures has a shop at work for whoever looks at the pictures.
func TestPagePictures(t *testing.T) {
	ctx := browser.Start(t)
	s := start(t, local)
	browser.Run(t, ctx, "the page connects", size(1280, 800, 1), chromedp.Navigate(s.url("/console/")), live())
	ada, ben := s.connect("ada", "presence-checkout", "orders", "cache-prices"), s.connect("ben", "presence-checkout", "private-stock")
	s.connect("cleo", "orders")
	for i := range 12 {
		s.publish("price", fmt.Sprintf(`{"item":"lamp","cents":%d}`, 1990+10*i), "cache-prices")
		s.publish("created", fmt.Sprintf(`{"id":%d,"total":%d.50,"items":[{"sku":"TH-%d","count":2}]}`, 4100+i, 20+i, 10*i), "orders")
		if err := ada.Channel("presence-checkout").Trigger("client-typing", `{"field":"address"}`); err != nil {
			t.Fatal(err)
		}
		if i%4 == 0 {
			_ = ben.Channel("private-stock").Trigger("client-count", fmt.Sprintf(`{"sku":"TH-%d","left":%d}`, i, 40-i))
		}
		browser.Run(t, ctx, "a moment for the charts", browser.Until(rows(fmt.Sprintf(`"id":%d`, 4100+i))+` === 1`))
	}
	s.refused()
	browser.Run(t, ctx, "an error", browser.Until(`document.querySelector('[data-testid="row"][data-kind="error"]') !== null`))
	browser.Run(t, ctx, "charts", browser.Until(`document.querySelector("#charts .line").getAttribute("d").split("L").length > 12`))
	browser.Run(t, ctx, "one open", do(`[...document.querySelectorAll('[data-testid="row"]')].find((row) => row.textContent.includes("created")).click()`))
	for _, theme := range []string{"light", "dark"} {
		for _, screen := range []struct {
			name          string
			width, height int64
			scale         float64
		}{{"desktop", 1280, 800, 1}, {"phone", 390, 844, 2}, {"small-phone", 320, 640, 2}} {
			browser.Run(t, ctx, "theme", do(`document.documentElement.dataset.theme = "`+theme+`"`), size(screen.width, screen.height, screen.scale), do("scrollTo(0, 0)"))
			for tab, there := range map[string]string{
				"events": `true`, "channels": `document.querySelectorAll("#channel-rows tr").length >= 4`,
				"connections": `document.querySelectorAll("#connection-rows tr").length === 3`, "publish": `true`,
			} {
				if tab == "publish" && screen.name == "desktop" {
					continue // beside the others
				}
				browser.Run(t, ctx, tab, browser.Click("tab-"+tab), browser.Until(there))
				name := fmt.Sprintf("console-%s-%s-%s.png", screen.name, theme, tab)
				browser.Artefact(t, name, browser.Look(t, ctx, chromedp.CaptureScreenshot()))
			}
			wide := browser.Look(t, ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
			if wide > int(screen.width) {
				t.Errorf("%s: the page is %d pixels wide", screen.name, wide)
			}
			if hidden := browser.Look(t, ctx, chromedp.Evaluate[int](`document.querySelector(".tabs").scrollWidth - document.querySelector(".tabs").clientWidth`)); hidden > 0 {
				t.Errorf("%s: %d pixels of the tabs are out of sight", screen.name, hidden)
			}
			browser.Run(t, ctx, "back", browser.Click("tab-events"))
		}
	}
}

// size gives the page a screen.
func size(width, height int64, scale float64) chromedp.Action[chromedp.Void] {
	options := []chromedp.EmulateViewportOption{chromedp.EmulateScale(scale)}
	if width < 700 {
		options = append(options, chromedp.EmulateMobile)
	}
	return chromedp.EmulateViewport(width, height, options...)
}
