package main

import (
	"encoding/json"
	"os"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"
)

// window is what a contender counts its events with. It warms up, measures,
// prints a result and ends the process.
type window struct {
	warm, span time.Duration

	events, next int64
	began        time.Time
	opened       bool
	at           time.Time
	cpu          time.Duration
	mallocs      uint64
	from         int64
	profile      *os.File // of the window, or nil
}

// profileTo has a CPU profile of the window written to a file, if it has a
// name.
func (w *window) profileTo(path string) (err error) {
	if path != "" {
		w.profile, err = os.Create(path)
	}
	return err
}

// result is what a contender prints.
type result struct {
	Version string  `json:"version"` // of pusher-js, which knows its own
	Events  int64   `json:"events"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`     // seconds, user and system
	Mallocs uint64  `json:"mallocs"` // in the window
}

func (r result) rate() float64 { return float64(r.Events) / r.Seconds }
func (r result) cost() float64 { return r.CPU / float64(r.Events) }

// lookEach is how many events pass between two looks at the clock.
const lookEach = 1024

// add counts events.
func (w *window) add(events int64) {
	w.events += events
	if w.events >= w.next {
		w.look()
	}
}

func (w *window) look() {
	w.next = w.events + lookEach
	now := time.Now()
	switch {
	case w.began.IsZero():
		w.began = now
	case !w.opened && now.Sub(w.began) >= w.warm:
		w.opened, w.from, w.mallocs = true, w.events, mallocs()
		w.at, w.cpu = time.Now(), cpuTime()
		if w.profile != nil {
			_ = pprof.StartCPUProfile(w.profile)
		}
	case w.opened && now.Sub(w.at) >= w.span:
		w.close(now)
	}
}

func (w *window) close(now time.Time) {
	r := result{Events: w.events - w.from, Seconds: now.Sub(w.at).Seconds(), CPU: (cpuTime() - w.cpu).Seconds()}
	r.Mallocs = mallocs() - w.mallocs
	if w.profile != nil {
		pprof.StopCPUProfile()
		_ = w.profile.Close()
	}
	_ = json.NewEncoder(os.Stdout).Encode(r)
	os.Exit(0)
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// cpuTime is what this process has used, user and system.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
