package thimble_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
)

// TestTorture uses every method from many goroutines and from handlers, while
// the network cuts the connection at random, handlers are slow and tokens come
// late or not at all. When the dust has settled, what each user asked for last
// is what the server has; and at no time has an event come twice, out of
// order, or on a channel behind the return of Unsubscribe.
func TestTorture(t *testing.T) {
	t.Parallel()
	for name, drive := range map[string]func(testing.TB, *thimble.Client){"Run": again, "Poll": loop} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := time.Now().UnixNano()
			defer func() {
				if t.Failed() {
					t.Logf("the seed is %d", seed)
				}
			}()
			torture(t, seed, drive)
		})
	}
}

// again runs Run anew whenever it returns, until the test ends.
func again(t testing.TB, client *thimble.Client) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := client.Run(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("Run returns %v", err)
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		waitFor(t, "Run to return", done)
	})
}

const (
	tortureOwners = 4    // goroutines with channels of their own
	tortureSteps  = 2000 // of each goroutine
)

// owned is a channel of which one goroutine alone decides.
type owned struct {
	*thimble.Channel
	wanted bool         // the owner's
	off    atomic.Bool  // Unsubscribe has returned
	late   atomic.Int32 // events since then
}

func (o *owned) subscribe() {
	o.off.Store(false)
	o.wanted = true
	o.Subscribe()
}

func (o *owned) unsubscribe() {
	o.wanted = false
	o.Unsubscribe()
	o.late.Store(0)
	o.off.Store(true)
}

func torture(t *testing.T, seed int64, drive func(testing.TB, *thimble.Client)) {
	random := func(n int64) *rand.Rand { return rand.New(rand.NewSource(seed + n)) }
	var calm atomic.Bool
	forecasts := random(1) // by the proxy's goroutine alone
	s := newService(t, manner{d: dialects[0], then: func(l *line, event, channel string) {
		switch event {
		case "pusher:subscribe", "client-x":
			if !l.has(channel) {
				t.Errorf("server: %s on %s, which is not subscribed", event, channel)
			}
			l.publish(channel)
		case "pusher:unsubscribe":
			l.publish(channel) // it was on its way
		}
	}})
	p := newProxy(t, s.host(), func(int) weather {
		w := weather{up: way{chop: forecasts.Intn(40)}, down: way{chop: forecasts.Intn(200)}}
		if forecasts.Intn(4) == 0 && !calm.Load() {
			w.up.after, w.up.then = forecasts.Intn(3000), ending(1+forecasts.Intn(2))
		}
		return w
	})
	cfg := s.eager()
	cfg.Host = p.host()
	cfg.EventRate = -1
	cfg.MemberChanges = true
	cfg.Authorizer = thimble.AuthorizerFunc(func(ctx context.Context, req thimble.AuthRequest) (thimble.Token, error) {
		switch rand.Intn(5) {
		case 0:
			return thimble.Token{}, errors.New("busy")
		case 1:
			select {
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
			}
		case 2:
			time.Sleep(3 * time.Millisecond) // whatever has become of the connection
		}
		return thimble.Token{Auth: "key:" + req.SocketID, ChannelData: `{"user_id":"me"}`}, nil
	})
	client := newClient(t, cfg)
	newWitness(t, client)

	// Those who have a channel to themselves: its state is theirs in the end.
	kinds := []string{"", "private-", "presence-"}
	var all []*owned
	for g := range tortureOwners {
		for _, kind := range kinds {
			o := &owned{Channel: client.Channel(fmt.Sprintf("%sown-%d", kind, g))}
			o.Bind("e", func(thimble.Event) {
				// One may be under way while Unsubscribe returns.
				if o.off.Load() && o.late.Add(1) > 1 {
					t.Errorf("events of %s come behind its unsubscription", o.Name())
				}
			})
			all = append(all, o)
		}
	}
	var users sync.WaitGroup
	for g := range tortureOwners {
		r := random(100 + int64(g))
		users.Add(1)
		go func() {
			defer users.Done()
			for range tortureSteps {
				o := all[g*len(kinds)+r.Intn(len(kinds))]
				switch r.Intn(3) {
				case 0:
					o.unsubscribe()
				default:
					o.subscribe()
				}
				_ = o.Trigger("client-x", `{"n":1}`)
				if r.Intn(4) == 0 {
					time.Sleep(time.Duration(r.Intn(2000)) * time.Microsecond)
				}
			}
		}()
	}

	// Those who do everything with channels that they share, from goroutines
	// and from handlers.
	handling := random(2) // by the driver's goroutine alone
	var noise []*thimble.Channel
	for _, kind := range kinds {
		ch := client.Channel(kind + "noise")
		ch.Bind("e", func(e thimble.Event) {
			if handling.Intn(8) == 0 {
				time.Sleep(time.Duration(handling.Intn(1000)) * time.Microsecond)
			}
			anything(client, ch, handling)
		})
		noise = append(noise, ch)
	}
	for g := range 4 {
		r := random(200 + int64(g))
		users.Add(1)
		go func() {
			defer users.Done()
			for range tortureSteps {
				anything(client, noise[r.Intn(len(noise))], r)
				if r.Intn(4) == 0 {
					time.Sleep(time.Duration(r.Intn(2000)) * time.Microsecond)
				}
			}
		}()
	}

	// The network and the server, until the users have had enough.
	enough := make(chan struct{})
	var trouble sync.WaitGroup
	trouble.Add(2)
	go func() {
		defer trouble.Done()
		for r := random(3); ; {
			select {
			case <-enough:
				return
			case <-time.After(time.Duration(r.Intn(4000)) * time.Microsecond):
			}
			switch r.Intn(4) {
			case 0:
				p.cut(fin)
			case 1:
				p.cut(reset)
			case 2:
				s.last(func(l *line) { l.raw(websocket.AppendClose(nil, 4200, "restart", nil)) })
			}
		}
	}()
	go func() {
		defer trouble.Done()
		for {
			select {
			case <-enough:
				return
			case <-time.After(100 * time.Microsecond):
			}
			s.last(func(l *line) {
				subs, _ := s.subscribed()
				for name := range subs {
					l.publish(name)
				}
			})
		}
	}()

	drive(t, client)
	users.Wait()
	close(enough)
	trouble.Wait()
	calm.Store(true)
	for _, ch := range noise {
		ch.Bind(thimble.EventSubscribed, func(thimble.Event) { ch.Unsubscribe() })
	}
	for _, ch := range noise {
		ch.Unsubscribe()
	}
	client.Connect()
	want := make(map[string]bool)
	for _, o := range all {
		if o.wanted {
			want[o.Name()] = true
		}
	}
	s.settles(want)
	s.next(func() { p.cut(reset) }) // of a forecast from before, if it was one
	s.settles(want)
	for _, o := range all {
		got := events(o.Bind, "the end")
		s.last(func(l *line) { l.event("the end", o.Name(), "") })
		if o.wanted {
			waitFor(t, "an event on "+o.Name(), got)
			if !o.Subscribed() || o.Err() != nil {
				t.Errorf("%s: subscribed %v, %v", o.Name(), o.Subscribed(), o.Err())
			}
		} else if len(got) > 0 || o.Subscribed() {
			t.Errorf("%s is not wanted", o.Name())
		}
	}
	t.Logf("%d cuts", p.cuts.Load())
}

// anything does something with a client, whatever it is.
func anything(client *thimble.Client, ch *thimble.Channel, r *rand.Rand) {
	switch r.Intn(16) {
	case 0, 1, 2, 3:
		ch.Subscribe()
	case 4, 5:
		ch.Unsubscribe()
	case 6:
		b := ch.Bind("e", func(thimble.Event) {})
		b.Unbind()
		b.Unbind()
	case 7:
		b := client.BindAll(func(thimble.Event) {})
		_ = client.Subscribe(ch.Name()).Subscribed()
		b.Unbind()
	case 8, 9:
		_ = ch.Trigger("client-x", "{}")
	case 10:
		_, _, _ = ch.Members(), ch.MemberCount(), ch.Me()
		_, _ = ch.Member("me")
		_, _ = ch.MemberChanges()
	case 11:
		_, _, _ = client.State(), client.SocketID(), ch.Err()
	case 12:
		_ = client.Channel("private-never")
		client.OnError(nothing)
	case 13:
		client.Probe()
	case 14:
		if r.Intn(10) == 0 {
			client.Disconnect()
			client.Connect()
		}
	case 15:
		client.Connect()
	}
}

func nothing(error) {}
