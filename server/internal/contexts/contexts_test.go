package contexts

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const hidden = "hidden-secret"

func TestSaveAndLoad(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "thimble", "contexts.toml")
	f, err := Load(name)
	if err != nil || len(f.Contexts) != 0 {
		t.Fatalf("without a file: %+v, %v", f, err)
	}
	f.Current = "local"
	f.Contexts["local"] = Context{Host: "127.0.0.1:6001", Plaintext: true, AppID: "1", Key: "k", Secret: hidden + "\"\\\n☂"}
	f.Contexts["hosted.eu"] = Context{Cluster: "eu", Key: "k2", AuthEndpoint: "https://example.com/auth"}
	if err := f.Save(name); err != nil {
		t.Fatal(err)
	}
	got, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, got); diff != "" {
		t.Error(diff)
	}
	if names := got.Names(); fmt.Sprint(names) != "[hosted.eu local]" {
		t.Errorf("names %v", names)
	}
	if c, err := got.Find("local"); err != nil || c.Key != "k" {
		t.Errorf("got %v, %v", c, err)
	}
	if _, err := got.Find("loca"); err == nil || !strings.Contains(err.Error(), "there are hosted.eu, local") {
		t.Errorf("got %v", err)
	}
}

func TestSecretIsNotShown(t *testing.T) {
	t.Parallel()
	c := Context{Host: "h", Key: "k", Secret: hidden}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), c.LogValue().String()} {
		if strings.Contains(text, hidden) || !strings.Contains(text, "k") {
			t.Errorf("%s", text)
		}
	}
}

func TestWrongFiles(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "contexts.toml")
	for text, says := range map[string]string{
		"[contexts.a]\nhots = \"h\"":                     "contexts.toml:2:1: there is no field contexts.a.hots; host may be meant",
		"[contexts.\"a b\"]\nhost = \"h\"":               `"a b" has to be of letters`,
		"[contexts.a]\nhost = \"h\"\ncluster = \"eu\"":   "context a: it has both a host and a cluster",
		"[contexts.a]\ncluster = \"eu\"\nplaintext=true": "clusters are always reached with TLS",
		"[contexts.a]\nhost = \"http://h\"":              `without "http://"`,
		"[contexts.a]\nsecret = " + hidden:               "contexts.toml:2:",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(name)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), hidden) {
			t.Errorf("%q: got %v, want %s", text, err, says)
		}
	}
}

func TestFileOfOthers(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no such modes here")
	}
	name := filepath.Join(t.TempDir(), "contexts.toml")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(name); err == nil || !strings.Contains(err.Error(), "chmod 600 "+name) {
		t.Errorf("got %v", err)
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"a": true, "prod-1_x.y": true, strings.Repeat("a", maxName): true,
		"": false, "-a": false, "a b": false, "ä": false, "a/b": false, strings.Repeat("a", maxName+1): false,
	} {
		if err := CheckName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// What is read and written again is read as the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte("current = \"a\"\n[contexts.a]\nhost = \"h\"\nplaintext = true\nkey = \"k\"\nsecret = \"s\""))
	f.Add([]byte("[contexts]\n\"x.y\" = { cluster = \"eu\" }"))
	f.Add([]byte("contexts = 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var first, second File
		if first.parse(text) != nil {
			return
		}
		written := filepath.Join(t.TempDir(), "f")
		if err := first.Save(written); err != nil {
			t.Fatal(err)
		}
		again, err := os.ReadFile(written)
		if err != nil {
			t.Fatal(err)
		}
		if err := second.parse(again); err != nil {
			t.Fatalf("%v in\n%s", err, again)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Error(diff)
		}
	})
}
