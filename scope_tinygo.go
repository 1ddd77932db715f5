//go:build tinygo

package thimble

import (
	"context"
	"sync"
	"time"
)

// scope is a context like those of package context, which take 6 KB of flash
// here. Its parents are scopes, or never end.
type scope struct {
	parent *scope // nil: none
	due    int64  // in nanoseconds of Unix time, since a time.Time would bring what prints dates; 0: never
	done   chan struct{}

	mu    sync.Mutex
	err   error
	after []*ending
}

// ending is what is to be done at the end of a scope.
type ending struct{ fn func() }

func newScope(parent context.Context) (context.Context, func()) {
	s, end := makeScope(parent)
	return s, end
}

func makeScope(parent context.Context) (s *scope, end func()) {
	s = &scope{done: make(chan struct{})}
	s.parent, _ = parent.(*scope)
	if s.parent == nil {
		return s, func() { s.end(context.Canceled) }
	}
	stop := afterScope(s.parent, func() { s.end(s.parent.Err()) })
	s.due = s.parent.due
	return s, func() {
		stop()
		s.end(context.Canceled)
	}
}

func timedScope(parent context.Context, d time.Duration) (context.Context, func()) {
	s, end := makeScope(parent)
	if due := deadline(d).UnixNano(); s.due == 0 || due < s.due {
		s.due = due
	}
	timer := time.AfterFunc(d, func() { s.end(context.DeadlineExceeded) })
	return s, func() {
		timer.Stop()
		end()
	}
}

func afterScope(ctx context.Context, fn func()) (stop func() bool) {
	s := ctx.(*scope)
	e := &ending{fn}
	s.mu.Lock()
	ended := s.err != nil
	if !ended {
		s.after = append(s.after, e)
	}
	s.mu.Unlock()
	if ended {
		fn()
	}
	return func() bool { return s.forget(e) }
}

// forget takes an ending back; false if it is too late.
func (s *scope) forget(e *ending) bool {
	s.mu.Lock()
	for i, other := range s.after {
		if other == e {
			last := len(s.after) - 1
			s.after[i], s.after[last] = s.after[last], nil
			s.after = s.after[:last]
			s.mu.Unlock()
			return true
		}
	}
	s.mu.Unlock()
	return false
}

func (s *scope) end(err error) {
	s.mu.Lock()
	if s.err != nil {
		s.mu.Unlock()
		return
	}
	s.err = err
	after := s.after
	s.after = nil
	close(s.done)
	s.mu.Unlock()
	for _, e := range after {
		e.fn()
	}
}

// The methods of a context.

func (s *scope) Deadline() (time.Time, bool) { return time.Unix(0, s.due), s.due != 0 }

func (s *scope) Done() <-chan struct{} { return s.done }

func (s *scope) Err() error {
	s.mu.Lock()
	err := s.err
	s.mu.Unlock()
	return err
}

func (s *scope) Value(any) any { return nil }
