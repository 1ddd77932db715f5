package wire

// Message is one envelope. Its slices are borrowed from the buffer that was
// parsed, and valid as long as that is left alone.
type Message struct {
	Event   []byte
	Channel []byte
	// UserID is the sender as the server vouches for it: a string's content,
	// or the text of a number, which some servers send.
	UserID []byte
	// Data is the content of a string, or the JSON text of any other value.
	Data     []byte
	DataKind Kind
}

// Parse reads the envelope in b. It checks all of b before it changes any of
// it, so that a malformed message can still be shown as it came. Unknown
// members are ignored; of several with the same name the last wins.
func Parse(b []byte, m *Message) error {
	var event, channel, user, data Value
	members := Members(b)
	for members.Next() {
		switch name := members.Name; string(name) {
		case "event":
			event = members.Value
		case "channel":
			channel = members.Value
		case "data":
			data = members.Value
		case "user_id":
			user = members.Value
		default:
			if indexEscape(name) == len(name) {
				continue
			}
			switch { // a name written with escapes: legal, and never seen
			case members.Is("event"):
				event = members.Value
			case members.Is("channel"):
				channel = members.Value
			case members.Is("data"):
				data = members.Value
			case members.Is("user_id"):
				user = members.Value
			}
		}
	}
	if members.Err != nil {
		return members.Err
	}
	if skipSpace(b, members.rest()) != len(b) {
		return ErrSyntax
	}

	*m = Message{DataKind: data.Kind()}
	if event.Kind() == String {
		m.Event = event.Unescape()
	}
	if channel.Kind() == String {
		m.Channel = channel.Unescape()
	}
	if k := user.Kind(); k == String || k == Number {
		m.UserID = user.Unescape()
	}
	m.Data = data.Unescape()
	return nil
}

// Payload returns what the data of a protocol event holds, whichever way the
// server wrote it: as an object, or as a string that holds the JSON text of
// one. Absent when it is neither.
func (m *Message) Payload() Value {
	v := Value(m.Data)
	if m.DataKind == String {
		v, _ = ParseValue(m.Data)
	}
	if v.Kind() != Object {
		return nil
	}
	return v
}
