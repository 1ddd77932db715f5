package http1_test

import (
	"testing"

	"github.com/thimble-go/thimble/internal/http1"
)

func TestAppendForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"authorization", []string{"socket_id", "1234.5678", "channel_name", "presence-room"}, "socket_id=1234.5678&channel_name=presence-room"},
		{"separators", []string{"a&b=c", "d&e=f+g;h%"}, "a%26b%3Dc=d%26e%3Df%2Bg%3Bh%25"},
		{"space", []string{"a b", " "}, "a+b=+"},
		{"unreserved", []string{"aZ09", "-._~"}, "aZ09=-._~"},
		{"line breaks and bytes", []string{"\r\n", "\x00\xff"}, "%0D%0A=%00%FF"},
		{"UTF-8", []string{"n", "\u00e9"}, "n=%C3%A9"},
		{"empty", []string{"", "", "", ""}, "=&="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []byte
			for i := 0; i < len(tt.pairs); i += 2 {
				got = http1.AppendForm(got, tt.pairs[i], tt.pairs[i+1])
			}
			if string(got) != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
