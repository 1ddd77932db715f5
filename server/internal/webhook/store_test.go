package webhook

import (
	"errors"
	"fmt"

	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// die ends a queue the way a process dies: nothing is written any more, and
// nothing sent.
func (q *Queue) die() {
	q.mu.Lock()
	q.closed = true
	for q.working {
		q.idle.Wait()
	}
	q.working = true
	if q.alarm != nil {
		q.alarm.Stop()
	}
	q.mu.Unlock()
	for _, e := range q.endpoints {
		e.stop()
	}
	q.store.close()
}

// What waits survives the end, in order and for the endpoints that it is for.
func TestRestart(t *testing.T) {
	for _, end := range []string{"close", "die"} {
		t.Run(end, func(t *testing.T) {
			bubble(t, func(t *testing.T, v *receiver) {
				down := true
				v.answer = func(r *http.Request) int {
					if down {
						return 500
					}
					return 200
				}
				c := Config{Transport: v, Path: filepath.Join(t.TempDir(), "queue")}
				q := open(t, c, oneApp(everything("http://a"), everything("http://goes")))
				for i := range 5 {
					q.Source("1").Tell(number(i))
					q.Source("1").Tell(Event{Kind: CacheMiss, Channel: fmt.Sprint("cache-", i)})
				}
				pass(time.Minute)
				if got := q.Stats(); got.QueueBytes == 0 || got.StoreErrors != 0 {
					t.Errorf("counted %+v", got)
				}
				if end == "die" {
					q.die()
				} else {
					q.Close(t.Context())
				}
				if dropped := q.Stats().Dropped; dropped != 0 {
					t.Errorf("%d were dropped", dropped)
				}
				pass(time.Hour) // and still none is too old
				down = false
				v.take()
				v.start = time.Now()
				var log logbook
				c.Log = log.logger()
				q = open(t, c, oneApp(everything("http://a")))
				synctest.Wait()
				got := v.take()
				order := ""
				for _, text := range got {
					if f := strings.Fields(text); f[3] == "room" {
						order += f[4]
					}
				}
				if len(got) != 10 || order != "01234" || !strings.HasPrefix(got[0], "0s") {
					t.Errorf("%d have come, those of a channel as %s: %q", len(got), order, got)
				}
				if s := q.Stats(); s.Dropped != 10 || s.QueueBytes != 0 || !strings.Contains(log.String(), "events=10") {
					t.Errorf("counted %+v, logged %s", s, log.String())
				}
				q.Close(t.Context())

				q = open(t, c, oneApp(everything("http://a")))
				q.Close(t.Context())
				v.want() // none comes twice
			})
		})
	}
}

// Who was there when the process ended, and does not come back to the next one
// in time, is gone.
func TestGhosts(t *testing.T) {
	for _, end := range []string{"close", "die"} {
		t.Run(end, func(t *testing.T) {
			bubble(t, func(t *testing.T, v *receiver) {
				c := Config{Transport: v, Path: filepath.Join(t.TempDir(), "queue")}
				apps := oneApp(everything("http://a"))
				q := open(t, c, apps)
				s := q.Source("1")
				for _, user := range []string{"ann", "bob"} {
					s.Tell(occupied("presence-" + user))
					s.Tell(added("presence-"+user, user))
				}
				s.Tell(occupied("left"))
				s.Tell(vacated("left"))
				pass(time.Minute)
				if end == "die" {
					q.die()
				} else {
					// The clients are sent away first.
					for _, user := range []string{"ann", "bob"} {
						s.Tell(removed("presence-"+user, user))
						s.Tell(vacated("presence-" + user))
					}
					q.Close(t.Context())
				}
				v.take()

				v.start = time.Now()
				q = open(t, c, apps)
				s = q.Source("1")
				pass(restartHold - 1)
				s.Tell(occupied("presence-bob"))
				s.Tell(added("presence-bob", "bob"))
				pass(time.Hour)
				v.want("10s http://a member_removed presence-ann ann", "10s http://a channel_vacated presence-ann")
				q.die()

				// bob is still there, and ann is not gone twice.
				v.start = time.Now()
				q = open(t, c, apps)
				pass(time.Hour)
				v.want("10s http://a member_removed presence-bob bob", "10s http://a channel_vacated presence-bob")
				q.Close(t.Context())

				// Without the app, nobody is told, and all is forgotten.
				q = open(t, c, nil)
				q.Close(t.Context())
			})
		})
	}
}

// failing is a store that cannot write while it is told so.
type failing struct {
	store
	full atomic.Bool
}

func (f *failing) commit(c *changes) error {
	if f.full.Load() {
		return errors.New("no space left on device")
	}
	return f.store.commit(c)
}

// failingStore puts a failing store in place of a queue's own.
func failingStore(q *Queue) *failing {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.working {
		q.idle.Wait()
	}
	f := &failing{store: q.store}
	q.store = f
	return f
}

// While the store fails, webhooks go on from memory; when it works again, it
// has what waits.
func TestStoreFails(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		v.answer = func(r *http.Request) int {
			if r.URL.Host == "down" {
				return 500
			}
			return 200
		}
		var log logbook
		c := Config{Transport: v, Path: filepath.Join(t.TempDir(), "queue"), Log: log.logger()}
		apps := oneApp(everything("http://good"), Endpoint{URL: "http://down", Kinds: SubscriptionCount})
		q := open(t, c, apps)
		s := q.Source("1")
		s.Tell(occupied("before"))
		s.Tell(number(0))
		pass(time.Second)
		f := failingStore(q)
		f.full.Store(true)
		v.take()
		v.start = time.Now()
		s.Tell(occupied("room"))
		s.Tell(number(1))
		pass(10 * time.Second)
		s.Tell(number(2))
		s.Tell(vacated("before"))
		synctest.Wait()
		count := 0
		for _, got := range v.take() {
			if strings.Contains(got, "good") {
				count++
			}
		}
		if count != 3 { // room, 1, 2
			t.Errorf("%d were delivered", count)
		}
		if n := q.Stats().StoreErrors; n < 5 || n > 20 {
			t.Errorf("%d errors", n)
		}
		if n := strings.Count(log.String(), "make room on the disk"); n != 1 {
			t.Errorf("logged %d times", n)
		}
		f.full.Store(false)
		pass(5 * time.Second)
		if !strings.Contains(log.String(), "is written again") {
			t.Errorf("logged %s", log.String())
		}
		q.die()

		// The next process has all that has waited, and knows who is there.
		v.answer, v.start = nil, time.Now()
		v.take()
		q = open(t, c, apps)
		pass(time.Minute)
		v.want("0s http://down subscription_count room 0", "0s http://down subscription_count room 1", "0s http://down subscription_count room 2",
			"10s http://good channel_vacated room")
		q.Close(t.Context())
	})
}

// However long the store fails, memory is bounded.
func TestStoreFailsForLong(t *testing.T) {
	t.Parallel()
	var log logbook
	q := open(t, Config{Transport: newReceiver(t), Path: filepath.Join(t.TempDir(), "queue"), Log: log.logger()}, oneApp(Endpoint{URL: "http://a", Kinds: ChannelVacated}))
	f := failingStore(q)
	f.full.Store(true)
	q.mu.Lock()
	q.working = true
	q.mu.Unlock()
	q.broken, q.committed = true, q.now()
	for i := range 200_000 {
		e := occupied(fmt.Sprint("room-", i))
		q.hear(q.Source("1"), &e, 0)
	}
	if n := len(q.changes.places); n > unsavedBytes/overhead || !q.changes.afresh || !strings.Contains(log.String(), "never be vacated") {
		t.Errorf("%d places, logged %s", n, log.String())
	}
	f.full.Store(false)
	q.commit()
	if q.broken || !q.changes.empty() {
		t.Error("it does not recover")
	}
	q.mu.Lock()
	q.working = false
	q.mu.Unlock()
	q.Close(t.Context())
}

// A damaged record costs itself only.
func TestDamagedRecord(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "queue")
	f, _, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	id := endpointIDOf("1", "http://a", 0)
	err = f.commit(&changes{events: map[uint64][]byte{
		1: appendRecord(nil, id, &item{ms: 1e12, channel: "one", json: []byte(`{"name":"cache_miss","channel":"one"}`)}),
		2: []byte("nonsense"),
		3: appendRecord(nil, id, &item{ms: 1e12, channel: "two", json: []byte(`{"name":"cache_miss","channel":"two"}`)}),
	}, places: map[string][]byte{"\xFF": here}})
	if err != nil || f.close() != nil {
		t.Fatal(err)
	}
	v := newReceiver(t)
	q := open(t, Config{Transport: v, Path: path}, oneApp(everything("http://a")))
	q.Close(t.Context())
	if got := v.take(); len(got) != 2 || q.Stats().Dropped != 1 {
		t.Errorf("got %q, counted %+v", got, q.Stats())
	}
}

// What cannot be opened is an error that says what to do.
func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	used := filepath.Join(dir, "used")
	f, _, err := openFile(used)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte(strings.Repeat("something else entirely\n", 10_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		used:                                "another process uses it",
		filepath.Join(dir, "none", "queue"): "make its directory first",
		other:                               "move it away",
		dir:                                 "is a directory",
	} {
		if _, err := Open(Config{Path: path, Log: new(logbook).logger()}, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if after, _ := os.ReadFile(other); !strings.HasPrefix(string(after), "something else") {
		t.Error("a file of somebody else was changed")
	}
}

// A file that is damaged anywhere is opened or refused, never more than that.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "good")
	f, _, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &changes{events: map[uint64][]byte{}, places: map[string][]byte{}}
	for i := range 200 {
		c.events[uint64(i+1)] = appendRecord(nil, endpointID{1}, &item{channel: "room", json: []byte(`{"name":"cache_miss","channel":"room"}`)})
		c.places[string(appendPlace(nil, place{"1", fmt.Sprint("room-", i), ""}))] = here
	}
	if err := f.commit(c); err != nil || f.close() != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for at := 0; at < len(good); at += 509 {
		bad := append([]byte(nil), good...)
		for i := at; i < min(at+8, len(bad)); i++ {
			bad[i] ^= 0xA5
		}
		path := filepath.Join(dir, fmt.Sprint("bad-", at))
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		f, _, err := openFile(path)
		if err != nil {
			refused++
			continue
		}
		_ = f.commit(&changes{events: map[uint64][]byte{1: nil, 300: []byte("more")}})
		_ = f.close()
	}
	if refused == 0 {
		t.Error("no damage was found")
	}
}
