package broker

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestCountsOfManyAreRare has a channel grow beyond a hundred: from there on
// the number is told at most every five seconds, and the last one always.
func TestCountsOfManyAreRare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := testApp(t)
		app.hub.counts.Store(true)
		k := &collector{}
		app.stranger(0, k).enter("room")
		told := func(want ...int) {
			t.Helper()
			synctest.Wait()
			var got []string
			k.mu.Lock()
			for _, frame := range k.frames {
				if _, after, ok := strings.Cut(frame, `{\"subscription_count\":`); ok {
					got = append(got, strings.TrimSuffix(after, `}"}`))
				}
			}
			k.frames = nil
			k.mu.Unlock()
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("told %v, want %v", got, want)
			}
		}
		told(1)
		var others []*client
		join := func(n int) {
			for range n {
				c := app.stranger(len(others)+1, void{})
				c.enter("room")
				others = append(others, c)
			}
		}
		leave := func(n int) {
			for range n {
				others[len(others)-1].gone()
				others = others[:len(others)-1]
			}
		}
		join(98)
		k.frames = nil
		join(1)
		told(100)
		join(1)
		told(101)
		join(10)
		told()
		time.Sleep(countEvery - 1)
		told()
		time.Sleep(time.Nanosecond)
		told(111)
		time.Sleep(time.Hour)
		told()
		leave(1)
		told(110)
		leave(9)
		told()
		leave(1)
		told(100)
		time.Sleep(time.Hour)
		told()
		join(5)
		told(101)
		for _, c := range others {
			c.gone()
		}
		time.Sleep(time.Hour)
	})
}
