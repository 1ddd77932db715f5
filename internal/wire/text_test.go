package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/internal/wire"
)

// TestStringsAtEveryPosition puts whatever a string can and cannot hold at
// every distance from its beginning and its end, since strings are read eight
// bytes at a time: alone, among quotes' escapes, and before a message's end
// that makes it malformed, which must leave it as it was.
func TestStringsAtEveryPosition(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"", `\"`, `\\`, `\\\"`, `\\\\`, `\"\"`, `\"\\`, `\/`, `\n`, `\u00e9`, `\ud83d\ude00`, `\ud800`, "é", "#", "]", `\"#`,
		`\x`, `\]`, `\`, `\u00g0`, `\u0`, "\x1f", "\n", "\\\x10", `"`, `""`, "\\\"\x00",
	}
	for _, piece := range pieces {
		for _, around := range []string{"", `\"`, `\"\"`, `a\"b\"c\"d\"e\"f\"g\"h\"i\"`, `\n`} {
			for before := range 10 {
				for after := range 10 {
					text := around + strings.Repeat("b", before) + piece + strings.Repeat("a", after) + around
					for _, end := range []string{`"}`, `","event":"e"}`, `"`, `"]`, `","data":"x\"y"}`, `","data":1}`, `","data":}`, ""} {
						checkData(t, `{"event":"e","data":"`+text+end)
					}
				}
			}
		}
	}
}

func checkData(t *testing.T, in string) {
	t.Helper()
	var stock struct{ Data any }
	stockErr := json.Unmarshal([]byte(in), &stock)
	var m wire.Message
	b := []byte(in)
	err := wire.Parse(b, &m)
	if (err == nil) != (stockErr == nil) {
		t.Fatalf("%q: got %v, encoding/json %v", in, err, stockErr)
	}
	if err != nil {
		if string(b) != in {
			t.Fatalf("%q, refused, was changed to %q", in, b)
		}
		return
	}
	if want, ok := stock.Data.(string); ok && string(m.Data) != want {
		t.Fatalf("%q: got %q, want %q", in, m.Data, want)
	}
}
