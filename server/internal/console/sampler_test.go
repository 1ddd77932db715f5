package console

import (
	"testing"
	"time"
)

// second has n events of each kind come in the second that begins at now, one
// after the other in turn, and returns how many of each are shown.
func second(s *sampler, now time.Duration, n map[Kind]int) map[Kind]int {
	shown := make(map[Kind]int)
	most := 0
	for _, many := range n {
		most = max(most, many)
	}
	for i := range most {
		for kind, many := range n {
			if i < many && s.take(kind, now+time.Duration(i)*window/time.Duration(most)) {
				shown[kind]++
			}
		}
	}
	return shown
}

func TestSampler(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before, now map[Kind]int // events of two seconds that follow each other
		want        map[Kind]int // shown in the second one
	}{
		"as many as there is room for": {nil, map[Kind]int{APIMessage: rowsPerWindow}, map[Kind]int{APIMessage: rowsPerWindow}},
		"a burst":                      {nil, map[Kind]int{APIMessage: 1000}, map[Kind]int{APIMessage: rowsPerWindow}},
		"one in sixty, evenly":         {map[Kind]int{APIMessage: 3000}, map[Kind]int{APIMessage: 3000}, map[Kind]int{APIMessage: rowsPerWindow}},
		"less than before":             {map[Kind]int{APIMessage: 3000}, map[Kind]int{APIMessage: 100}, map[Kind]int{APIMessage: 2}},
		"a burst beside few":           {map[Kind]int{Connected: 40}, map[Kind]int{APIMessage: 4000, Connected: 40}, map[Kind]int{Connected: 40}},
		"few beside many": {
			map[Kind]int{APIMessage: 6000, Connected: 5}, map[Kind]int{APIMessage: 5500, Connected: 5},
			map[Kind]int{APIMessage: 42, Connected: 5}, // one in 134, since 45 rows are left
		},
		"two that are many share": {
			map[Kind]int{APIMessage: 6000, ClientMessage: 3000}, map[Kind]int{APIMessage: 6000, ClientMessage: 3000},
			map[Kind]int{APIMessage: 25, ClientMessage: 25},
		},
	} {
		var s sampler
		second(&s, 0, test.before)
		shown := second(&s, window, test.now)
		for kind, want := range test.want {
			if shown[kind] != want {
				t.Errorf("%s: %d of %d %ss are shown, want %d", name, shown[kind], test.now[kind], kind, want)
			}
		}
	}
}

// A flood of one kind leaves rows for another that comes behind it in the same
// second.
func TestSamplerReserves(t *testing.T) {
	t.Parallel()
	var s sampler
	for range 100_000 {
		s.take(APIMessage, 0)
	}
	for kind := range kinds {
		for i := range reservedRows + 1 {
			if shown := s.take(kind, window-1); shown != (i < reservedRows && kind != APIMessage) {
				t.Errorf("%s %d: shown is %t", kind, i, shown)
			}
		}
	}
}

// What is shown never exceeds its bound, whatever comes, and every event is
// accounted for.
func TestSamplerIsBounded(t *testing.T) {
	t.Parallel()
	var s sampler
	came, left := int64(0), int64(0)
	for i := range 30 {
		n := make(map[Kind]int)
		for kind := Kind(0); kind < strata; kind++ {
			n[kind] = (i*31 + int(kind)*17) % 400
			came += int64(n[kind])
		}
		shown := 0
		for _, one := range second(&s, time.Duration(i)*window, n) {
			shown += one
		}
		if most := 2*rowsPerWindow + reservedRows*int(strata); shown > most {
			t.Errorf("second %d: %d are shown, at most %d may", i, shown, most)
		}
		left += int64(shown)
	}
	for _, one := range s.omissions() {
		left += one.Left
	}
	if left != came {
		t.Errorf("%d events came, %d were shown or left out", came, left)
	}
	if again := s.omissions(); again != nil {
		t.Errorf("said twice: %v", again)
	}
}

// After a rest everything is shown again.
func TestSamplerAfterRest(t *testing.T) {
	t.Parallel()
	var s sampler
	second(&s, 0, map[Kind]int{APIMessage: 5000})
	if shown := second(&s, 2*window, map[Kind]int{APIMessage: 20}); shown[APIMessage] != 20 {
		t.Errorf("%d of 20 are shown", shown[APIMessage])
	}
}
