package figures_test

import (
	"strings"
	"testing"

	"github.com/thimble-go/thimble/server/internal/figures"
)

func TestReplace(t *testing.T) {
	t.Parallel()
	const first, last = "<!-- figures: it -->", "<!-- end of figures: it -->"
	const old = "a\n" + first + "\nold\n" + last + "\nz\n"
	got, err := figures.Replace([]byte(old), "it", "new\n")
	if want := "a\n" + first + "\nnew\n" + last + "\nz\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	if text, err := figures.Section(got, "it"); err != nil || text != "new\n" {
		t.Errorf("the section is %q, %v", text, err)
	}
	for _, bad := range []string{"", first, last + first, old[:len(old)/2]} {
		if _, err := figures.Replace([]byte(bad), "it", "new"); err == nil || !strings.Contains(err.Error(), first) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for want, values := range map[float64][]float64{2: {3, 1, 2}, 2.5: {4, 1, 3, 2}, 7: {7}} {
		if got := figures.Median(values); got != want {
			t.Errorf("the median of %v is %v, want %v", values, got, want)
		}
	}
}
