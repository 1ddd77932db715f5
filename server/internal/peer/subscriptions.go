package peer

// Subscription is one channel that the client is on.
type Subscription struct {
	Channel string
	UserID  string // of the member, on a presence channel
	Ref     any    // what Joined was given
}

// subscriptions is a short list mostly, so it is one until it grows: a map
// for every connection would cost more than the rest of it.
type subscriptions struct {
	list  []Subscription
	index map[string]int // position in list; nil while the list is short
}

// indexFrom is the length from which on a map is faster than looking.
const indexFrom = 16

// find returns the position of a channel, -1 when the client is not on it.
func (s *subscriptions) find(channel []byte) int {
	if s.index != nil {
		if i, ok := s.index[string(channel)]; ok {
			return i
		}
		return -1
	}
	for i := range s.list {
		if s.list[i].Channel == string(channel) {
			return i
		}
	}
	return -1
}

func (s *subscriptions) add(sub Subscription) {
	s.list = append(s.list, sub)
	switch {
	case s.index != nil:
		s.index[sub.Channel] = len(s.list) - 1
	case len(s.list) > indexFrom:
		s.index = make(map[string]int, len(s.list))
		for i := range s.list {
			s.index[s.list[i].Channel] = i
		}
	}
}

// remove takes the one at position i out; the last takes its place.
func (s *subscriptions) remove(i int) {
	last := len(s.list) - 1
	if s.index != nil {
		delete(s.index, s.list[i].Channel)
		if i != last {
			s.index[s.list[last].Channel] = i
		}
	}
	s.list[i] = s.list[last]
	s.list[last] = Subscription{}
	s.list = s.list[:last]
}
