package webhook

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func newLanes(batch bool) *lanes {
	return &lanes{batch: batch, spread: func(d time.Duration) time.Duration { return d }}
}

func event(channel, text string, since time.Duration) *item {
	return &item{channel: channel, json: []byte(text), since: since}
}

// texts joins what a request has.
func (r *request) texts() string {
	if r == nil {
		return "nothing"
	}
	var all []string
	for _, i := range r.items {
		all = append(all, string(i.json))
	}
	return strings.Join(all, " ")
}

func TestOneAtATimeFromEachChannel(t *testing.T) {
	t.Parallel()
	l := newLanes(false)
	for _, text := range []string{"a1", "a2", "b1", "b2", "c1"} {
		l.add(event(text[:1], text, 0))
	}
	a, b, c := l.take(0), l.take(0), l.take(0)
	if got := a.texts() + b.texts() + c.texts(); got != "a1b1c1" {
		t.Fatalf("took %s", got)
	}
	if r := l.take(0); r != nil {
		t.Fatalf("took %s while those before it are on their way", r.texts())
	}
	l.done(b)
	if r := l.take(0); r.texts() != "b2" {
		t.Errorf("took %s", r.texts())
	}
	l.done(c)
	if len(l.byChannel) != 2 {
		t.Errorf("%d lanes", len(l.byChannel))
	}
}

func TestRequestsAtOnce(t *testing.T) {
	t.Parallel()
	l := newLanes(false)
	for i := range requestsAtOnce + 1 {
		l.add(event(fmt.Sprint(i), "x", 0))
	}
	var first *request
	for i := range requestsAtOnce {
		r := l.take(0)
		if r == nil {
			t.Fatalf("only %d requests", i)
		}
		first = r
	}
	if l.take(0) != nil {
		t.Error("one more")
	}
	l.done(first)
	if l.take(0) == nil {
		t.Error("none, though one has ended")
	}
}

// What fails is tried again after 1, 2, 4 seconds and so on, up to a minute
// apart, for five minutes; then it is dropped, with what is as old.
func TestRetries(t *testing.T) {
	t.Parallel()
	l := newLanes(false)
	l.add(event("a", "a1", 0))
	l.add(event("a", "a2", 0))
	l.add(event("a", "a3", time.Second))
	var at []time.Duration
	now := time.Duration(0)
	for {
		r := l.take(now)
		if r.texts() != "a1" {
			t.Fatalf("at %v: %s", now, r.texts())
		}
		at = append(at, now)
		if dropped := l.failed(r, now); len(dropped) > 0 {
			if len(dropped) != 2 || string(dropped[1].json) != "a2" {
				t.Errorf("dropped %v", dropped)
			}
			break
		}
		due, _ := l.next()
		if r := l.take(due - 1); r != nil {
			t.Fatalf("%s comes before its time", r.texts())
		}
		now = due
	}
	if got := fmt.Sprint(at); got != "[0s 1s 3s 7s 15s 31s 1m3s 2m3s 3m3s 4m3s 5m0s]" {
		t.Errorf("tried at %s", got)
	}
	due, _ := l.next()
	if due != 5*time.Minute+time.Second {
		t.Errorf("the next is tried at %v", due)
	}
	r := l.take(due)
	if r.texts() != "a3" {
		t.Fatalf("then %s", r.texts())
	}
	l.done(r)
	l.add(event("a", "a4", due))
	l.failed(l.take(due), due)
	if next, _ := l.next(); next != due+time.Second {
		t.Error("the delay is not short again after a success")
	}
}

// What fails on one channel holds up no other.
func TestLanesDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	l := newLanes(false)
	for _, text := range []string{"a1", "b1", "a2", "b2"} {
		l.add(event(text[:1], text, 0))
	}
	l.failed(l.take(0), 0)
	for _, want := range []string{"b1", "b2"} {
		r := l.take(0)
		if r.texts() != want {
			t.Fatalf("took %s", r.texts())
		}
		l.done(r)
	}
	if l.take(0) != nil {
		t.Error("a1 comes too early")
	}
	r := l.take(time.Second)
	l.done(r)
	if got := r.texts() + l.take(time.Second).texts(); got != "a1a2" {
		t.Errorf("took %s", got)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	l := newLanes(true)
	for i := range batchEvents + 20 {
		l.add(event(fmt.Sprint(i%7), fmt.Sprint(i), 0))
	}
	r := l.take(0)
	if len(r.items) != batchEvents {
		t.Errorf("%d events", len(r.items))
	}
	l.add(event("8", "later", 0))
	if l.take(0) != nil {
		t.Error("a second batch while the first is on its way")
	}
	l.done(r)
	if r = l.take(0); len(r.items) != 21 {
		t.Errorf("%d events", len(r.items))
	}
	l.done(r)

	large := strings.Repeat("x", batchBytes/2)
	for _, text := range []string{large, large, "a", large + large + large, "b"} {
		l.add(event("a", text, 0))
	}
	for _, want := range []int{2, 1, 1, 1} {
		r := l.take(0)
		if len(r.items) != want {
			t.Errorf("%d events, want %d", len(r.items), want)
		}
		l.done(r)
	}
}

// At the end everything is tried once, and nothing is lost.
func TestFinish(t *testing.T) {
	t.Parallel()
	l := newLanes(false)
	for _, text := range []string{"a1", "a2", "b1", "b2"} {
		l.add(event(text[:1], text, 0))
	}
	l.failed(l.take(0), 0)
	l.finish()
	l.failed(l.take(keepTrying), keepTrying)
	r := l.take(keepTrying)
	if r.texts() != "a1" {
		t.Fatalf("took %s", r.texts())
	}
	l.done(r)
	l.failed(l.take(keepTrying), keepTrying)
	if r := l.take(keepTrying); r != nil {
		t.Errorf("took %s", r.texts())
	}
	if left := l.leave(); len(left) != 3 {
		t.Errorf("%d are left", len(left))
	}
}

// TestLanesKeepTheOrder has requests succeed and fail, and end in any order.
// Each event is delivered or dropped once, those of a channel in order.
func TestLanesKeepTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := newLanes(rapid.Bool().Draw(t, "batch"))
		now := time.Duration(0)
		added, ended, flying := map[string]int{}, map[string]int{}, []*request(nil)
		end := func(items []*item) {
			for _, i := range items {
				if want := fmt.Sprint(ended[i.channel]); string(i.json) != want {
					t.Fatalf("%s: %s ended, want %s", i.channel, i.json, want)
				}
				ended[i.channel]++
			}
		}
		finish := func(good bool) {
			at := rapid.IntRange(0, len(flying)-1).Draw(t, "which")
			r := flying[at]
			flying = append(flying[:at], flying[at+1:]...)
			if good {
				l.done(r)
				end(r.items)
			} else {
				end(l.failed(r, now))
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				channel := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "channel")
				l.add(event(channel, fmt.Sprint(added[channel]), now))
				added[channel]++
			case 1:
				now += time.Duration(rapid.IntRange(0, 200).Draw(t, "seconds")) * time.Second
			case 2:
				if r := l.take(now); r != nil {
					flying = append(flying, r)
				}
			case 3, 4:
				if len(flying) > 0 {
					finish(rapid.Bool().Draw(t, "good"))
				}
			}
		}
		for len(l.byChannel) > 0 {
			for r := l.take(now); r != nil; r = l.take(now) {
				flying = append(flying, r)
			}
			if len(flying) == 0 {
				at, any := l.next()
				if !any {
					t.Fatal("nothing will happen any more")
				}
				now = at
				continue
			}
			finish(true)
		}
		if fmt.Sprint(added) != fmt.Sprint(ended) {
			t.Fatalf("added %v, ended %v", added, ended)
		}
	})
}
