//go:build !tinygo

package thimble_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/thimble-go/thimble"
)

// TestDialAdvice has the two mistakes that everybody makes: the error says what
// to look at.
func TestDialAdvice(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host string
		want string
	}{
		{"127.0.0.1:1", "thimble: no connection to 127.0.0.1:1: connect: connection refused (nothing listens there: check Host and its port, and that the server runs)"},
		{"no.such.host.invalid", "(check Cluster or Host, and this machine's network)"},
	} {
		cfg := thimble.Config{Key: "key", Host: tt.host, Plaintext: true}
		if strings.Contains(tt.host, "invalid") {
			cfg.Dial = (&net.Dialer{Resolver: nameless(t)}).DialContext
		}
		client := newClient(t, cfg)
		errs := failures(client)
		run(t, client)
		if err := waitFor(t, "the error", errs); !strings.HasSuffix(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

// advised says whether an error says what to do.
const addresses = 1

func advised(text, advice string) bool { return strings.Contains(text, advice) }

// step is what the next step that an error names begins with, or the form that
// it asks for.
var step = regexp.MustCompile(`[;:(] ?(check|set|unset|use|call|wait|send|make|close|one goroutine|as many)\b|such as|starts with|has \d+ to|it is tried again, so check|connects while`)

// TestErrorsSayWhatToDo goes over every error that users can compare with, and
// every code with which a server ends a connection for good.
func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, name := range []string{"errors.go", "internal/session/errors.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !spec.Names[0].IsExported() || len(spec.Values) != 1 {
				return true
			}
			call, ok := spec.Values[0].(*ast.CallExpr)
			if !ok {
				return true // the session's, under its outside name
			}
			text, err := strconv.Unquote(call.Args[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			seen++
			if !strings.HasPrefix(text, "thimble: ") || !step.MatchString(text) {
				t.Errorf("%s names no next step: %s", spec.Names[0].Name, text)
			}
			return true
		})
	}
	if seen < 25 {
		t.Errorf("only %d errors are found", seen)
	}
	for _, code := range []int{4000, 4001, 4003, 4004, 4005, 4006, 4007, 4008, 4009} {
		if text := (&thimble.CloseError{Code: code, Reason: "no"}).Error(); !step.MatchString(text) {
			t.Errorf("%d names no next step: %s", code, text)
		}
	}
}
