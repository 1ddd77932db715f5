// Package docs checks that what the README and the guides show is true.
package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
)

// preamble declares what the guides take for granted.
const preamble = `
var (
	ctx       context.Context
	client    *thimble.Client
	orders    *thimble.Channel
	room      *thimble.Channel
	key, host, secret, auth string
	masterKey []byte
	residents map[string]bool
	station   thimble.Network
	authorize func(*http.Request, channelauth.Ask) (channelauth.Grant, error)
)

type account struct { ID string }
func (account) Public() any { return nil }

func currentToken() string                      { return "" }
func mayJoin(*http.Request, string) bool        { return true }
func loggedIn(*http.Request) (account, bool)    { return account{}, true }
func fetchSince(time.Time)                      {}
func joinAccessPoint(ssid, password string) error { return nil }
func isOwner(userID string) bool                { return true }

var led, lock pin
type pin struct{}
func (pin) Set(bool) {}
var watchdog dog
type dog struct{}
func (dog) Update() {}
`

var packages = map[string]string{
	"broker": "github.com/thimble-go/thimble/server/broker", "channelauth": "github.com/thimble-go/thimble/channelauth",
	"context": "context", "errors": "errors", "http": "net/http", "httptest": "net/http/httptest", "log": "log", "slog": "log/slog",
	"os": "os", "testing": "testing", "thimble": "github.com/thimble-go/thimble", "time": "time",
}

var block = regexp.MustCompile("(?s)```go\n(.*?)```")

// TestCodeCompiles compiles every Go block of the README and the guides.
func TestCodeCompiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "../../../README.md")
	dir, err := filepath.Abs("shown")
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	overlay := struct{ Replace map[string]string }{make(map[string]string)}
	write := func(name, source string) {
		path := filepath.Join(temp, name)
		if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(dir, name)] = path
	}
	write("preamble.go", program(preamble))
	blocks := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, found := range block.FindAllStringSubmatch(string(text), -1) {
			blocks++
			code := found[1]
			if !strings.HasPrefix(code, "func ") && !strings.HasPrefix(code, "type ") {
				code = "func _() {\n" + code + "}\n"
			}
			name := strings.TrimSuffix(strings.ToLower(filepath.Base(file)), ".md")
			write(fmt.Sprintf("%s%d.go", name, i+1), program(code))
		}
	}
	if blocks < 20 {
		t.Errorf("only %d blocks", blocks)
	}
	description, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(temp, "overlay.json")
	if err := os.WriteFile(list, description, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "build", "-gcflags=-e", "-overlay", list, "-o", os.DevNull, "./shown").CombinedOutput()
	for _, line := range strings.Split(string(out), "\n") {
		// A block may declare what it only shows.
		if strings.Contains(line, ".go:") && !strings.Contains(line, "declared and not used") {
			t.Error(line)
		}
	}
	if err != nil && !strings.Contains(string(out), ".go:") {
		t.Errorf("%v: %s", err, out)
	}
}

// program makes a file of declarations.
func program(code string) string {
	var imports []string
	for name, path := range packages {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(code) {
			imports = append(imports, fmt.Sprintf("%q", path))
		}
	}
	sort.Strings(imports)
	return "package shown\n\nimport (\n" + strings.Join(imports, "\n") + "\n)\n\n" + code
}

var shown = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+|[a-z-]+\\.txt(?:: [^`]+)?)`")

// transcripts are where the conversations are that a page names.
var transcripts = map[string][]string{
	"behaviour.md":        {"internal/session/testdata/"},
	"broker-behaviour.md": {"server/internal/peer/testdata/", "server/broker/testdata/"},
}

// TestShownTestsExist checks that the pages about behaviour name tests that
// there are.
func TestShownTestsExist(t *testing.T) {
	t.Parallel()
	const root = "../../../"
	var tests strings.Builder
	for _, pattern := range []string{"*_test.go", "internal/*/*_test.go", "channelauth/*_test.go", "firmware/*/*_test.go", "server/*/*_test.go", "server/*/*/*_test.go"} {
		files, err := filepath.Glob(root + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(source)
		}
	}
	for page, dirs := range transcripts {
		text, err := os.ReadFile(root + "docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		names := shown.FindAllStringSubmatch(string(text), -1)
		if len(names) < 100 {
			t.Errorf("%s names only %d tests", page, len(names))
		}
		for _, found := range names {
			name := found[1]
			if !strings.Contains(name, ".txt") {
				if !strings.Contains(tests.String(), "func "+name+"(") {
					t.Errorf("%s: there is no %s", page, name)
				}
				continue
			}
			file, section, _ := strings.Cut(name, ": ")
			var transcript []byte
			for _, dir := range dirs {
				if transcript, err = os.ReadFile(root + dir + file); err == nil {
					break
				}
			}
			if err != nil {
				t.Errorf("%s: %v", page, err)
			} else if section != "" && !strings.Contains(string(transcript), "\n== "+section+"\n") {
				t.Errorf("%s: %s has no conversation %q", page, file, section)
			}
		}
	}
}
