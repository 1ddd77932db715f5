//go:build !tinygo

package thimble

import "encoding/json"

// Decode parses data that is JSON into v, as json.Unmarshal does. Boards have
// no room for that: they use Field.
func (e Event) Decode(v any) error { return json.Unmarshal(e.Data, v) }
