//go:build linux

package demo_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

// machine is the linux board's program.
func machine(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "device")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/thimble-go/thimble/firmware/linux").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// TestLinuxMissing starts the program as somebody does who has read nothing.
func TestLinuxMissing(t *testing.T) {
	t.Parallel()
	program := machine(t)
	for name, test := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"nothing":     {nil, 2, []string{"-key is missing", "-host is missing", "-auth is missing"}},
		"no key":      {[]string{"-host", "a:1", "-auth", "http://a/"}, 2, []string{"-key is missing"}},
		"no option":   {[]string{"-colour", "red"}, 2, []string{"-colour", "-sensor"}},
		"an argument": {[]string{"now"}, 1, []string{`"now"`, "-help"}},
		"no LED":      {[]string{"-key", "k", "-host", "a:1", "-auth", "http://a/", "-led", "/dev/null:1"}, 1, []string{"/dev/null is no GPIO chip"}},
		"no sensor":   {[]string{"-key", "k", "-host", "a:1", "-auth", "http://a/", "-sensor", "/nowhere"}, 1, []string{"no file /nowhere"}},
		"a bad key":   {[]string{"-key", "a b", "-host", "a:1", "-auth", "http://a/", "-sensor", "/dev/null"}, 1, []string{"Config.Key"}},
		"help":        {[]string{"-help"}, 0, []string{"-plaintext"}},
	} {
		cmd := exec.Command(program, test.args...)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != test.code {
			t.Errorf("%s: exit code %d, want %d", name, code, test.code)
		}
		for _, part := range test.says {
			if !strings.Contains(string(out), part) {
				t.Errorf("%s: it does not say %q:\n%s", name, part, out)
			}
		}
	}
}

// TestLinux runs the program against a broker and an endpoint that restart, and
// ends it with Ctrl-C.
func TestLinux(t *testing.T) {
	t.Parallel()
	d := start(t)
	plug(t, d, "stop")
	address := strings.TrimSuffix(strings.TrimPrefix(d.Page(), "http://"), "/")
	sensor := filepath.Join(t.TempDir(), "temp")
	if err := os.WriteFile(sensor, []byte("21534\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(machine(t), "-key", "app-key", "-host", address, "-plaintext", "-auth", d.Page()+"pusher/auth", "-name", "pi", "-sensor", sensor)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1000)
	go func() {
		defer close(said)
		for s := bufio.NewScanner(out); s.Scan(); {
			said <- s.Text()
		}
	}()
	var all []string
	hear := func(part string) {
		t.Helper()
		timeout := time.After(time.Minute)
		for {
			select {
			case text, ok := <-said:
				if all = append(all, text); strings.Contains(text, part) {
					return
				}
				if !ok {
					t.Fatalf("it has ended before it said %q", part)
				}
			case <-timeout:
				t.Fatalf("it never says %q", part)
			}
		}
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the program said:\n  %s", strings.Join(all, "\n  "))
		}
	})
	fromBoard := func(e thimble.Event) bool { return e.UserID == "device-pi" }

	room, events := watcher(t, d, "operator")
	await(t, events, "client-reading", func(e thimble.Event) bool {
		return fromBoard(e) && strings.Contains(string(e.Data), `"temperature":21.53`)
	})
	if err := room.Trigger("client-led", `{"on":true,"to":"device-pi"}`); err != nil {
		t.Fatal(err)
	}
	await(t, events, "client-led-state", fromBoard)
	hear("LED on")
	if err := room.Trigger("client-ping", `{"id":"7","to":"device-pi"}`); err != nil {
		t.Fatal(err)
	}
	await(t, events, "client-pong", fromBoard)

	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := d.Close(end); err != nil {
		t.Fatal(err)
	}
	hear("connecting: ")
	d = startAt(t, address, own)
	plug(t, d, "stop")
	_, events = watcher(t, d, "operator")
	await(t, events, "client-reading", fromBoard)

	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	await(t, events, thimble.EventMemberRemoved, nil)
	hear("LED off")
	for range said { // until it ends
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
}
