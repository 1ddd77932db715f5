package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/internal/console"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// Console says who may open the page at /console, which shows what the Broker
// does and publishes events. The zero Console is none.
type Console struct {
	// Password is what the page asks for: at least 8 bytes. Everything that the
	// page shows and does is open to who has it.
	Password string

	// Local opens the page without a password, to whoever comes over a loopback
	// connection, by a name of this machine and through no proxy. It is for
	// development. With a Password it means nothing.
	Local bool
}

// String hides the password.
func (c Console) String() string {
	return fmt.Sprintf("broker.Console{Password:%t Local:%t}", c.Password != "", c.Local)
}

// GoString is for the verb %#v, which would show the password otherwise.
func (c Console) GoString() string { return c.String() }

// LogValue keeps the password out of structured logs.
func (c Console) LogValue() slog.Value { return slog.StringValue(c.String()) }

func (c Console) validate() error {
	if n := len(c.Password); n > 0 && n < console.MinPassword {
		return fmt.Errorf("%w: Console.Password has %d bytes; use at least %d, best many more", ErrConfig, n, console.MinPassword)
	}
	return nil
}

// newConsole returns the page, or nil if there is none.
func (b *Broker) newConsole() *console.Console {
	c := b.config.Console
	if c.Password == "" && !c.Local {
		return nil
	}
	v := &view{broker: b}
	v.page = console.New(console.Config{
		Password: c.Password,
		Local:    c.Local,
		Client:   func(r *http.Request) string { return b.proxies.client(openingOf(r)) },
		Secure:   func(r *http.Request) bool { return b.proxies.secure(openingOf(r)) },
		Logger:   b.log,
	}, v)
	return v.page
}

// view is the Broker as its console sees it.
type view struct {
	broker *Broker
	page   *console.Console
	detach func() // while the console observes

	mu      sync.Mutex
	remotes map[*connection]string // while somebody searches, see addresses
}

// shownKinds are what a console is told of; didCount would be said twice.
var shownKinds = map[deed]console.Kind{
	didOpen:         console.Connected,
	didClose:        console.Disconnected,
	didSubscribe:    console.Subscribed,
	didUnsubscribe:  console.Unsubscribed,
	didOccupy:       console.Occupied,
	didVacate:       console.Vacated,
	didAddMember:    console.MemberAdded,
	didRemoveMember: console.MemberRemoved,
	didClientEvent:  console.ClientMessage,
	didPublish:      console.APIMessage,
	didMissCache:    console.CacheMiss,
	didError:        console.Failure,
}

// Observe implements console.Broker.
func (v *view) Observe(on bool) {
	if !on {
		v.detach()
		v.forget()
		return
	}
	var all deed
	for did := range shownKinds {
		all |= did
	}
	v.detach = v.broker.observers.attach(all, v.observe)
}

func (v *view) observe(o occurrence) {
	e := console.Event{
		Kind: shownKinds[o.did], App: o.app.id,
		SocketID: o.socketID, Channel: o.channel, Name: o.event, UserID: o.userID, Data: o.data,
	}
	if o.did == didError {
		e.Data = o.text
		if o.limit {
			e.Kind = console.LimitHit
		}
		if o.code != 0 {
			e.Name = fmt.Sprint(o.code)
		}
	}
	v.page.Tell(&e)
}

// Apps implements console.Broker.
func (v *view) Apps() []console.App {
	var list []console.App
	for _, a := range v.broker.apps.Load().byID {
		c := a.conf()
		list = append(list, console.App{ID: a.id, Key: c.Key, Disabled: c.Disabled, MaxData: c.MaxEventData})
	}
	slices.SortFunc(list, func(x, y console.App) int { return strings.Compare(x.ID, y.ID) })
	return list
}

// Publish implements console.Broker.
func (v *view) Publish(id string, p console.Publication) (subscribers int, err error) {
	a := v.broker.apps.Load().byID[id]
	if a == nil {
		return 0, errors.New("there is no such app any more")
	}
	if p.Client {
		return v.emit(a, p)
	}
	event := Event{Name: p.Event, Channels: p.Channels, Data: p.Data}
	for _, name := range p.Channels {
		if ch := a.hub.find(name); ch != nil {
			connections, _ := ch.count()
			subscribers += connections
		}
	}
	return subscribers, v.broker.Publish(context.Background(), id, event)
}

// emit sends an event as a client would. It has no sender, so those on a
// presence channel are told no user id: nobody vouches for one here.
func (v *view) emit(a *app, p console.Publication) (subscribers int, err error) {
	event := Event{Name: p.Event, Channels: p.Channels, Data: p.Data}
	switch {
	case !wire.IsClientEvent(p.Event):
		return 0, errors.New("the name of a client event begins with client-")
	case len(p.Channels) != 1:
		return 0, errors.New("a client event goes to one channel")
	case !wire.KindOf(p.Channels[0]).ClientEvents():
		return 0, errors.New("client events are for private and presence channels")
	}
	if err := a.check(&event); err != nil {
		return 0, err
	}
	ch := a.hub.find(p.Channels[0])
	if ch == nil {
		return 0, nil
	}
	frame := peer.ClientEventFrame(p.Event, ch.name, p.Data)
	ch.mu.Lock()
	ch.send(frame, "")
	subscribers = len(ch.seats)
	ch.mu.Unlock()
	v.page.Tell(&console.Event{
		Kind: console.ClientMessage, App: a.id, SocketID: console.ByConsole,
		Channel: ch.name, Name: p.Event, Data: p.Data,
	})
	return subscribers, nil
}
