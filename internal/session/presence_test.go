package session_test

import (
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/session"
)

// TestLargeMembers checks that the bytes of members are bounded, not only their
// number: one info may be as large as a message.
func TestLargeMembers(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.cfg.MaxMembers = 10 // and so 40 KiB
	st.start("1.1", 0)
	ch := st.s.Channel("presence-a")
	st.s.SubscribeAuthorized(st.now, ch, session.Token{Auth: "k:s", ChannelData: `{"user_id":"me"}`})
	st.settle()
	st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{}"}`)
	members := func(event, id string, size int) {
		info := ""
		if size > 0 {
			info = `,"user_info":"` + strings.Repeat("x", size-2) + `"`
		}
		st.text(`{"event":"pusher_internal:` + event + `","channel":"presence-a","data":{"user_id":"` + id + `"` + info + `}}`)
	}
	sizes := func() string {
		var all []string
		for _, id := range []string{"a", "b", "c", "d"} {
			if m, ok := ch.Member(id); ok {
				all = append(all, id+strings.Repeat("*", len(m.Info)/10000))
			}
		}
		return strings.Join(all, " ")
	}
	for _, step := range []struct {
		event, id string
		size      int
		want      string
	}{
		{"member_added", "a", 10_000, "a*"},
		{"member_added", "b", 20_000, "a* b**"},
		{"member_added", "c", 20_000, "a* b**"}, // does not fit
		{"member_added", "c", 10_000, "a* b** c*"},
		{"member_added", "b", 30_000, "a* b** c*"},
		{"member_added", "b", 10_000, "a* b* c*"},
		{"member_removed", "a", 0, "b* c*"},
		{"member_added", "d", 20_000, "b* c* d**"},
		{"member_removed", "a", 0, "b* c* d**"}, // again
		{"member_added", "a", 10_000, "b* c* d**"},
	} {
		members(step.event, step.id, step.size)
		if got := sizes(); got != step.want {
			t.Errorf("%s %s: the members are %s, not %s", step.event, step.id, got, step.want)
		}
	}
	told := 0
	for _, line := range st.said {
		if strings.HasPrefix(line, "error") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times that there are too many", told)
	}
}
