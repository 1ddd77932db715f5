package webhook

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestRecords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := endpointIDOf(rapid.String().Draw(t, "app"), "https://example.com", rapid.IntRange(0, 3).Draw(t, "n"))
		in := &item{
			ms:      rapid.Int64().Draw(t, "ms"),
			channel: rapid.StringN(1, 200, -1).Draw(t, "channel"),
			json:    rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "json"),
		}
		gotID, out, err := parseRecord(appendRecord(nil, id, in))
		if err != nil || gotID != id || out.ms != in.ms || out.channel != in.channel || !bytes.Equal(out.json, in.json) {
			t.Fatalf("got %v, %+v, %v", gotID, out, err)
		}
		p := place{rapid.String().Draw(t, "app"), rapid.String().Draw(t, "channel"), rapid.String().Draw(t, "user")}
		if got, err := parsePlace(appendPlace(nil, p)); err != nil || got != p {
			t.Fatalf("got %+v, %v", got, err)
		}
	})
}

// FuzzRecord reads what may be in a damaged file.
func FuzzRecord(f *testing.F) {
	f.Add(appendRecord(nil, endpointID{1}, &item{ms: 1, channel: "room", json: []byte(`{}`)}))
	f.Add(appendPlace(nil, place{"1", "presence-room", "user"}))
	f.Add([]byte{format})
	f.Add(append(make([]byte, 25), 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01))
	f.Fuzz(func(t *testing.T, b []byte) {
		if id, i, err := parseRecord(b); err == nil {
			again, _, err := parseRecord(appendRecord(nil, id, i))
			if err != nil || again != id || i.channel == "" || len(i.json) == 0 {
				t.Errorf("got %+v, %v", i, err)
			}
		}
		if p, err := parsePlace(b); err == nil {
			if again, err := parsePlace(appendPlace(nil, p)); err != nil || again != p {
				t.Errorf("got %+v, %v", again, err)
			}
		}
	})
}
