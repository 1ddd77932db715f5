package session_test

import (
	"strings"
	"testing"
)

// TestRefusalWithoutEnd checks that a channel is looked for only where an error
// of a server names one: in a text without end every channel that waits for an
// answer would be looked for everywhere.
func TestRefusalWithoutEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		padding string
		state   string
	}{
		{strings.Repeat(" ", 500), "failed"},
		{strings.Repeat(" ", 2000), "error"},
	} {
		st := newStage(t)
		st.start("1.1", 0)
		ch := st.s.Channel("a")
		st.s.Subscribe(st.now, ch)
		st.settle()
		st.said = nil
		st.text(`{"event":"pusher:error","data":{"code":null,"message":"` + test.padding + `a"}}`)
		if len(st.said) != 1 || !strings.HasPrefix(st.said[0], test.state) {
			t.Errorf("behind %d bytes: got %.100q", len(test.padding), st.said)
		}
	}
}
