package broker_test

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/server/broker"
)

const target = "/app/" + appKey + "?protocol=7"

// TestWhoIsWelcome has each rule of an application that refuses connections.
func TestWhoIsWelcome(t *testing.T) {
	t.Parallel()
	proxied := broker.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	tests := []struct {
		name   string
		config broker.Config
		app    broker.App
		fields string // in the head of the request
		code   int    // 0: welcome
	}{
		{"disabled", broker.Config{}, broker.App{Disabled: true}, "", 4003},
		{"TLS only", broker.Config{}, broker.App{TLSOnly: true}, "", 4000},
		{"TLS only, as anybody may say", broker.Config{}, broker.App{TLSOnly: true}, "X-Forwarded-Proto: https", 4000},
		{"TLS only, as the proxy says", proxied, broker.App{TLSOnly: true}, "X-Forwarded-Proto: https", 0},
		{"TLS only, as the proxy denies", proxied, broker.App{TLSOnly: true}, "X-Forwarded-Proto: http", 4000},
		{"any origin", broker.Config{}, broker.App{}, "Origin: https://evil.example", 0},
		{"an origin", broker.Config{}, broker.App{Origins: []string{"https://a.example"}}, "Origin: https://a.example", 0},
		{"in capitals", broker.Config{}, broker.App{Origins: []string{"https://a.example"}}, "Origin: https://A.example", 0},
		{"another scheme", broker.Config{}, broker.App{Origins: []string{"https://a.example"}}, "Origin: http://a.example", 4009},
		{"another port", broker.Config{}, broker.App{Origins: []string{"https://a.example"}}, "Origin: https://a.example:8443", 4009},
		{"another host", broker.Config{}, broker.App{Origins: []string{"https://a.example"}}, "Origin: https://a.example.evil.example", 4009},
		{"the second one", broker.Config{}, broker.App{Origins: []string{"https://a.example", "http://b.example:3000"}}, "Origin: http://b.example:3000", 0},
		{"a host", broker.Config{}, broker.App{Origins: []string{"a.example"}}, "Origin: http://a.example:3000", 0},
		{"not a host below it", broker.Config{}, broker.App{Origins: []string{"a.example"}}, "Origin: http://b.a.example", 4009},
		{"a host below", broker.Config{}, broker.App{Origins: []string{"*.a.example"}}, "Origin: http://b.a.example", 0},
		{"not the host itself", broker.Config{}, broker.App{Origins: []string{"*.a.example"}}, "Origin: http://a.example", 4009},
		{"a host that only ends so", broker.Config{}, broker.App{Origins: []string{"*.a.example"}}, "Origin: http://evila.example", 4009},
		{"a page without an origin", broker.Config{}, broker.App{Origins: []string{"a.example"}}, "Origin: null", 4009},
		{"no page", broker.Config{}, broker.App{Origins: []string{"a.example"}}, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.app.ID, tt.app.Key, tt.app.Secret = appID, appKey, appSecret
			tt.config.Apps = []broker.App{tt.app}
			_, address := serve(t, tt.config)
			var fields []string
			if tt.fields != "" {
				fields = []string{tt.fields}
			}
			c := dialWith(t, address, target, fields...)
			if tt.code == 0 {
				c.welcome()
				return
			}
			c.send(`{"event":"pusher:subscribe","data":{"channel":"room"}}`) // does not count
			c.refused(tt.code)
		})
	}
}

// TestQuota has an application, and an address, with as many connections as
// they may have.
func TestQuota(t *testing.T) {
	t.Parallel()
	app := oneApp()[0]
	app.MaxConnections = 2
	other := broker.App{ID: "2", Key: "key-2", Secret: "secret-2"}
	b, address := serve(t, broker.Config{Apps: []broker.App{app, other}})
	one, _ := connect(t, address), connect(t, address)
	dial(t, address, target).refused(4004)
	dial(t, address, "/app/key-2?protocol=7").welcome()
	one.conn.Close()
	eventually(t, "connection gone", func() bool { return b.Stats().Connections == 2 })
	connect(t, address)
}

func TestConnectionsPerAddress(t *testing.T) {
	t.Parallel()
	b, address := serve(t, broker.Config{
		Apps:                oneApp(),
		MaxConnectionsPerIP: 1,
		TrustedProxies:      []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8")},
	})
	from := func(forwarded string) *raw {
		return dialWith(t, address, target, "X-Forwarded-For: "+forwarded)
	}
	one := from("192.0.2.1")
	one.welcome()
	from("192.0.2.1").refused(4100)
	from("192.0.2.2").welcome()
	from("203.0.113.9, 192.0.2.1").refused(4100)         // what stands in front is hearsay
	from("192.0.2.1, 10.0.0.7").refused(4100)            // the last one is a proxy too
	from("192.0.2.9, 192.0.2.1, 10.0.0.7").refused(4100) // so is this one
	from("2001:db8::1").welcome()                        // one network,
	from("2001:db8::ffff:2").refused(4100)               // one host
	from("2001:db8:0:1::1").welcome()                    // another network
	connect(t, address)                                  // of the proxy itself
	from("what").refused(4100)                           // no address: the proxy's own counts
	one.conn.Close()
	eventually(t, "connection gone", func() bool { return b.Stats().Connections == 4 })
	from("192.0.2.1").welcome()
}

// TestKeysAreRotated replaces a key in three steps; at each of them those that
// should work do.
func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	old, fresh := broker.Key{Key: appKey, Secret: appSecret}, broker.Key{Key: "key-2", Secret: "secret-2"}
	b, address := serve(t, broker.Config{})
	c := connect(t, address)
	c.subscribe("room")
	works := func(k broker.Key, want bool) {
		t.Helper()
		q := request{method: "POST", path: "/apps/1/events", body: `{"name":"x","channel":"room","data":"1"}`, key: k.Key, secret: k.Secret}
		status, body := q.do(t, address)
		if (status == 200) != want || !want && status != 401 {
			t.Fatalf("%s: got %d: %s", k.Key, status, body)
		}
		if want {
			c.expect(`{"event":"x","channel":"room","data":"1"}`)
			dial(t, address, "/app/"+k.Key+"?protocol=7").welcome()
			return
		}
		dial(t, address, "/app/"+k.Key+"?protocol=7").refused(4001)
	}
	joins := func(k broker.Key, channel string, want bool) {
		t.Helper()
		c.send(`{"event":"pusher:subscribe","data":{"channel":"` + channel + `","auth":"` + k.Key + ":" + hmacHex(k.Secret, c.socketID+":"+channel) + `"}}`)
		if text := c.text(); strings.Contains(text, "subscription_succeeded") != want {
			t.Fatalf("%s: got %s", k.Key, text)
		}
	}
	reload := func(keys ...broker.Key) {
		t.Helper()
		app := broker.App{ID: appID, Key: keys[0].Key, Secret: keys[0].Secret, MoreKeys: keys[1:]}
		if err := b.Reload([]broker.App{app}); err != nil {
			t.Fatal(err)
		}
	}
	works(old, true)
	works(fresh, false)
	reload(old, fresh)
	works(old, true)
	works(fresh, true)
	joins(old, "private-1", true)
	joins(fresh, "private-2", true)
	reload(fresh)
	works(old, false)
	works(fresh, true)
	joins(old, "private-3", false)
	joins(fresh, "private-4", true)
}

// TestReload adds, changes and takes away applications while they are in use.
func TestReload(t *testing.T) {
	t.Parallel()
	one, two, three := oneApp()[0], broker.App{ID: "2", Key: "key-2", Secret: "s"}, broker.App{ID: "3", Key: "key-3", Secret: "s"}
	b, address := serve(t, broker.Config{Apps: []broker.App{one, two}})
	stays := connect(t, address)
	stays.authorized("private-room", "")
	goes := dial(t, address, "/app/key-2?protocol=7")
	goes.welcome()
	dial(t, address, "/app/key-3?protocol=7").refused(4001)

	one.ClientEvents, one.MaxEventData = false, 20_000
	if err := b.Reload([]broker.App{one, three}); err != nil {
		t.Fatal(err)
	}
	goes.closes(4001)
	dial(t, address, "/app/key-3?protocol=7").welcome()
	stays.send(`{"event":"client-x","channel":"private-room","data":{}}`)
	stays.expect(`{"event":"pusher:error","channel":"private-room","data":{"code":4301,"message":"Client events are not enabled for this app: enable them on the server (ClientEvents, --client-events)"}}`)
	body := `{"name":"x","channel":"private-room","data":"` + strings.Repeat("x", 15_000) + `"}`
	if status, text := (request{method: "POST", path: "/apps/1/events", body: body}).do(t, address); status != 200 {
		t.Fatalf("got %d: %s", status, text)
	}
	if text := stays.text(); len(text) < 15_000 {
		t.Fatalf("got %s", text)
	}

	for _, bad := range [][]broker.App{nil, {one, one}, {{ID: "1"}}} {
		if err := b.Reload(bad); !errors.Is(err, broker.ErrConfig) {
			t.Errorf("got %v", err)
		}
	}
	stays.alive() // nothing has changed

	one.Disabled = true
	if err := b.Reload([]broker.App{one}); err != nil {
		t.Fatal(err)
	}
	stays.closes(4003)
	dial(t, address, target).refused(4003)
	if status, text := (request{method: "POST", path: "/apps/1/events", body: "{}"}).do(t, address); status != 403 || !strings.Contains(text, "disabled") {
		t.Errorf("got %d: %s", status, text)
	}
}

// TestReloadRaisesTheSizes has the data of events grow while clients are
// connected: what the HTTP API takes, clients can send as well.
func TestReloadRaisesTheSizes(t *testing.T) {
	t.Parallel()
	app := oneApp()[0]
	b, address := serve(t, broker.Config{Apps: []broker.App{app}})
	early := connect(t, address)
	early.authorized("private-room", "")
	app.MaxEventData = 200_000
	if err := b.Reload([]broker.App{app}); err != nil {
		t.Fatal(err)
	}
	late := connect(t, address)
	late.authorized("private-room", "")
	event := `{"event":"client-x","channel":"private-room","data":"` + strings.Repeat("x", 100_000) + `"}`
	for _, way := range []struct{ from, to *raw }{{early, late}, {late, early}} {
		way.from.send(event)
		way.to.expect(event)
		way.from.alive()
	}

	// Smaller ones count for those who come: who is here has been promised more.
	app.MaxEventData = 0
	if err := b.Reload([]broker.App{app}); err != nil {
		t.Fatal(err)
	}
	late.send(event)
	if text := late.text(); !strings.Contains(text, `"code":4301`) {
		t.Fatalf("got %.200s", text)
	}
	last := connect(t, address)
	last.authorized("private-room", "")
	last.send(event)
	last.closes(1009)
}

// TestRequestRate makes more requests than an application may.
func TestRequestRate(t *testing.T) {
	t.Parallel()
	app := oneApp()[0]
	app.RequestRate = 1
	_, address := serve(t, broker.Config{Apps: []broker.App{app}})
	// A bad signature costs nothing: anybody can make one.
	for range 5 {
		if status, _ := (request{method: "GET", path: "/apps/1/channels", secret: "wrong"}).do(t, address); status != 401 {
			t.Fatalf("got %d", status)
		}
	}
	retry := ""
	for range 100 {
		q := request{method: "GET", path: "/apps/1/channels", answered: func(h http.Header) { retry = h.Get("Retry-After") }}
		if status, text := q.do(t, address); status == 429 {
			if retry != "1" || !strings.Contains(text, "1 in a second") {
				t.Errorf("Retry-After: %s, %s", retry, text)
			}
			return
		}
	}
	t.Error("a hundred requests were taken")
}

// TestLimitsOfAnApp has those that are not the service's.
func TestLimitsOfAnApp(t *testing.T) {
	t.Parallel()
	app := oneApp()[0]
	app.MaxMembers, app.MaxSubscriptions, app.ClientEventRate = 1, 2, 2
	_, address := serve(t, broker.Config{Apps: []broker.App{app}})
	a, b := connect(t, address), connect(t, address)
	a.authorized("presence-room", `{"user_id":"1"}`)
	b.send(`{"event":"pusher:subscribe","data":{"channel":"presence-room","channel_data":"{\"user_id\":\"2\"}","auth":"` + appKey + ":" + hmacHex(appSecret, b.socketID+`:presence-room:{"user_id":"2"}`) + `"}}`)
	b.expect(`{"event":"pusher:subscription_error","channel":"presence-room","data":{"type":"LimitReached","error":"The presence channel is full: it has 1 members","status":4100}}`)
	a.subscribe("room")
	a.send(`{"event":"pusher:subscribe","data":{"channel":"other"}}`)
	a.expect(`{"event":"pusher:subscription_error","channel":"other","data":{"type":"LimitReached","error":"Too many subscriptions: a connection may have 2, unsubscribe from some first","status":4100}}`)
	for range 2 {
		a.send(`{"event":"client-x","channel":"presence-room","data":{}}`)
	}
	a.send(`{"event":"client-x","channel":"presence-room","data":{}}`)
	a.expect(`{"event":"pusher:error","channel":"presence-room","data":{"code":4301,"message":"Client event rate limit exceeded: 2 per second"}}`)
}
