// Package transcript reads the conversations in which the protocol's rules are
// written down as tests. It is used by tests only.
//
// A file holds cases. A case starts with "== name" and has one step on each
// line: a verb and, behind a space, its argument. Lines that start with # and
// empty lines say nothing. "server> TEXT" and "client> TEXT" are messages of
// the two sides; which of them is played and which is expected depends on the
// side under test. The other verbs belong to the tests that read the file.
package transcript

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Step is one line of a case.
type Step struct {
	Line int
	Verb string
	Arg  string
}

// Run reads the file and runs each of its cases as a subtest of that name.
func Run(t *testing.T, file string, run func(t *testing.T, steps []Step)) {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	var name string
	var steps []Step
	cases := 0
	flush := func() {
		if name == "" {
			return
		}
		cases++
		these := steps
		steps = nil
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, these)
		})
	}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "== "); ok {
			flush()
			name = title
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if name == "" {
			t.Fatalf("%s:%d: a step before the first case", file, i+1)
		}
		verb, arg, _ := strings.Cut(line, " ")
		steps = append(steps, Step{Line: i + 1, Verb: verb, Arg: strings.TrimSpace(arg)})
	}
	flush()
	if cases == 0 {
		t.Fatalf("%s: no cases", file)
	}
}

// SameJSON says whether two JSON texts mean the same. Strings that hold JSON
// themselves, as the protocol's payloads do, are compared by their meaning
// too, and "*" in want stands for anything.
func SameJSON(got, want string) bool {
	var a, b any
	if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil {
		return got == want
	}
	return same(a, b)
}

func same(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok || len(got) != len(want) {
			return false
		}
		for k, v := range want {
			g, ok := got[k]
			if !ok || !same(g, v) {
				return false
			}
		}
		return true
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return false
		}
		for i := range want {
			if !same(got[i], want[i]) {
				return false
			}
		}
		return true
	case string:
		if want == "*" {
			return true
		}
		got, ok := got.(string)
		return ok && (got == want || strings.HasPrefix(want, "{") && SameJSON(got, want))
	}
	return reflect.DeepEqual(got, want)
}
