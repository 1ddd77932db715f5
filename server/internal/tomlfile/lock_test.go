package tomlfile

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestLockEndsWithItsProcess has a process end while it holds the lock: nobody
// waits for it, and the file that it leaves does not count.
func TestLockEndsWithItsProcess(t *testing.T) {
	if name := os.Getenv("TEST_LOCK"); name != "" {
		if _, err := Lock(name); err != nil {
			t.Fatal(err)
		}
		os.Exit(0)
	}
	t.Parallel()
	name := filepath.Join(t.TempDir(), "dir", "file.toml")
	cmd := exec.Command(os.Args[0], "-test.run=^TestLockEndsWithItsProcess$")
	cmd.Env = append(os.Environ(), "TEST_LOCK="+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	unlock, err := Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

// TestLockThroughALink is the same lock by both names.
func TestLockThroughALink(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: on Windows a link needs the right to make one")
	}
	dir := t.TempDir()
	name, link := filepath.Join(dir, "file.toml"), filepath.Join(dir, "link.toml")
	if err := os.WriteFile(name, nil, PrivateFile); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	unlock, err := Lock(link)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, ".file.toml.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := tryLock(f); err != errLocked {
		t.Errorf("got %v", err)
	}
	unlock()
	if err := tryLock(f); err != nil {
		t.Error(err)
	}
}
