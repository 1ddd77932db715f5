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

// Key returns the memory of an encrypted channel's key.
func Key(ch *Channel) []byte { return ch.secret.key[:] }

// TokenKey returns that of a token that the user has made.
func TokenKey(ch *Channel) []byte { return ch.token.SharedSecret }

// Opening returns how many bytes are kept for decryption.
func Opening(s *Session) int { return cap(s.box.sealed) + cap(s.box.plain) }

// Remembered returns how many client events the session has room to remember,
// for the limit of their rate.
func Remembered(s *Session) int { return cap(s.limit.sent) }

// QueueRetry is how soon a full output queue is looked at again.
const QueueRetry = queueRetry
