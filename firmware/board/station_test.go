package board

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// radio is a driver that says what it was asked.
type radio struct {
	did   string
	fails error
	down  bool
}

func (r *radio) station() *Station {
	act := func(what string) func() error {
		return func() error {
			r.did += what + " "
			return r.fails
		}
	}
	return &Station{
		Join: act("join"), Rejoin: act("rejoin"), Leave: func() { r.did += "leave " },
		Linked: func() bool { return !r.down },
		log:    func(string) {},
	}
}

func TestStation(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := &radio{fails: errors.New("no such network")}
	s := r.station()
	step := func(what, did string, up bool) {
		t.Helper()
		err := s.Up(ctx)
		if (err == nil) != up || r.did != did {
			t.Errorf("%s: did %q, want %q: %v", what, r.did, did, err)
		}
		if err != nil && !strings.Contains(err.Error(), "no such network") {
			t.Errorf("%s: %v", what, err)
		}
		r.did = ""
	}
	step("nobody there", "join ", false)
	step("still nobody there", "join ", false)
	r.fails = nil
	step("there", "join ", true)
	step("joined already", "", true)

	for range maxDoubts - 1 {
		s.Lost(nil)
	}
	step("a server that restarts", "", true)
	s.works()
	for range maxDoubts {
		s.Lost(nil)
	}
	step("too many in a row", "leave rejoin ", true)
	step("joined again", "", true)

	r.down = true
	if up, lost := s.state(); up || !lost {
		t.Errorf("the link is gone: up %v, lost %v", up, lost)
	}
	if up, lost := s.state(); up || lost {
		t.Errorf("which is told once: up %v, lost %v", up, lost)
	}
	r.fails = errors.New("no such network")
	step("the access point is off", "leave rejoin ", false)
	r.fails, r.down = nil, false
	step("the access point is back", "leave rejoin ", true)

	// Drivers of few words.
	did := 0
	s = &Station{Join: func() error { did++; return nil }}
	for range maxDoubts {
		_ = s.Up(ctx)
		s.Lost(nil)
	}
	if err := s.Up(ctx); err != nil || did != 2 {
		t.Errorf("joined %d times, %v", did, err)
	}
}

// TestStationIsPatient has a driver that takes longer than the client waits.
func TestStationIsPatient(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	s := &Station{Join: func() error {
		close(begun) // which works once
		<-release
		return nil
	}}
	first := make(chan error)
	go func() { first <- s.Up(context.Background()) }()
	<-begun
	if err := s.Up(context.Background()); err != errJoining {
		t.Errorf("while it joins: %v", err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if err := s.Up(context.Background()); err != nil {
		t.Errorf("behind it: %v", err)
	}
}
