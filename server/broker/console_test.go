package broker

import (
	"strings"
	"testing"
)

// publications returns how many allocations an event takes that goes to one
// subscriber.
func publications(t *testing.T, c Console, meanwhile func(*Broker)) float64 {
	t.Helper()
	b, err := New(Config{Apps: []App{{ID: "1", Key: "key", Secret: testSecret}}, Console: c})
	if err != nil {
		t.Fatal(err)
	}
	if meanwhile != nil {
		meanwhile(b)
	}
	app := b.apps.Load().byID["1"]
	app.stranger(1, void{}).enter("room")
	event := Event{Name: "event", Channels: []string{"room"}, Data: `{"some":"data"}`}
	return testing.AllocsPerRun(1000, func() { app.publish(&event) })
}

// A console that nobody watches costs an event nothing, nor does one that has
// been watched.
func TestConsoleCostsNothingUnwatched(t *testing.T) {
	without := publications(t, Console{}, nil)
	with := publications(t, Console{Local: true}, nil)
	after := publications(t, Console{Local: true}, func(b *Broker) {
		v := &view{broker: b, page: b.console}
		v.Observe(true)
		v.Observe(false)
		if b.observers.want(didPublish) {
			t.Error("the broker still tells what happens")
		}
	})
	if with != without || after != without {
		t.Errorf("%v allocations without a console, %v with one, %v after one that was watched", without, with, after)
	}
}

func TestConsoleHidesPassword(t *testing.T) {
	t.Parallel()
	for _, c := range []Console{{Password: "short"}, {Password: "a long password"}} {
		_, err := New(Config{Apps: []App{{ID: "1", Key: "key", Secret: testSecret}}, Console: c})
		if short := len(c.Password) < 8; short != (err != nil) || err != nil && strings.Contains(err.Error(), c.Password) {
			t.Errorf("%d bytes: %v", len(c.Password), err)
		}
		if text := c.String() + c.GoString() + c.LogValue().String(); strings.Contains(text, c.Password) {
			t.Errorf("it shows its password: %s", text)
		}
	}
}
