//go:build !tinygo

package thimble_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/thimble-go/thimble"
)

// TestPanicSaysWhere checks that a handler's panic can be found in its source.
func TestPanicSaysWhere(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	client := newClient(t, f.config())
	errs := failures(client)
	client.Bind("e", func(thimble.Event) { stumble(nil) })
	run(t, client)
	f.accept("1.1").event("e", "", "1")
	var panicked *thimble.PanicError
	if err := waitFor(t, "the report", errs); !errors.As(err, &panicked) || !strings.Contains(panicked.Stack, "stumble") {
		t.Errorf("got %#v", err)
	}
}

//go:noinline
func stumble(n *int) { *n = 1 }
