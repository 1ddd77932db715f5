package peer_test

import (
	"testing"

	"github.com/thimble-go/thimble/server/internal/peer"
)

func TestSocketID(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"1.2", "0.1", "9007199254740991.9007199254740991", "18446744073709551615.0"} {
		if got := peer.ParseSocketID(text).String(); got != text {
			t.Errorf("%s became %q", text, got)
		}
	}
	for _, text := range []string{"", ".", "1", "1.", ".1", "01.2", "1.02", "+1.2", "1.2.3", "1.-2", "18446744073709551616.1", "1 .2", "0.0"} {
		if id := peer.ParseSocketID(text); id != (peer.SocketID{}) || id.String() != "" {
			t.Errorf("%q became %v", text, id)
		}
	}
}
