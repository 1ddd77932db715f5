package session

// Forget takes a channel back for good: the session keeps nothing of it. A
// subscription that is under way is ended first.
func (s *Session) Forget(ch *Channel) {
	if s.byName[ch.Name] != ch || ch.gone {
		return
	}
	ch.gone = true
	s.gone++
	s.sweep()
}

// remember takes Forget back, when a channel is asked for that is not gone yet.
func (s *Session) remember(ch *Channel) {
	if ch.gone {
		ch.gone = false
		s.gone--
	}
}

// sweep drops the channels that are to be forgotten and of which the server
// has nothing any more. Nobody may be going through the channels meanwhile.
func (s *Session) sweep() {
	if s.gone == 0 {
		return
	}
	kept := s.channels[:0]
	for _, ch := range s.channels {
		if ch.gone && ch.state == absent {
			delete(s.byName, ch.Name)
			s.strays = s.strays || ch.stale
			s.gone--
			continue
		}
		kept = append(kept, ch)
	}
	s.latest = nil
	clear(s.channels[len(kept):])
	s.channels = kept
}
