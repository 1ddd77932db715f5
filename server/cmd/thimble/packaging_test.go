//go:build linux

package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../../.."

func packaged(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "packaging", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestUnit has systemd itself read the unit: it is one without mistakes, and
// leaves little of the system exposed.
func TestUnit(t *testing.T) {
	t.Parallel()
	text := packaged(t, "thimble.service")
	for _, want := range []string{"Type=notify\n", "ExecReload=/bin/kill -HUP $MAINPID\n", "LimitNOFILE=", "StateDirectory=thimble\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not here; install it with: apt-get install systemd")
	}
	// systemd looks whether the program exists.
	unit := write(t, filepath.Join(t.TempDir(), "thimble.service"), strings.ReplaceAll(text, "/usr/bin/thimble", "/bin/sh"))
	for _, args := range [][]string{{"verify", "--man=no", unit}, {"security", "--offline=yes", "--threshold=20", unit}} {
		if out, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput(); err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}

// TestContainerfile: all that the container file builds from is among what it
// copies. In CI it is built, too, and needs no other file to run; that compiles
// everything anew, the standard library included.
func TestContainerfile(t *testing.T) {
	t.Parallel()
	text := packaged(t, "Containerfile")
	if !strings.Contains(text, "THIMBLE_DEFAULT_LISTEN=0.0.0.0:") || strings.Contains(text, "THIMBLE_LISTEN=") {
		t.Error("the address of the image hides those that other variables and a file say")
	}
	source, out := t.TempDir(), t.TempDir()
	for _, line := range regexp.MustCompile(`(?m)^COPY ([^-].*)$`).FindAllStringSubmatch(text, -1) {
		paths := strings.Fields(line[1])
		to := filepath.Join(source, paths[len(paths)-1])
		for _, path := range paths[:len(paths)-1] {
			found, err := filepath.Glob(filepath.Join(root, path))
			if err != nil || len(found) == 0 {
				t.Errorf("there is no %s: %v", path, err)
			}
			for _, from := range found {
				info, err := os.Stat(from)
				if err != nil {
					t.Fatal(err)
				}
				if info.IsDir() {
					err = os.CopyFS(to, os.DirFS(from))
				} else {
					var content []byte
					if content, err = os.ReadFile(from); err == nil {
						err = os.WriteFile(filepath.Join(to, filepath.Base(from)), content, 0o600)
					}
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	build := regexp.MustCompile(`(?m)^RUN (CGO_ENABLED=0 go build .*)$`).FindStringSubmatch(text)
	if build == nil {
		t.Fatal("no static build")
	}
	for _, want := range []string{"FROM scratch\n", "ca-certificates.crt", "\nUSER 65532", "STATE_DIRECTORY="} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./server/cmd/thimble")
	list.Dir = source
	if text, err := list.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if os.Getenv("CI") == "" {
		return
	}
	command := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(build[1], "/out/", out+"/"))
	command.Dir = source
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	program := filepath.Join(out, "thimble")
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the program is not static")
		}
	}
	// It runs where there is nothing but the environment of the file.
	version := exec.CommandContext(t.Context(), program, "--version")
	version.Env = []string{}
	if text, err := version.CombinedOutput(); err != nil || !strings.Contains(string(text), "thimble") {
		t.Errorf("%v: %s", err, text)
	}
}
