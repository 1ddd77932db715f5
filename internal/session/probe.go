package session

import (
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
)

// Probe finds out at once how things are: the machine has woken up, or its
// network has changed. A connection is pinged and has a short time to answer;
// a wait for the next attempt ends now.
func (s *Session) Probe(now time.Duration) {
	s.adaptive = 0 // it was learned on a network that may be another now
	limit := min(s.cfg.PongTimeout, probeTimeout)
	switch s.phase {
	case waiting:
		s.dial(now)
	case dialing, opening, greeting:
		s.connectBy = min(s.connectBy, now+limit)
	case ready:
		if !s.pinged {
			s.pinged, s.pongBy = true, now+s.cfg.PongTimeout
			s.sendPing()
		}
		s.pongBy = min(s.pongBy, now+limit)
	}
}

// died learns from a connection that ended without a word soon after it was
// made: something on the way forgets connections that are silent. The next ones
// ping in half that time. One that was not silent has another reason, a server
// that restarted perhaps, and is no lesson.
func (s *Session) died(now time.Duration) {
	if s.phase != ready || now-s.heard < leastAdaptive {
		return
	}
	if life := now - s.readyAt; life < 2*s.cfg.ActivityTimeout {
		s.adaptive = max(life/2, leastAdaptive)
	}
}

// Retarget goes on with another server, or another application. Channels and
// what is wanted of them stay; tokens are asked for anew.
func (s *Session) Retarget(now time.Duration, to Target) {
	s.cfg.Target = to
	s.tls = to.TLS
	s.adaptive, s.attempts, s.failures = 0, 0, 0
	if s.phase == idle {
		return
	}
	s.hangup(websocket.CodeNormal)
	s.forget()
	s.unavailableAt = now + unavailable
	s.setState(Connecting, nil)
	s.dial(now)
}

// Target is where a session connects to.
type Target struct {
	Host string // of the Host header, with the port unless it is the scheme's own
	Path string // of the request, with the query
	TLS  bool
}
