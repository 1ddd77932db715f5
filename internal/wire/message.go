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

// Parse reads the envelope in b. A malformed message is left as it came, so that
// it can be shown. Unknown members are ignored; of several with the same name
// the last wins.
func Parse(b []byte, m *Message) error {
	var event, channel, user, data Value
	// Where data is a string, which it nearly always is, its content is taken
	// as it is checked: taken is where it stands, and where it ended before.
	var taken struct{ from, to, end int }
	use := false // that is the data
	members := Members(b)
	for members.next() {
		if string(members.Name) == "data" && taken.end == 0 && members.i < len(b) && b[members.i] == '"' {
			if w, end, ok := takeString(b, members.i); ok {
				taken.from, taken.to, taken.end = members.i+1, w, end
				use, members.i = true, end
				continue
			}
		}
		if !members.skip() {
			break
		}
		switch name := members.Name; string(name) {
		case "event":
			event = members.Value
		case "channel":
			channel = members.Value
		case "data":
			data, use = members.Value, false
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
				data, use = members.Value, false
			case members.Is("user_id"):
				user = members.Value
			}
		}
	}
	err := members.Err
	if err == nil && skipSpace(b, members.rest()) != len(b) {
		err = ErrSyntax
	}
	if err != nil {
		if taken.end != 0 {
			requote(b, taken.from, taken.to, taken.end-1, false)
		}
		return err
	}

	*m = Message{}
	if event.Kind() == String {
		m.Event = event.Unescape()
	}
	if channel.Kind() == String {
		m.Channel = channel.Unescape()
	}
	if k := user.Kind(); k == String || k == Number {
		m.UserID = user.Unescape()
	}
	if use {
		m.Data, m.DataKind = b[taken.from:taken.to], String
	} else {
		m.Data, m.DataKind = data.Unescape(), data.Kind()
	}
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
