package broker

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/server/internal/peer"
	"github.com/thimble-go/thimble/server/internal/webhook"
)

// app is one application at work. Its configuration may be replaced while it
// is.
type app struct {
	id       string
	broker   *Broker
	config   atomic.Pointer[App] // with a default in place of each zero
	settings *peer.Live
	requests *rate.Limiter
	refusals *seldom // of requests, in the log
	counters *counters
	hub      *hub
	users    users
	replays  replays
	webhooks atomic.Pointer[webhook.Source] // nil without any

	connections int // guarded by broker.mu
}

func (b *Broker) newApp(a App) *app {
	counted, _ := b.tally.LoadOrStore(a.ID, new(counters))
	one := &app{id: a.ID, broker: b, settings: new(peer.Live), requests: rate.NewLimiter(rate.Inf, 1), refusals: newSeldom(refusedLogged), counters: counted.(*counters)}
	one.hub = newHub(one)
	one.configure(a)
	return one
}

// configure makes a configuration count from now on.
func (a *app) configure(c App) {
	a.config.Store(&c)
	a.settings.Set(a.broker.settings(c))
	a.hub.configure(c)
	if c.RequestRate == 0 {
		a.requests.SetLimit(rate.Inf)
		return
	}
	a.requests.SetLimit(rate.Limit(c.RequestRate))
	a.requests.SetBurst(c.RequestRate)
}

// conf returns the configuration.
func (a *app) conf() *App { return a.config.Load() }

// secret is for the verification of requests.
func (a *app) secret(key string) (string, bool) {
	for _, k := range a.conf().keys() {
		if k.Key == key {
			return k.Secret, true
		}
	}
	return a.conf().Secret, false
}

// watched is a user without the watchlist, if the application has none.
func (a *app) watched(user *peer.User) *peer.User {
	if !a.conf().Watchlists {
		user.Watchlist = nil
	}
	return user
}

// allow lets a request of the HTTP API pass, or says that it comes too early.
func (a *app) allow() error {
	wait := a.requests.Reserve()
	delay := wait.Delay()
	if delay == 0 {
		return nil
	}
	wait.Cancel()
	a.limit(limitRequestRate)
	return &statusError{
		status: http.StatusTooManyRequests,
		text:   "Too many requests: this app may make " + strconv.Itoa(a.conf().RequestRate) + " in a second",
		retry:  int(math.Ceil(delay.Seconds())),
	}
}

// refuse says why a connection from a page of this origin, if it is one, is not
// taken.
func (a *app) refuse(origin string, secure bool) *peer.Refusal {
	c := a.conf()
	switch {
	case c.Disabled:
		return peer.RefuseDisabled
	case c.TLSOnly && !secure:
		return peer.RefuseTLS
	case origin != "" && len(c.Origins) > 0 && !slices.ContainsFunc(c.Origins, func(allowed string) bool { return sameOrigin(allowed, origin) }):
		return peer.RefuseOrigin
	}
	return nil
}

// settings are what the connections of an application have in common.
func (b *Broker) settings(app App) peer.Settings {
	c := &b.config
	s := peer.Settings{
		ClientEvents:     app.ClientEvents,
		ClientEventRate:  app.ClientEventRate,
		MaxEventData:     app.MaxEventData,
		MaxSubscriptions: app.MaxSubscriptions,
		MaxMessage:       int(b.maxMessage.Load()),
		ActivityTimeout:  c.ActivityTimeout,
		PongTimeout:      c.PongTimeout,
		AuthorizeWithin:  app.AuthorizeWithin,
	}
	for _, k := range app.keys() {
		s.Signers = append(s.Signers, channelauth.Signer{Key: k.Key, Secret: k.Secret})
	}
	return s
}

// directory finds applications. It is replaced as a whole.
type directory struct {
	byID  map[string]*app
	byKey map[string]*app
}

// Reload replaces the applications: those whose ID stays keep their connections
// and channels, and what has changed counts from now on. Connections of those
// that are gone are closed with 4001, and of those that are disabled with 4003.
// What Config says besides stays as it is, and so do MaxMessage and QueueBytes
// unless they are zero: then they follow the largest MaxEventData of these Apps,
// for connections that are open too, whose messages may become larger and not
// smaller. Its errors wrap [ErrConfig]; then nothing has changed.
func (b *Broker) Reload(apps []App) error {
	config := b.config
	config.Apps = apps
	if err := config.validate(); err != nil {
		return err
	}
	b.reloading.Lock()
	defer b.reloading.Unlock()
	if err := b.openWebhooks(apps); err != nil {
		return err
	}
	apps = config.withDefaults().Apps
	b.size(apps)
	old := b.apps.Load()
	next := &directory{byID: make(map[string]*app), byKey: make(map[string]*app)}
	var disabled []*app
	for _, a := range apps {
		one := old.byID[a.ID]
		if one == nil {
			one = b.newApp(a)
		} else {
			one.configure(a)
		}
		if a.Disabled {
			disabled = append(disabled, one)
		}
		next.add(one)
	}
	if q := b.webhooks.Load(); q != nil {
		q.Configure(hooked(apps))
	}
	b.watchForWebhooks(next)
	b.apps.Store(next)
	// Those that came in by the old directory in this moment are in b.connections
	// before they look at the new one; see enter.
	for _, one := range disabled {
		b.evict(one, peer.RefuseDisabled)
	}
	for id, one := range old.byID {
		if next.byID[id] == nil {
			b.evict(one, peer.RefuseUnknown)
		}
	}
	return nil
}

func (d *directory) add(a *app) {
	d.byID[a.id] = a
	for _, k := range a.conf().keys() {
		d.byKey[k.Key] = a
	}
}

// evict closes the connections of an application.
func (b *Broker) evict(a *app, why *peer.Refusal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.connections {
		if c.client.app == a {
			c.close(why)
		}
	}
}

// expelled says why a connection that has just come in must go again.
func (a *app) expelled() *peer.Refusal {
	switch now := a.broker.apps.Load().byID[a.id]; {
	case a == a.broker.strangers:
		return nil
	case now != a:
		return peer.RefuseUnknown
	case a.conf().Disabled:
		return peer.RefuseDisabled
	}
	return nil
}
