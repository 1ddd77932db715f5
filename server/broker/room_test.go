package broker

import "testing"

func TestRoom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                  string
		wanted, files         int
		most, refusals, spare int
	}{
		{"limit unknown, no cap", 0, 0, 0, 16, 0},
		{"limit unknown", 1000, 0, 1000, 141, 0},
		{"by files", 0, 20_000, 18_750, 16, 1250},
		{"cap below the files", 1000, 20_000, 1000, 141, 1250},
		{"cap above the files", 50_000, 20_000, 18_750, 625, 1250},
		{"a million files", 0, 1 << 20, 1<<20 - 4096, 16, 4096},
		{"64 files", 0, 64, 32, 16, 32},
		{"hardly any", 100, 20, 1, 16, 32},
	} {
		r := newRoom(&Config{MaxConnections: tt.wanted}, tt.files)
		if r.most != tt.most || r.refusals != tt.refusals {
			t.Errorf("%s: %d connections and %d refusals, want %d and %d", tt.name, r.most, r.refusals, tt.most, tt.refusals)
		}
		if tt.files >= 64 && r.most+r.refusals >= tt.files {
			t.Errorf("%s: no file is left for anything else", tt.name)
		}
	}
	r := newRoom(&Config{}, 100)
	if r.requests.Store(20); r.exhausted(63) || !r.exhausted(64) {
		t.Error("exhausted is not at 84 of 100")
	}
}
