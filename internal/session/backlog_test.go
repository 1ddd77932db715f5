package session_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/session"
)

// TestLargeBacklog fills a backlog of a mebibyte before the subscription, and
// has it sent behind it, in order. To look at all that waits for each event that
// comes would take minutes.
func TestLargeBacklog(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.cfg.Backlog, st.cfg.EventRate = 1<<20, -1
	st.start("1.1", 0)
	ch := st.s.Channel("private-a")
	st.s.SubscribeAuthorized(st.now, ch, session.Token{Auth: "k:s"})
	st.settle()
	n := 0
	for session.Trigger(st.s, st.now, ch, "client-x", strconv.Itoa(n)) == nil {
		n++
	}
	st.said = nil
	st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"private-a","data":"{}"}`)
	for len(st.said) < n+1 {
		said := len(st.said)
		st.advance(session.QueueRetry)
		if len(st.said) == said {
			break
		}
	}
	if len(st.said) != n+1 || n < 40_000 {
		t.Fatalf("%d events have waited, and %d lines are said", n, len(st.said))
	}
	for i, line := range st.said[1:] {
		if want := `"data":` + strconv.Itoa(i) + `}`; !strings.HasSuffix(line, want) {
			t.Fatalf("event %d is %s", i, line)
		}
	}
}
