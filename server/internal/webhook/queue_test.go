package webhook

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// bubble runs a test with a clock of its own: whatever takes no time in it
// happens at the same moment.
func bubble(t *testing.T, test func(t *testing.T, v *receiver)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(t, newReceiver(t)) })
}

// pass lets time pass in a bubble, and what is due then happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func occupied(channel string) Event { return Event{Kind: ChannelOccupied, Channel: channel} }
func vacated(channel string) Event  { return Event{Kind: ChannelVacated, Channel: channel} }
func added(channel, user string) Event {
	return Event{Kind: MemberAdded, Channel: channel, UserID: user}
}
func removed(channel, user string) Event {
	return Event{Kind: MemberRemoved, Channel: channel, UserID: user}
}
func number(n int) Event { return Event{Kind: SubscriptionCount, Channel: "room", Count: n} }

func TestEveryKind(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		q := open(t, Config{Transport: v}, oneApp(everything("http://a")))
		defer q.Close(t.Context())
		s := q.Source("1")
		for _, e := range []Event{
			occupied("presence-room"),
			added("presence-room", "ann"),
			{Kind: ClientEvent, Channel: "presence-room", Name: "client-x", Data: `{"a":"é"}`, SocketID: "1.2", UserID: "ann"},
			{Kind: ClientEvent, Channel: "presence-room", Name: "client-y", SocketID: "1.2"},
			{Kind: CacheMiss, Channel: "presence-room"},
			{Kind: SubscriptionCount, Channel: "presence-room", Count: 0},
			removed("presence-room", "ann"),
			vacated("presence-room"),
		} {
			s.Tell(e)
		}
		pass(time.Minute)
		v.want(
			"0s http://a channel_occupied presence-room",
			"0s http://a member_added presence-room ann",
			`0s http://a client_event presence-room ann client-x {"a":"é"} 1.2`,
			"0s http://a client_event presence-room client-y 1.2",
			"0s http://a cache_miss presence-room",
			"0s http://a subscription_count presence-room 0",
			"3s http://a member_removed presence-room ann",
			"3s http://a channel_vacated presence-room",
		)
		if got := q.Stats(); got != (Stats{Sent: 8}) {
			t.Errorf("counted %+v", got)
		}
	})
}

// The bytes are those of the service, as its libraries read them.
func TestRequest(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		to := everything("http://user:password@a/path?token=1")
		to.Headers = map[string]string{"X-Own": "yes"}
		q := open(t, Config{Transport: v}, oneApp(to))
		defer q.Close(t.Context())
		q.Source("1").Tell(Event{Kind: ClientEvent, Channel: "private-a", Name: "client-x", Data: "a \"b\"\n", SocketID: "1.2"})
		synctest.Wait()
		r := v.raw[0]
		body, _ := io.ReadAll(r.Body)
		const want = `{"time_ms":946684800000,"events":[{"name":"client_event","channel":"private-a","event":"client-x","data":"a \"b\"\n","socket_id":"1.2"}]}`
		if string(body) != want {
			t.Errorf("got %s", body)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/json", "X-Pusher-Key": "key", "X-Own": "yes",
			"X-Pusher-Signature": sign("secret", body), // see TestSignature
		} {
			if got := r.Header[name]; len(got) != 1 || got[0] != want {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
}

// TestSignature has the values of the service's documentation.
func TestSignature(t *testing.T) {
	t.Parallel()
	if got := sign("secret", []byte(`{"hello":"world"}`)); got != "2677ad3e7c090b2fa2c0fb13020d66d5420879b8316eb356a2d60fb9073bc778" {
		t.Errorf("got %s", got)
	}
}

// Who comes back within three seconds has never been away.
func TestHold(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		q := open(t, Config{Transport: v}, oneApp(everything("http://a")))
		defer q.Close(t.Context())
		s := q.Source("1")
		s.Tell(occupied("presence-room"))
		s.Tell(added("presence-room", "ann"))
		pass(time.Second)
		s.Tell(removed("presence-room", "ann"))
		s.Tell(vacated("presence-room"))
		pass(hold - 1)
		s.Tell(occupied("presence-room"))
		s.Tell(added("presence-room", "ann"))
		pass(time.Minute)
		v.want("0s http://a channel_occupied presence-room", "0s http://a member_added presence-room ann")

		// Somebody else comes: the channel was never vacated, the first one is gone.
		v.start = time.Now()
		s.Tell(removed("presence-room", "ann"))
		s.Tell(vacated("presence-room"))
		pass(time.Second)
		s.Tell(occupied("presence-room"))
		s.Tell(added("presence-room", "bob"))
		pass(time.Second)
		s.Tell(removed("presence-room", "bob"))
		s.Tell(vacated("presence-room"))
		pass(time.Minute)
		s.Tell(occupied("presence-room"))
		synctest.Wait()
		v.want(
			"1s http://a member_added presence-room bob",
			"3s http://a member_removed presence-room ann",
			"5s http://a member_removed presence-room bob",
			"5s http://a channel_vacated presence-room",
			"1m2s http://a channel_occupied presence-room",
		)
	})
}

// An endpoint that only wants one half of a pair gets it by the same rule.
func TestHoldWithHalfAPair(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		q := open(t, Config{Transport: v}, oneApp(Endpoint{URL: "http://a", Kinds: ChannelVacated}, Endpoint{URL: "http://b", Kinds: MemberAdded}))
		defer q.Close(t.Context())
		s := q.Source("1")
		for range 2 {
			s.Tell(occupied("presence-room"))
			s.Tell(added("presence-room", "ann"))
			s.Tell(removed("presence-room", "ann"))
			s.Tell(vacated("presence-room"))
		}
		pass(time.Minute)
		v.want("0s http://b member_added presence-room ann", "3s http://a channel_vacated presence-room")
	})
}

func TestFilters(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		q := open(t, Config{Transport: v}, oneApp(
			Endpoint{URL: "http://prefix", Kinds: All, Prefix: "presence-"},
			Endpoint{URL: "http://suffix", Kinds: All, Suffix: "-x"},
			Endpoint{URL: "http://both", Kinds: All, Prefix: "presence-", Suffix: "-x"},
			Endpoint{URL: "http://kind", Kinds: CacheMiss},
		))
		defer q.Close(t.Context())
		count := map[string]int{}
		for _, channel := range []string{"presence-x", "presence-y", "room-x", "room"} {
			q.Source("1").Tell(occupied(channel))
			synctest.Wait()
			for _, got := range v.take() {
				count[strings.Fields(got)[1]+" "+strings.Fields(got)[3]]++
			}
		}
		want := map[string]int{"http://prefix presence-x": 1, "http://prefix presence-y": 1, "http://suffix presence-x": 1, "http://suffix room-x": 1, "http://both presence-x": 1}
		if fmt.Sprint(count) != fmt.Sprint(want) {
			t.Errorf("got %v", count)
		}
	})
}

// Applications share nothing: each request is signed with its own key, and no
// request has the events of two.
func TestBatchesOfOneApp(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		to := everything("http://same")
		to.Batch = true
		slow := make(chan struct{})
		v.answer = func(*http.Request) int { <-slow; return 200 }
		q := open(t, Config{Transport: v}, []App{
			{ID: "1", Key: "one", Secret: "s1", Endpoints: []Endpoint{to}},
			{ID: "2", Key: "two", Secret: "s2", Endpoints: []Endpoint{to}},
		})
		defer q.Close(t.Context())
		for i := range 30 {
			q.Source("1").Tell(occupied(fmt.Sprintf("one-%d", i)))
			q.Source("2").Tell(occupied(fmt.Sprintf("two-%d", i)))
		}
		synctest.Wait()
		close(slow)
		synctest.Wait()
		if len(v.raw) > 6 || q.Stats().Sent != 60 {
			t.Errorf("%d requests, %d events", len(v.raw), q.Stats().Sent)
		}
		for _, r := range v.raw {
			body, _ := io.ReadAll(r.Body)
			key, other, secret := r.Header.Get("X-Pusher-Key"), "two-", "s1"
			if key == "two" {
				other, secret = "one-", "s2"
			}
			if strings.Contains(string(body), other) || r.Header.Get("X-Pusher-Signature") != sign(secret, body) {
				t.Errorf("%s got %s", key, body)
			}
		}
	})
}

// The order of a channel stays, while an endpoint fails now and then; and it
// gets each event until it has taken it.
func TestOrderAcrossRetries(t *testing.T) {
	for _, batch := range []bool{false, true} {
		t.Run(fmt.Sprint("batch=", batch), func(t *testing.T) {
			bubble(t, func(t *testing.T, v *receiver) {
				n := 0
				v.answer = func(*http.Request) int {
					n++
					if n%3 != 0 {
						return []int{500, 302, 429, 404, 100}[n%5]
					}
					return 200
				}
				to := everything("http://a")
				to.Batch = batch
				q := open(t, Config{Transport: v}, oneApp(to))
				defer q.Close(t.Context())
				for i := range 40 {
					q.Source("1").Tell(number(i))
					pass(time.Duration(i%4) * time.Second)
				}
				pass(10 * time.Minute)
				next := 0
				for _, got := range v.take() {
					if strings.Count(got, "subscription_count") == 0 || len(strings.Fields(got))%3 != 2 {
						continue // it failed
					}
					for _, part := range strings.Split(got, "subscription_count room ")[1:] {
						if want := fmt.Sprint(next); strings.TrimSpace(part) != want {
							t.Fatalf("got %s, want %s", part, want)
						}
						next++
					}
				}
				if next != 40 || q.Stats().Sent != 40 || q.Stats().Failed == 0 || q.Stats().Dropped != 0 || q.Stats().QueueBytes != 0 {
					t.Errorf("%d of 40, counted %+v", next, q.Stats())
				}
			})
		})
	}
}

// A retry is the same request to the byte, so that it can be told from another.
func TestRetryIsTheSame(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		v.answer = func(*http.Request) int {
			if time.Since(v.start) < 10*time.Second {
				return 503
			}
			return 200
		}
		q := open(t, Config{Transport: v}, oneApp(everything("http://a")))
		defer q.Close(t.Context())
		q.Source("1").Tell(occupied("room"))
		pass(time.Minute)
		first := ""
		for _, r := range v.raw {
			body, _ := io.ReadAll(r.Body)
			text := string(body) + r.Header.Get(signatureField)
			if first == "" {
				first = text
			}
			if text != first {
				t.Errorf("got %s, then %s", first, text)
			}
		}
		if len(v.raw) < 4 || q.Stats().Sent != 1 {
			t.Errorf("%d requests, %+v", len(v.raw), q.Stats())
		}
	})
}

// After five minutes an event is dropped, counted and logged; the log has no
// secret of the address.
func TestDropped(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		v.answer = func(*http.Request) int { return 500 }
		var log logbook
		to := everything("http://user:hidden1@a/hidden2?hidden3")
		to.Headers = map[string]string{"Authorization": "hidden4"}
		q := open(t, Config{Transport: v, Log: log.logger()}, oneApp(to))
		defer q.Close(t.Context())
		q.Source("1").Tell(occupied("room"))
		pass(keepTrying - 1)
		if got := q.Stats(); got.Dropped != 0 || got.QueueBytes == 0 {
			t.Errorf("counted %+v", got)
		}
		pass(time.Second)
		if got := q.Stats(); got.Dropped != 1 || got.QueueBytes != 0 || got.Failed < 9 {
			t.Errorf("counted %+v", got)
		}
		if text := log.String(); strings.Count(text, "dropped webhooks") != 1 || strings.Contains(text, "hidden") || strings.Contains(text, "secret") ||
			!strings.Contains(text, "endpoint=http://a ") || !strings.Contains(text, "status 500") {
			t.Errorf("logged %s", text)
		}
	})
}

// An endpoint that never answers costs no other anything, and its requests end.
func TestDeadEndpoint(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		var asked atomic.Int64
		v.answer = func(r *http.Request) int {
			if r.URL.Host == "dead" {
				asked.Add(1)
				return 0
			}
			return 200
		}
		var log logbook
		q := open(t, Config{Transport: v, Log: log.logger()}, oneApp(everything("http://dead"), everything("http://good")))
		defer q.Close(t.Context())
		for i := range 1000 {
			q.Source("1").Tell(occupied(fmt.Sprint("room-", i)))
		}
		synctest.Wait()
		if n := len(v.take()); n != 1000 || time.Since(v.start) != 0 || asked.Load() != requestsAtOnce {
			t.Errorf("%d of 1000 after %v, %d requests to the dead one", n, time.Since(v.start), asked.Load())
		}
		pass(DefaultTimeout)
		if asked.Load() != 2*requestsAtOnce || !strings.Contains(log.String(), "no answer within 10s") {
			t.Errorf("%d requests to the dead one; %s", asked.Load(), log.String())
		}
	})
}

func TestTimeoutOfAnEndpoint(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		v.answer = func(*http.Request) int { return 0 }
		to := everything("http://a")
		to.Timeout = 2 * time.Second
		q := open(t, Config{Transport: v}, oneApp(to))
		defer q.Close(t.Context())
		q.Source("1").Tell(occupied("room"))
		pass(2 * time.Second)
		if q.Stats().Failed != 1 {
			t.Errorf("counted %+v", q.Stats())
		}
	})
}

// What finds no room is dropped, counted, logged, and costs no other endpoint
// its events.
func TestOverflow(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		var up atomic.Bool
		v.answer = func(r *http.Request) int {
			if r.URL.Host == "down" && !up.Load() {
				return 500
			}
			return 200
		}
		var log logbook
		q := open(t, Config{Transport: v, Limit: 10_000, Log: log.logger()}, oneApp(everything("http://down"), everything("http://good")))
		defer q.Close(t.Context())
		for i := range 100 {
			q.Source("1").Tell(number(i))
			synctest.Wait()
		}
		stats := q.Stats()
		if stats.Dropped < 50 || stats.QueueBytes > 10_000 || stats.QueueBytes < 9000 || stats.Sent != 100 {
			t.Errorf("counted %+v", stats)
		}
		if n := strings.Count(log.String(), "as many wait for the endpoint as may"); n != 1 {
			t.Errorf("logged %d times: %s", n, log.String())
		}
		up.Store(true)
		pass(2 * time.Minute)
		if got := q.Stats(); got.Sent != 200-stats.Dropped || got.QueueBytes != 0 {
			t.Errorf("counted %+v", got)
		}
	})
}

// Configure keeps what waits for endpoints that stay, and drops the rest.
func TestConfigure(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		v.answer = func(*http.Request) int {
			if time.Since(v.start) < 30*time.Second {
				return 500
			}
			return 200
		}
		q := open(t, Config{Transport: v}, oneApp(everything("http://stays"), everything("http://goes")))
		defer q.Close(t.Context())
		s := q.Source("1")
		s.Tell(occupied("room"))
		pass(10 * time.Second)
		stays := everything("http://stays")
		stays.Headers = map[string]string{"X-New": "yes"}
		apps := []App{{ID: "1", Key: "key2", Secret: "secret2", Endpoints: []Endpoint{stays, everything("http://new")}}}
		q.Configure(apps)
		if q.Source("1") != s || q.Stats().Dropped != 1 {
			t.Errorf("counted %+v", q.Stats())
		}
		s.Tell(occupied("other"))
		pass(2 * time.Minute)
		good := map[string]bool{}
		for _, got := range v.take() {
			if !strings.HasSuffix(got, " 500") {
				_, what, _ := strings.Cut(got, " ")
				good[what] = true
			}
		}
		want := map[string]bool{"http://stays channel_occupied room": true, "http://stays channel_occupied other": true, "http://new channel_occupied other": true}
		if fmt.Sprint(good) != fmt.Sprint(want) {
			t.Errorf("got %v", good)
		}
		if last := v.raw[len(v.raw)-1]; last.Header.Get("X-Pusher-Key") != "key2" {
			t.Error("signed with the key of before")
		}
		q.Configure([]App{{ID: "1"}})
		s.Tell(occupied("another"))
		pass(time.Minute)
		v.want()
		if q.Source("1") != nil || q.Wanted() != 0 {
			t.Error("it has endpoints still")
		}
	})
}

// At the end, without a file, what is held is told, and what fails once is lost
// and counted.
func TestCloseInMemory(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		v.answer = func(r *http.Request) int {
			if r.URL.Host == "down" {
				return 500
			}
			return 200
		}
		var log logbook
		q := open(t, Config{Transport: v, Log: log.logger()}, oneApp(Endpoint{URL: "http://good", Kinds: All}, Endpoint{URL: "http://down", Kinds: ChannelOccupied}))
		s := q.Source("1")
		s.Tell(occupied("presence-room"))
		s.Tell(removed("presence-room", "ann"))
		s.Tell(vacated("presence-room"))
		synctest.Wait()
		v.take()
		q.Close(t.Context())
		v.mu.Lock()
		var good []string
		for _, got := range v.got {
			if !strings.Contains(got, "down") {
				good = append(good, got)
			}
		}
		v.mu.Unlock()
		if fmt.Sprint(good) != "[0s http://good member_removed presence-room ann 0s http://good channel_vacated presence-room]" {
			t.Errorf("got %q", good)
		}
		if got := q.Stats(); got.Dropped != 1 || got.QueueBytes != 0 || !strings.Contains(log.String(), "no file to keep them in") {
			t.Errorf("counted %+v, logged %s", got, log.String())
		}
		s.Tell(occupied("late")) // is nothing
		q.Close(t.Context())
	})
}

// Close ends with its context, whatever endpoints do.
func TestCloseEndsWithItsContext(t *testing.T) {
	bubble(t, func(t *testing.T, v *receiver) {
		v.answer = func(*http.Request) int { return 0 }
		q := open(t, Config{Transport: v}, oneApp(everything("http://a")))
		q.Source("1").Tell(occupied("room"))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		q.Close(ctx)
		if got := time.Since(v.start); got != time.Second || q.Stats().Dropped != 1 {
			t.Errorf("after %v, %+v", got, q.Stats())
		}
	})
}

func TestCheckHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, value string
		good        bool
	}{
		{"Authorization", "Bearer hidden", true},
		{"x-own", "tab\tand é", true},
		{"", "x", false},
		{"a b", "x", false},
		{"a:", "x", false},
		{"x-pusher-signature", "hidden", false},
		{"X-Pusher-Key", "hidden", false},
		{"content-type", "hidden", false},
		{"host", "hidden", false},
		{"X-Own", "hidden\r\nX-Pusher-Key: x", false},
	} {
		if err := CheckHeader(tt.name, tt.value); (err == nil) != tt.good || err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: %v", tt.name, err)
		}
	}
}
