package broker

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// The names of deeds in transcripts.
var deedNames = map[string]deed{
	"open": didOpen, "close": didClose, "subscribe": didSubscribe, "unsubscribe": didUnsubscribe,
	"occupy": didOccupy, "vacate": didVacate, "add-member": didAddMember, "remove-member": didRemoveMember,
	"client-event": didClientEvent, "publish": didPublish, "miss-cache": didMissCache, "count": didCount, "error": didError,
	"everything": ^deed(0),
}

func deedNamed(t testing.TB, name string) deed {
	t.Helper()
	did := deedNames[name]
	if did == 0 {
		t.Fatalf("no such deed: %s", name)
	}
	return did
}

// watch is the observer of a conversation.
func (c *conversation) watch(o occurrence) {
	if o.app != c.app {
		c.t.Errorf("told of app %v", o.app)
	}
	text := ""
	for name, did := range deedNames {
		if did == o.did {
			text = name
		}
	}
	for _, field := range []struct{ name, value string }{
		{"socket", o.socketID}, {"channel", o.channel}, {"user", o.userID}, {"event", o.event}, {"data", o.data}, {"text", o.text},
	} {
		if field.value != "" {
			text += " " + field.name + "=" + field.value
		}
	}
	if o.code != 0 {
		text += fmt.Sprintf(" code=%d", o.code)
	}
	if o.did&(didSubscribe|didUnsubscribe|didCount) != 0 {
		text += fmt.Sprintf(" count=%d", o.count)
	}
	c.saw = append(c.saw, text)
}

// TestObserversSeeTheOrderOfClients has several publish at once: those who
// watch see the events in the order in which clients get them.
func TestObserversSeeTheOrderOfClients(t *testing.T) {
	t.Parallel()
	app := testApp(t)
	var seen []string // guarded by the lock of the only channel
	app.broker.observers.attach(didPublish, func(o occurrence) { seen = append(seen, o.data) })
	k := &collector{}
	app.stranger(0, k).enter("room")
	k.frames = nil
	var all sync.WaitGroup
	for who := range 4 {
		all.Go(func() {
			for i := range 500 {
				app.publish(&Event{Name: "x", Channels: []string{"room"}, Data: fmt.Sprintf("%d.%d", who, i)})
			}
		})
	}
	all.Wait()
	if len(seen) != 2000 || len(k.frames) != 2000 {
		t.Fatalf("seen %d, received %d", len(seen), len(k.frames))
	}
	for i, frame := range k.frames {
		if !strings.Contains(frame, `"`+seen[i]+`"`) {
			t.Fatalf("at %d: seen %s, received %s", i, seen[i], frame)
		}
	}
}

// TestObserversComeAndGo attaches and detaches while events are published.
func TestObserversComeAndGo(t *testing.T) {
	t.Parallel()
	app := testApp(t)
	app.stranger(0, void{}).enter("room")
	stop := make(chan struct{})
	var publishing, watching sync.WaitGroup
	publishing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				app.publish(&Event{Name: "x", Channels: []string{"room"}})
			}
		}
	})
	for range 4 {
		watching.Go(func() {
			for range 200 {
				told := make(chan struct{})
				var once sync.Once
				detach := app.broker.observers.attach(didPublish, func(occurrence) { once.Do(func() { close(told) }) })
				<-told
				detach()
			}
		})
	}
	watching.Wait()
	close(stop)
	publishing.Wait()
	if app.broker.observers.want(^deed(0)) {
		t.Error("somebody still watches")
	}
}

// TestWatchingIsFree publishes with nobody watching, and with somebody who does:
// neither allocates more than the event itself does.
func TestWatchingIsFree(t *testing.T) {
	app := testApp(t)
	app.stranger(0, void{}).enter("room")
	event := Event{Name: "x", Channels: []string{"room"}, Data: "data"}
	publish := func() { app.publish(&event) }
	alone := testing.AllocsPerRun(100, publish)
	bytes := 0
	defer app.broker.observers.attach(didPublish, func(o occurrence) { bytes += len(o.data) })()
	if watched := testing.AllocsPerRun(100, publish); watched != alone || bytes == 0 {
		t.Errorf("%v allocations, %v with nobody watching; saw %d bytes", watched, alone, bytes)
	}
}

func TestReadEvent(t *testing.T) {
	t.Parallel()
	frame := peer.EventFrame("client-x", "private-a", strings.Repeat(`"é`, 40_000))
	before := string(frame)
	if event, data := peer.ReadEvent(frame); event != "client-x" || data != strings.Repeat(`"é`, 40_000) || string(frame) != before {
		t.Errorf("got %q with %d bytes", event, len(data))
	}
	for _, frame := range []string{"", "\x81", "\x81\x05{}", "\x81\x02{]"} {
		if event, data := peer.ReadEvent([]byte(frame)); event != "" || data != "" {
			t.Errorf("%q: got %q, %q", frame, event, data)
		}
	}
}
