package peer

import (
	"strconv"
	"strings"
)

// SocketID tells connections apart: two numbers, which take a quarter of the
// memory of the text that clients are told. The zero value is none.
type SocketID struct{ first, second uint64 }

// ParseSocketID reads the text; what is no id of a connection here gives none.
func ParseSocketID(text string) SocketID {
	first, second, _ := strings.Cut(text, ".")
	var id SocketID
	var err error
	if id.first, err = strconv.ParseUint(first, 10, 64); err != nil {
		return SocketID{}
	}
	if id.second, err = strconv.ParseUint(second, 10, 64); err != nil || id.String() != text {
		return SocketID{} // "01.2" is another text, and so another id
	}
	return id
}

// String returns the text; empty for none.
func (id SocketID) String() string {
	if id == (SocketID{}) {
		return ""
	}
	b := strconv.AppendUint(make([]byte, 0, 41), id.first, 10)
	return string(strconv.AppendUint(append(b, '.'), id.second, 10))
}
