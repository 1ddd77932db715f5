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

// The members of an envelope that mean something.
const (
	memberEvent = iota
	memberChannel
	memberData
	memberUser
	members // how many they are
	unknown = -1
)

// Parse reads the envelope in b. A message that is malformed, or names no event,
// is left as it came, so that it can be shown; m is empty for the latter. Unknown
// members are ignored; of several with the same name the last wins.
func Parse(b []byte, m *Message) error {
	if parseUsual(b, m) {
		return nil
	}
	var found [members]Value
	walker := Members(b)
	for walker.Next() {
		if which := memberOf(&walker); which != unknown {
			found[which] = walker.Value
		}
	}
	if walker.Err != nil {
		return walker.Err
	}
	if skipSpace(b, walker.rest()) != len(b) {
		return ErrSyntax
	}
	*m = Message{}
	if event := found[memberEvent]; event.Kind() != String || len(event) == len(`""`) {
		return nil
	}
	m.Event = found[memberEvent].Unescape()
	m.Data, m.DataKind = found[memberData].Unescape(), found[memberData].Kind()
	if v := found[memberChannel]; v.Kind() == String {
		m.Channel = v.Unescape()
	}
	if v := found[memberUser]; v.Kind() == String || v.Kind() == Number {
		m.UserID = v.Unescape()
	}
	return nil
}

func memberOf(w *Walker) int {
	switch View(w.Name) {
	case "event":
		return memberEvent
	case "channel":
		return memberChannel
	case "data":
		return memberData
	case "user_id":
		return memberUser
	}
	if indexEscape(w.Name) < len(w.Name) { // legal, and never seen
		for which, name := range [members]string{"event", "channel", "data", "user_id"} {
			if w.Is(name) {
				return which
			}
		}
	}
	return unknown
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
