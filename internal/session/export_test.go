package session

// ChannelNames returns what the session knows.
func (s *Session) ChannelNames() []string {
	var names []string
	for _, ch := range s.channels {
		names = append(names, ch.Name)
	}
	if len(names) != len(s.byName) {
		panic("the list and the map differ")
	}
	return names
}
