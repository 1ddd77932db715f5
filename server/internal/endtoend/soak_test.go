package endtoend_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/server/broker"
)

// The soak: clients come, go, stall, send garbage and reset, at random, while
// others want nothing but their events. SOAK is how long, as in "10m"; without
// it each troublemaker makes a few troubles, which takes seconds. SEED repeats
// a run's choices.

const (
	soakMakers   = 16 // troublemakers at work at once
	soakTroubles = 20 // of each, without SOAK
	soakResident = 20 // well-behaved clients that stay
	soakBeat     = 5 * time.Millisecond
	soakSlack    = 1 << 20 // bytes of the heap that may differ between two ends
	soakFlood    = 8 << 10 // bytes of an event on the channel of those who stall
)

var soakRooms = []string{"soak-public", "private-soak", "presence-soak", "cache-soak"}

func TestSoak(t *testing.T) {
	var lasts time.Duration
	if text := os.Getenv("SOAK"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatalf("SOAK=%s: %v", text, err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("SEED=%s: %v", text, err)
		}
	}
	t.Logf("SEED=%d", seed)
	for name, wrap := range map[string]func(net.Listener) net.Listener{
		"event loops": func(l net.Listener) net.Listener { return l },
		"goroutines":  func(l net.Listener) net.Listener { return struct{ net.Listener }{l} },
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			v := openAt(t, wrap(l))
			defer v.close(t)
			withstand(t, v, seed, lasts)
		})
	}
}

func withstand(t *testing.T, v *venue, seed uint64, lasts time.Duration) {
	// The first round fills pools and maps, which stay. What a second one adds
	// to them is a leak.
	s := &soak{t: t, v: v, seed: seed}
	s.round(0)
	before := s.rest()
	s.round(lasts)
	after := s.rest()

	t.Logf("before: %v; after: %v", before, after)
	t.Logf("%d troubles, %d events published, %d delivered to %d well-behaved clients", s.troubles.Load(), s.published.Load(), s.delivered.Load(), s.visitors.Load()+2*soakResident)
	if after.goroutines > before.goroutines || after.files > before.files || after.heap > before.heap+soakSlack {
		t.Error("the broker is not back where it began")
	}
	if s.delivered.Load() == 0 || s.troubles.Load() == 0 {
		t.Error("nothing happened")
	}
}

type soak struct {
	t    *testing.T
	v    *venue
	seed uint64

	troubles, published, delivered atomic.Int64
	visitors                       atomic.Int64
}

// state is what must be the same when nobody is there.
type state struct {
	goroutines, files int
	heap              uint64
}

func (s state) String() string {
	return fmt.Sprintf("%d goroutines, %d files, %d KiB of the heap", s.goroutines, s.files, s.heap>>10)
}

// rest waits until the broker has noticed that everybody is gone, and the
// goroutines have ended, and returns the state then.
func (s *soak) rest() state {
	s.t.Helper()
	var now state
	fewest := 0
	for end := time.Now().Add(patience); ; {
		stats := s.v.Stats()
		now = state{runtime.NumGoroutine(), openFiles(s.t), 0}
		if stats.Connections == 0 && stats.Channels == 0 {
			// Until nothing has ended for a second: what ends last is the
			// runtime's and the test's own.
			if fewest++; fewest > 100 {
				break
			}
		}
		if time.Now().After(end) {
			s.t.Fatalf("nobody is there, and the broker counts %d connections and %d channels", stats.Connections, stats.Channels)
		}
		time.Sleep(10 * time.Millisecond)
	}
	for range 3 { // finalizers and pools take more than one
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	now.heap = m.HeapAlloc
	return now
}

// openFiles counts the file descriptors of the process, where that can be done.
func openFiles(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil && runtime.GOOS == "linux" {
		t.Fatal(err)
	}
	return len(list)
}

// round is one round of everything; at the end nobody is left.
func (s *soak) round(lasts time.Duration) {
	var residents []*attendant
	for i := range soakResident {
		residents = append(residents, s.attend(fmt.Sprint("resident-", i)))
	}
	for _, a := range residents {
		a.ready()
	}
	published := make(chan int64)
	stop := make(chan struct{})
	go func() { published <- s.publish(stop) }()

	var makers sync.WaitGroup
	end := time.Now().Add(lasts)
	for i := range soakMakers {
		random := rand.New(rand.NewPCG(s.seed, uint64(i)))
		makers.Go(func() {
			for n := 0; n < soakTroubles || time.Now().Before(end); n++ {
				s.trouble(random)
				s.troubles.Add(1)
			}
		})
	}
	makers.Wait()
	close(stop)
	last := <-published
	for _, a := range residents {
		a.leaveAfter(last)
	}
}

// publish sends numbered events to every room, until it is told to stop, and
// returns the last number.
func (s *soak) publish(stop chan struct{}) int64 {
	beat := time.NewTicker(soakBeat)
	defer beat.Stop()
	flood := make([]byte, soakFlood)
	for i := range flood {
		flood[i] = 'x'
	}
	for {
		n := s.published.Add(1)
		for _, e := range []broker.Event{
			{Name: "number", Channels: soakRooms, Data: strconv.FormatInt(n, 10)},
			{Name: "flood", Channels: []string{"flood"}, Data: string(flood)},
		} {
			if err := s.v.Publish(context.Background(), appID, e); err != nil {
				s.t.Error(err)
			}
		}
		select {
		case <-stop:
			return n
		case <-beat.C:
		}
	}
}

// attendant is a well-behaved client: whatever happens to others, it stays
// connected and misses nothing.
type attendant struct {
	*guest
	s       *soak
	name    string
	seen    *tally
	leaving atomic.Bool
	last    [4]atomic.Int64 // number seen in each of soakRooms
}

func (s *soak) attend(name string) *attendant {
	a := &attendant{s: s, name: name, seen: newTally()}
	a.guest = invite(s.t, s.v.address, name, func(c *thimble.Client) {
		c.OnStateChange(func(change thimble.StateChange) {
			if change.Previous == thimble.StateConnected && !a.leaving.Load() {
				s.t.Errorf("%s lost its connection: %v", name, change.Err)
			}
		})
		c.OnError(func(err error) { s.t.Errorf("%s: %v", name, err) })
		for i, room := range soakRooms {
			ch := c.Subscribe(room)
			ch.Bind(thimble.EventSubscribed, func(thimble.Event) { a.seen.add("subscribed") })
			ch.Bind("number", func(e thimble.Event) { a.number(i, e) })
		}
	})
	return a
}

func (a *attendant) number(room int, e thimble.Event) {
	n, err := strconv.ParseInt(e.Text(), 10, 64)
	if err != nil {
		a.s.t.Errorf("%s: %s: %v", a.name, e.Channel, err)
		return
	}
	if last := a.last[room].Swap(n); last != 0 && n != last+1 {
		a.s.t.Errorf("%s: %s: %d came behind %d", a.name, e.Channel, n, last)
	}
	a.s.delivered.Add(1)
	a.seen.add("number")
}

func (a *attendant) ready() {
	a.s.t.Helper()
	a.seen.await(a.s.t, "subscribed", len(soakRooms))
}

// leaveAfter waits for the last number in each room, and leaves.
func (a *attendant) leaveAfter(last int64) {
	for i, room := range soakRooms {
		for end := time.Now().Add(patience); a.last[i].Load() < last; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				a.s.t.Errorf("%s: %s: %d of %d events came", a.name, room, a.last[i].Load(), last)
				break
			}
		}
	}
	a.end()
}

func (a *attendant) end() {
	a.leaving.Store(true)
	a.leave()
}

// visit is a well-behaved client that stays for a few events only.
func (s *soak) visit(random *rand.Rand) {
	a := s.attend(fmt.Sprint("visitor-", s.visitors.Add(1)))
	a.ready()
	a.seen.await(s.t, "number", 1+random.IntN(200))
	a.end()
}
