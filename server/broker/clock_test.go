package broker

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// wallClock makes a number of the time of day, which is set, jumps and goes
// back. What is decided by such numbers is decided wrongly then.
var wallClock = regexp.MustCompile(`\.(Unix|UnixNano|UnixMicro|UnixMilli)\(|\.Round\(0\)|\.Local\(|\.UTC\(`)

// shown are the times that somebody reads, and long ago, by any clock.
var shown = []string{
	"time.Unix(1, 0)",
	"ms: time.Now().UnixMilli()",   // time_ms of webhooks
	"tick{At: now.UnixMilli()",     // of the console's charts
	"At: at.UnixMilli(), Kind: e.", // of the console's events
}

// TestNothingIsDecidedByTheTimeOfDay looks for the only way in which a clock
// that jumps could matter: times that are compared as numbers of Unix time.
// Differences of time.Time are taken on the monotonic clock. What must keep to
// the time of day does it elsewhere, the timestamps of the HTTP API in
// internal/apiauth, or is shown and nothing else.
func TestNothingIsDecidedByTheTimeOfDay(t *testing.T) {
	if !wallClock.MatchString("time.Now().UnixNano()") {
		t.Fatal("the pattern finds nothing")
	}
	looked, found := 0, make(map[string]bool)
	for _, pattern := range []string{"*.go", "../internal/peer/*.go", "../internal/webhook/*.go", "../internal/console/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			looked++
			for i, line := range strings.Split(string(text), "\n") {
				for _, text := range shown {
					if strings.Contains(line, text) {
						found[text] = true
						line = strings.ReplaceAll(line, text, "")
					}
				}
				if wallClock.MatchString(line) {
					t.Errorf("%s:%d: %s", file, i+1, strings.TrimSpace(line))
				}
			}
		}
	}
	if looked < 60 || len(found) != len(shown) {
		t.Errorf("only %d files, with %d of the exceptions", looked, len(found))
	}
}
