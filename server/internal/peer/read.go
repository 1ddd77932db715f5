package peer

import (
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// ReadEvent reads the frame of an event, such as that of a Publish, for those
// who watch. Data that is no string comes as the text of its JSON.
func ReadEvent(frame []byte) (event, data string) {
	var parser websocket.Parser
	_, item, err := parser.Next(append([]byte(nil), frame...)) // it changes what it is given
	var m wire.Message
	if err != nil || wire.Parse(item.Payload, &m) != nil {
		return "", ""
	}
	return string(m.Event), string(m.Data)
}
