package tomlfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

type sample struct {
	Current string          `toml:"current"`
	Items   map[string]item `toml:"items"`
	List    []item          `toml:"list"`
	Texts   []string        `toml:"texts"`
}

type item struct {
	Host string `toml:"host"`
	Many int    `toml:"many"`
	On   bool   `toml:"on"`

	Any map[string]any `toml:"any"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, says string }{
		"good":                     {"current = \"a\"\n[items.a]\nhost = \"h\"\n[[list]]\nmany = 3", ""},
		"unknown field, deep down": {"current = \"a\"\n[items.a]\nhots = \"h\"", "3:1: there is no field items.a.hots; host may be meant"},
		"unknown field, far off":   {"colour = 1", "1:1: there is no field colour; ask"},
		"text for a number":        {"[[list]]\nmany = \"x\"", "2:8:"},
		"number for a text":        {"current = 1", "a string"},
		"text for a list":          {"texts = \"a\"", "into a list of strings"},
		"number for a list":        {"list = 3", "into a list"},
		"number for a table":       {"[[list]]\nany = 3", "into a table"},
		"no TOML":                  {"current = ", "1:"},
		"a table twice":            {"[items.a]\n[items.a]", "2:"},
	} {
		var s sample
		err := Decode([]byte(tt.text), &s, "ask")
		if tt.says == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "toml:") {
			t.Errorf("%s: got %v, want %q", name, err, tt.says)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("current = \"a\"\n[items.a]\nhost = \"h\"\n[[list]]\nmany = 3"))
	f.Add([]byte("[[list.x]]\n[[list]]"))
	f.Add([]byte("[items]\na = { host = \"h\", many = 1 }"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s sample
		if err := Decode(text, &s, "ask"); err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Error("an error without a text")
		}
	})
}

func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Read(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "there is no file") {
		t.Errorf("missing: %v", err)
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("directory: %v", err)
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, MaxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(large); err == nil || !strings.Contains(err.Error(), "are allowed") {
		t.Errorf("large: %v", err)
	}
}

func TestWritePrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "thimble")
	name := filepath.Join(dir, "file")
	for _, text := range []string{"one", "two"} {
		if err := WritePrivate(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(name); err != nil || string(got) != text {
			t.Errorf("got %q, %v", got, err)
		}
	}
	only(t, dir, "file")
	if runtime.GOOS != "windows" {
		for path, want := range map[string]fs.FileMode{name: PrivateFile, dir: PrivateDirectory} {
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, want)
			}
		}
	}
}

// A disk that gets full in the middle costs nothing that was there.
func TestFullDiskLeavesTheOldFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	if err := WritePrivate(name, []byte("the old text")); err != nil {
		t.Fatal(err)
	}
	full := &fs.PathError{Op: "write", Path: "x", Err: errors.New("no space left on device")}
	err := replace(name, func(f *os.File) error {
		if _, err := f.WriteString("half of"); err != nil {
			t.Fatal(err)
		}
		return full
	})
	if err == nil || !strings.Contains(err.Error(), "it is as it was: no space left on device") {
		t.Errorf("got %v", err)
	}
	if got, err := Read(name); err != nil || string(got) != "the old text" {
		t.Errorf("got %q, %v", got, err)
	}
	only(t, dir, "file")
}

func TestWritePrivateKeepsALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := WritePrivate(real, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Skip("no links here: ", err)
	}
	if err := WritePrivate(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link has become %v, %v", info.Mode(), err)
	}
	if got, err := Read(real); err != nil || string(got) != "new" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCheckPrivate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no such modes here")
	}
	name := filepath.Join(t.TempDir(), "file")
	if err := WritePrivate(name, nil); err != nil {
		t.Fatal(err)
	}
	for mode, says := range map[fs.FileMode]string{
		0o600: "", 0o400: "", 0o640: "can be read", 0o604: "can be read", 0o620: "can be written", 0o602: "can be written",
	} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		err := CheckPrivate(name)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "chmod 600 "+name)) {
			t.Errorf("%o: %v", mode, err)
		}
	}
}

// only checks that a directory holds that file and nothing else.
func only(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("%s holds %v, %v", dir, entries, err)
	}
}

// TestReadIsBounded: what never ends is not waited for, whatever its size is
// said to be.
func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip("SKIPPED: this system has no /dev/zero, the file without an end")
	}
	if _, err := Read("/dev/zero"); err == nil || !strings.Contains(err.Error(), "/dev/zero has more than the 1048576 bytes") {
		t.Errorf("got %v", err)
	}
}
