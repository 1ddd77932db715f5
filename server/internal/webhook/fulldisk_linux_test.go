package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFullDisk fills the disk under a queue, a small one that is made for it;
// only root may make one. TestStoreFails has the same with a store that says so.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("a file system for the test cannot be mounted:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	v := newReceiver(t)
	v.answer = func(r *http.Request) int {
		if r.URL.Host == "down" {
			return 500
		}
		return 200
	}
	var log logbook
	c := Config{Transport: v, Path: filepath.Join(dir, "queue"), Log: log.logger()}
	apps := oneApp(everything("http://good"), Endpoint{URL: "http://down", Kinds: CacheMiss})
	q := open(t, c, apps)
	until := func(what string, is func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("not %s: %+v, logged %s", what, q.Stats(), log.String())
			}
		}
	}
	told := 0
	tell := func(n int) {
		for range n {
			q.Source("1").Tell(Event{Kind: CacheMiss, Channel: fmt.Sprintf("cache-%d-%s", told, strings.Repeat("x", 150))})
			told++
		}
	}
	tell(10)
	until("delivered", func() bool { return q.Stats().Sent == 10 })

	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal("the disk is not full:", err)
	}
	tell(2000)
	until("noticed", func() bool { return q.Stats().StoreErrors > 0 })
	until("delivered all the same", func() bool { return q.Stats().Sent == 2010 })
	if text := log.String(); strings.Count(text, "make room on the disk") != 1 || !strings.Contains(text, "no space left") || q.Stats().Dropped != 0 {
		t.Errorf("%+v, logged %s", q.Stats(), text)
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	until("written again", func() bool { return strings.Contains(log.String(), "is written again") })
	q.die()

	v.answer = nil
	v.take()
	q = open(t, c, apps)
	// What the good one got last may come to it again, for the end was a crash.
	waited := 0
	until("all that has waited", func() bool {
		for _, request := range v.take() {
			if strings.Contains(request, " http://down ") {
				waited += strings.Count(request, " cache_miss ")
			}
		}
		return waited >= told
	})
	if waited != told {
		t.Errorf("%d events have come where %d were waiting", waited, told)
	}
	q.Close(t.Context())
	if got := q.Stats(); got.StoreErrors != 0 || got.Dropped != 0 {
		t.Errorf("%+v", got)
	}
}
