package endtoend_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/server/broker"
)

var rooms = []string{"news", "private-news", "presence-news"}

// A client is killed and started again a hundred times. Each time all of its
// subscriptions are there, and whoever stayed saw each coming and going.
func TestClientKilledAHundredTimes(t *testing.T) {
	t.Parallel()
	v := open(t, "127.0.0.1:0")
	defer v.close(t)
	const times = 100

	seen := newTally()
	witness := invite(t, v.address, "witness", func(c *thimble.Client) {
		room := c.Subscribe("presence-news")
		room.Bind(thimble.EventSubscribed, func(thimble.Event) { seen.add("witness") })
		room.Bind(thimble.EventMemberAdded, func(e thimble.Event) { seen.add("came " + e.Member.ID) })
		room.Bind(thimble.EventMemberRemoved, func(e thimble.Event) { seen.add("went " + e.Member.ID) })
	})
	defer witness.leave()
	seen.await(t, "witness", 1)

	for i := 1; i <= times; i++ {
		g := invite(t, v.address, "mortal", func(c *thimble.Client) {
			for _, name := range rooms {
				room := c.Subscribe(name)
				room.Bind(thimble.EventSubscribed, func(thimble.Event) { seen.add("subscribed") })
				room.Bind(thimble.EventSubscriptionError, func(e thimble.Event) { t.Error(e.Err) })
				room.Bind("round", func(e thimble.Event) { seen.add("heard " + e.Text()) })
			}
		})
		seen.await(t, "subscribed", i*len(rooms))
		round := fmt.Sprint(i)
		if err := v.Publish(context.Background(), appID, broker.Event{Name: "round", Channels: rooms, Data: round}); err != nil {
			t.Fatal(err)
		}
		seen.await(t, "heard "+round, len(rooms))
		g.kill()
		seen.await(t, "went mortal", i)
	}
	for what, want := range map[string]int{"subscribed": times * len(rooms), "came mortal": times, "went mortal": times, "heard 1": len(rooms), "heard 100": len(rooms)} {
		if got := seen.count(what); got != want {
			t.Errorf("%s: %d times, want %d", what, got, want)
		}
	}
	if n := v.Stats().Connections; n != 1 {
		t.Errorf("the broker counts %d connections, want the witness alone", n)
	}
	t.Logf("killed %d times, %d subscriptions confirmed, none lost", times, times*len(rooms))
}

// A broker restarts under fifty clients, in order and by dying. All
// subscriptions come back by themselves.
func TestBrokerRestartsUnderFiftyClients(t *testing.T) {
	t.Parallel()
	const clients = 50
	v := open(t, "127.0.0.1:0")
	address := v.address

	seen := newTally()
	for i := range clients {
		g := invite(t, address, fmt.Sprint("user-", i), func(c *thimble.Client) {
			for _, name := range rooms {
				room := c.Subscribe(name)
				room.Bind(thimble.EventSubscribed, func(thimble.Event) { seen.add("subscribed") })
				room.Bind(thimble.EventSubscriptionError, func(e thimble.Event) { t.Error(e.Err) })
				room.Bind("after", func(e thimble.Event) { seen.add(e.Channel + " " + e.Text()) })
			}
		})
		defer g.leave()
	}
	subscriptions := clients * len(rooms)
	seen.await(t, "subscribed", subscriptions)

	const restarts = 4
	for i := 1; i <= restarts; i++ {
		if i%2 == 0 {
			v.die(t)
		} else {
			v.close(t)
		}
		v = open(t, address)
		seen.await(t, "subscribed", (i+1)*subscriptions)
		if n := v.Stats().Connections; n != clients {
			t.Fatalf("restart %d: %d connections, want %d", i, n, clients)
		}
		round := fmt.Sprint(i)
		if err := v.Publish(context.Background(), appID, broker.Event{Name: "after", Channels: rooms, Data: round}); err != nil {
			t.Fatal(err)
		}
		for _, name := range rooms {
			seen.await(t, name+" "+round, clients)
		}
	}
	v.close(t)
	for _, name := range rooms {
		for i := 1; i <= restarts; i++ {
			if got := seen.count(fmt.Sprint(name, " ", i)); got != clients {
				t.Errorf("%s after restart %d: %d deliveries, want %d, each once", name, i, got, clients)
			}
		}
	}
	if got, want := seen.count("subscribed"), (restarts+1)*subscriptions; got != want {
		t.Errorf("%d subscriptions confirmed, want %d", got, want)
	}
	t.Logf("%d restarts under %d clients: %d subscriptions confirmed, none lost", restarts, clients, (restarts+1)*subscriptions)
}
