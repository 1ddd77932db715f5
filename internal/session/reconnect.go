package session

import (
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
)

// action is what follows the end of a connection.
type action uint8

const (
	retry   action = iota // try again after a random part of the present delay
	backoff               // the same, but not before a second has passed
	secure                // try again at once, over TLS from now on
	stop                  // the server would refuse again
)

// actionFor is the table of the protocol's "Connection closure": what a code
// asks of the client.
func actionFor(code int) action {
	switch {
	case code == 4000:
		return secure
	case code >= 4001 && code <= 4099:
		return stop
	case code >= 4100 && code <= 4199:
		return backoff
	case code >= websocket.CodeProtocol && code <= 1004:
		return backoff
	}
	return retry
}

// lose ends the present connection or attempt and does what action says.
func (s *Session) lose(now time.Duration, err error, do action) {
	if s.phase == ready {
		if now-s.readyAt >= stable {
			s.attempts = 0
		}
		s.unavailableAt = now + unavailable
	} else {
		s.failures++
	}
	s.forget()

	if s.cfg.Attempts > 0 && s.failures >= s.cfg.Attempts && do != stop {
		do, err = stop, &AttemptsError{s.cfg.Attempts, err}
	}
	switch do {
	case stop:
		s.phase, s.err, s.unavailableAt = idle, err, 0
		s.setState(Failed, err)
		return
	case secure:
		if !s.tls {
			s.tls = true
			s.interrupted(err, 0)
			s.dial(now)
			return
		}
		do = backoff // it asks for TLS over TLS: no reason to hurry
	}

	delay := s.random.jitter(s.delay())
	if do == backoff {
		delay += retryFirst
	}
	s.attempts++
	s.phase, s.retryAt = waiting, now+delay
	s.interrupted(err, delay)
}

// interrupted tells why the connection, or the attempt, has ended, and when the
// next one starts.
func (s *Session) interrupted(err error, delay time.Duration) {
	kind := Failure // the state stays what it was, so the reason needs an event of its own
	if s.state == Connected {
		kind = StateChanged
	}
	ev := s.events.push(kind, nil, err)
	ev.Retry, ev.Ended = delay, true
	if kind == StateChanged {
		s.state, ev.State, ev.Previous = Connecting, Connecting, Connected
	}
}

// delay is the most that the next attempt may have to wait.
func (s *Session) delay() time.Duration {
	return growing(s.attempts)
}

// closeCode is what a connection is closed with because of err.
func closeCode(err error) int {
	switch err := err.(type) {
	case *websocket.Error:
		return err.Code
	case *CloseError:
		return websocket.CodeNormal
	}
	switch err {
	case ErrHandshake:
		return websocket.CodeProtocol
	case ErrBinary:
		return websocket.CodeUnsupported
	}
	return websocket.CodeGoingAway
}
