package webhook

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// How the process that is to be killed is told what to do.
const (
	victimQueue = "THIMBLE_VICTIM_QUEUE" // the file
	victimURL   = "THIMBLE_VICTIM_URL"   // the endpoint
	victimLife  = "THIMBLE_VICTIM_LIFE"  // a number; "last" tells nothing, delivers all and ends
)

const (
	crashChannels = 5
	crashStride   = 1_000_000 // events of one life are numbered from a multiple of it
)

// announcing is a store that says on the standard output what is safe.
type announcing struct{ store }

func (a announcing) commit(c *changes) error {
	safe := map[string]int{}
	for _, record := range c.events {
		if _, i, err := parseRecord(record); err == nil {
			var e struct {
				Count int `json:"subscription_count"`
			}
			if json.Unmarshal(i.json, &e) == nil {
				safe[i.channel] = max(safe[i.channel], e.Count)
			}
		}
	}
	if err := a.store.commit(c); err != nil {
		return err
	}
	var out bytes.Buffer
	for channel, n := range safe {
		fmt.Fprintln(&out, channel, n)
	}
	_, err := os.Stdout.Write(out.Bytes())
	return err
}

// victim is the process that is killed: it tells as many events as it can.
func victim(path string) {
	life := os.Getenv(victimLife)
	to := Endpoint{URL: os.Getenv(victimURL), Kinds: All, Headers: map[string]string{"X-Life": life}}
	q, err := Open(Config{Path: path, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}, oneApp(to))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	number, err := strconv.Atoi(life)
	if err != nil { // the last one
		for q.Stats().QueueBytes > 0 {
			time.Sleep(10 * time.Millisecond)
		}
		q.Close(context.Background())
		return
	}
	q.mu.Lock()
	for q.working {
		q.idle.Wait()
	}
	q.store = announcing{q.store}
	q.mu.Unlock()
	for n := number * crashStride; ; n++ {
		for c := range crashChannels {
			q.Source("1").Tell(Event{Kind: SubscriptionCount, Channel: fmt.Sprint("c", c), Count: n})
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// delivered is one event as the endpoint got it.
type delivered struct {
	n    int
	life string
}

// TestKilled kills a process again and again, at random moments, while it tells
// events and an endpoint takes them, more or less. Whatever was safe arrives,
// in the order of its channel; a second time only after a crash.
func TestKilled(t *testing.T) {
	t.Parallel()
	const lives = 5
	var mu sync.Mutex
	got := map[string][]delivered{}
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Events []struct {
				Channel string
				Count   int `json:"subscription_count"`
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			return // cut off by the death of the sender
		}
		if rand.N(1000) == 0 {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, e := range body.Events {
			got[e.Channel] = append(got[e.Channel], delivered{e.Count, r.Header.Get("X-Life")})
		}
	}))
	defer endpoint.Close()

	path := filepath.Join(t.TempDir(), "queue")
	process := func(life string) *exec.Cmd {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), victimQueue+"="+path, victimURL+"="+endpoint.URL, victimLife+"="+life)
		return cmd
	}
	safe := map[string]int{} // the highest number of each channel in each life
	for life := 1; life <= lives; life++ {
		cmd := process(strconv.Itoa(life))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// At the latest after so many commits it dies, and perhaps within one.
		commits := bufio.NewScanner(out)
		last := rand.N(15 * crashChannels)
		for n := 0; commits.Scan(); n++ {
			var channel string
			var number int
			if _, err := fmt.Sscan(commits.Text(), &channel, &number); err != nil {
				t.Fatal(err)
			}
			key := fmt.Sprint(channel, " ", life)
			safe[key] = max(safe[key], number)
			if n == last {
				time.AfterFunc(rand.N(20*time.Millisecond), func() { cmd.Process.Kill() })
			}
		}
		if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("it ended by itself: %v", err)
		}
	}
	if out, err := process("last").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}

	repeated := 0
	for channel, list := range got {
		first := map[int]string{} // in which life a number came first
		highest := 0
		for _, d := range list {
			if was, again := first[d.n]; again {
				repeated++
				if was == d.life {
					t.Fatalf("%s: %d came twice from process %s", channel, d.n, was)
				}
				continue
			}
			first[d.n] = d.life
			if d.n < highest {
				t.Fatalf("%s: %d came first after %d", channel, d.n, highest)
			}
			highest = d.n
		}
		for life := 1; life <= lives; life++ {
			n := life * crashStride
			for first[n] != "" {
				n++
			}
			if want := safe[fmt.Sprint(channel, " ", life)]; n <= want {
				t.Errorf("%s: process %d had up to %d safe, %d is missing", channel, life, want, n)
			}
			for later := range first {
				if later/crashStride == life && later > n {
					t.Fatalf("%s: %d has come, %d has not", channel, later, n)
				}
			}
		}
	}
	if len(safe) < lives*crashChannels/2 || len(got) != crashChannels {
		t.Errorf("only %d times something was safe", len(safe))
	}
	total := 0
	for _, list := range got {
		total += len(list)
	}
	t.Logf("killed %d times: %d events have come, %d of them again, none that was safe is missing", lives, total, repeated)
}
