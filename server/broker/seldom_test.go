package broker

import (
	"testing"
	"time"
)

func TestSeldom(t *testing.T) {
	t.Parallel()
	s := newSeldom(2)
	now := time.Now()
	for _, step := range []struct {
		after   time.Duration
		skipped int64
		ok      bool
	}{
		{0, 0, true},
		{0, 0, true},
		{0, 0, false},
		{time.Second, 0, false},
		{logEvery, 2, true},
		{0, 0, false},
		{10 * logEvery, 1, true},
		{0, 0, true},
		{0, 0, false},
	} {
		now = now.Add(step.after)
		if skipped, ok := s.may(now); skipped != step.skipped || ok != step.ok {
			t.Errorf("after %v: got %d, %t; want %d, %t", step.after, skipped, ok, step.skipped, step.ok)
		}
	}
}
