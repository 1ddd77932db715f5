package board

import (
	"context"
	"errors"
	"sync"
)

// Station keeps a Wi-Fi station joined: it is the Network of a client. A
// driver's functions are all that it needs.
type Station struct {
	// Join joins the access point and gets an address. Its error is printed,
	// and it is called again after a while, which grows.
	Join func() error

	// Rejoin does the same once Join has succeeded, for drivers to which that
	// is another matter. Zero: Join.
	Rejoin func() error

	// Leave is called before Rejoin. Zero: nothing.
	Leave func()

	// Linked says whether the access point is still heard; it is called often.
	// Zero: nobody knows, and the link counts as lost when three connections
	// in a row have failed.
	Linked func() bool

	log    func(text string)
	mu     sync.Mutex // all below
	busy   bool       // Join runs
	joined bool       // it has succeeded
	up     bool       // as far as we know
	doubts int        // connections in a row that failed since
}

// maxDoubts is how many connections may fail before the link is made anew: a
// server that restarts is no reason to.
const maxDoubts = 3

var errJoining = errors.New("Wi-Fi: still joining")

// Up joins the network unless it is joined. A driver that takes longer than the
// client's patience is waited for, and not called a second time meanwhile.
func (s *Station) Up(context.Context) error {
	s.mu.Lock()
	if s.busy {
		s.mu.Unlock()
		return errJoining
	}
	if s.up && s.doubts < maxDoubts && s.linked() {
		s.mu.Unlock()
		return nil
	}
	join, leave := s.Join, func() {}
	if s.joined {
		if s.Rejoin != nil {
			join = s.Rejoin
		}
		if s.Leave != nil {
			leave = s.Leave
		}
	}
	s.busy, s.up = true, false
	s.mu.Unlock()

	leave()
	s.say("Wi-Fi: joining")
	err := join()

	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = false
	if err != nil {
		return errors.New("Wi-Fi: " + err.Error())
	}
	s.joined, s.up, s.doubts = true, true, 0
	s.say("Wi-Fi: joined")
	return nil
}

// Lost counts against the link.
func (s *Station) Lost(error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doubts++
}

func (s *Station) say(text string) {
	if s.log != nil {
		s.log(text)
	}
}

func (s *Station) linked() bool { return s.Linked == nil || s.Linked() }

// works says that a connection proves the link.
func (s *Station) works() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doubts = 0
}

// state says whether the link is up, and whether it has just been found to be
// down.
func (s *Station) state() (up, lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.up && !s.linked() {
		s.up = false
		s.say("Wi-Fi: lost")
		return false, true
	}
	return s.up, false
}
