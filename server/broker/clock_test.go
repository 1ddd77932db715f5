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

// TestNothingIsDecidedByTheTimeOfDay looks for the only way in which a clock
// that jumps could matter: times that are compared as numbers of Unix time.
// Differences of time.Time are taken on the monotonic clock. What must keep to
// the time of day does it elsewhere: the timestamps of the HTTP API, in
// internal/apiauth, and what webhooks and the console show.
func TestNothingIsDecidedByTheTimeOfDay(t *testing.T) {
	if !wallClock.MatchString("time.Now().UnixNano()") {
		t.Fatal("the pattern finds nothing")
	}
	looked := 0
	for _, pattern := range []string{"*.go", "../internal/peer/*.go"} {
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
				line = strings.ReplaceAll(line, "time.Unix(1, 0)", "") // long ago, by any clock
				if wallClock.MatchString(line) {
					t.Errorf("%s:%d: %s", file, i+1, strings.TrimSpace(line))
				}
			}
		}
	}
	if looked < 30 {
		t.Errorf("only %d files", looked)
	}
}
