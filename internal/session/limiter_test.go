package session_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/session"
)

// triggers sends client events at random times, at so many a second on average,
// and compares what the limit lets through with what it should.
func triggers(t *testing.T, limit, rate, n int) *session.Session {
	st := newStage(t)
	st.cfg.EventRate = limit
	st.start("1.1", 0)
	ch := st.s.Channel("private-a")
	st.s.SubscribeAuthorized(st.now, ch, session.Token{Auth: "k:s"})
	st.settle()
	st.text(`{"event":"pusher_internal:subscription_succeeded","channel":"private-a","data":"{}"}`)
	random := rand.New(rand.NewPCG(1, 2))
	var sent []time.Duration // within the last second
	var out []byte
	for range n {
		st.now += time.Duration(random.Int64N(int64(2 * time.Second / time.Duration(rate))))
		for len(sent) > 0 && sent[0]+time.Second <= st.now {
			sent = sent[1:]
		}
		want := error(nil)
		if len(sent) >= limit {
			want = session.ErrRateLimited
		} else {
			sent = append(sent, st.now)
		}
		if err := session.Trigger(st.s, st.now, ch, "client-x", ""); err != want {
			t.Fatalf("limit %d, %d in the last second: %v", limit, len(sent), err)
		}
		out = st.s.Output(out)
	}
	return st.s
}

// TestEventRate checks limits above, at and below what is sent.
func TestEventRate(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 10, 90, 100, 110, 1000} {
		triggers(t, limit, 100, 5000)
	}
}

// TestBoundlessEventRate checks that a limit that is to be none does not cost
// memory for each event that was ever sent.
func TestBoundlessEventRate(t *testing.T) {
	t.Parallel()
	if n := session.Remembered(triggers(t, math.MaxInt, 100, 20_000)); n > 1000 {
		t.Errorf("100 events a second, and %d are remembered", n)
	}
}
