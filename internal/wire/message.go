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

// member is what was found of one. A string that is simple enough is taken as
// it is checked: its content is b[from:to] then, and its closing quote was at
// end. Any other value is as it came.
type member struct {
	value         Value
	from, to, end int
	taken         bool // the last of that name was: value is an earlier one's
}

// Parse reads the envelope in b. A message that is malformed, or names no event,
// is left as it came, so that it can be shown; m is empty for the latter. Unknown
// members are ignored; of several with the same name the last wins.
func Parse(b []byte, m *Message) error {
	var found [members]member
	walker := Members(b)
	for {
		which := walker.peek()
		if which == unknown {
			if !walker.next() {
				break
			}
			which = memberOf(&walker)
		}
		if which == unknown {
			if !walker.skip() {
				break
			}
			continue
		}
		f := &found[which]
		if i := walker.i; f.end == 0 && i < len(b) && b[i] == '"' {
			if to, end, ok := takeString(b, i); ok {
				f.from, f.to, f.end, f.taken = i+1, to, end-1, true
				walker.i = end
				continue
			}
		}
		if !walker.skip() {
			break
		}
		f.value, f.taken = walker.Value, false
	}
	err := walker.Err
	if err == nil && skipSpace(b, walker.rest()) != len(b) {
		err = ErrSyntax
	}
	if err != nil || !found[memberEvent].isText() {
		for i := range found {
			if f := &found[i]; f.end != 0 {
				requote(b, f.from, f.to, f.end, false)
			}
		}
		if err == nil {
			*m = Message{}
		}
		return err
	}

	var kind Kind
	*m = Message{}
	m.Event, _ = found[memberEvent].content(b)
	m.Data, m.DataKind = found[memberData].content(b)
	if m.Channel, kind = found[memberChannel].content(b); kind != String {
		m.Channel = nil
	}
	if m.UserID, kind = found[memberUser].content(b); kind != String && kind != Number {
		m.UserID = nil
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

// isText says whether it is a string with something in it.
func (f *member) isText() bool {
	if f.taken {
		return f.from < f.to
	}
	return f.value.Kind() == String && len(f.value) > len(`""`)
}

// content returns a string's content, and any other value as it is.
func (f *member) content(b []byte) ([]byte, Kind) {
	if f.taken {
		return b[f.from:f.to], String
	}
	return f.value.Unescape(), f.value.Kind()
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
