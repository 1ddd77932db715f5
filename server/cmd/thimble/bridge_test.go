package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/firmware/serialnet"
	"github.com/thimble-go/thimble/server/internal/bridge"
)

// device is a board on a line over TCP, as an emulator offers it.
func device(t *testing.T, line net.Conn) *serialnet.Device {
	t.Helper()
	port := serialnet.NewPort(line, 512)
	t.Cleanup(func() {
		line.Close()
		<-port.Done()
	})
	dev, err := serialnet.New(serialnet.Config{Port: port, ConnectTimeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	return dev
}

// ask sends a request that no broker answers well, and returns the answer.
func ask(t *testing.T, dev *serialnet.Device, address string) string {
	t.Helper()
	conn, err := dev.Dial(context.Background(), "tcp", address)
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, "GET /app/wrong HTTP/1.0\r\n\r\n"); err != nil {
		t.Error(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Error(err)
	}
	return string(answer)
}

func TestBridgeThatListens(t *testing.T) {
	broker := dev(t)
	r := background(t, "bridge", "--listen", "127.0.0.1:0", "--allow", broker)
	at := r.await(t, "listening")["data"].(map[string]any)["address"].(string)
	for range 2 { // an emulator that restarts
		line, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		board := device(t, line)
		r.await(t, "line_up")
		if _, err := io.WriteString(line, "booting\x1b[2J\r\n"); err != nil {
			t.Fatal(err)
		}
		if text := r.await(t, "text")["data"]; text != "booting\x1b[2J" {
			t.Errorf("the board's text is %q", text)
		}
		if answer := ask(t, board, broker); !strings.HasPrefix(answer, "HTTP/1.") {
			t.Errorf("answer %q", answer)
		}
		r.await(t, "board")
		opened := r.await(t, "opened")["data"].(map[string]any)
		closed := r.await(t, "closed")["data"].(map[string]any)
		if opened["address"] != broker || closed["up"] != 27.0 || closed["down"].(float64) == 0 {
			t.Errorf("told %v and %v", opened, closed)
		}
		if answer := ask(t, board, "127.0.0.1:22"); !strings.Contains(answer, "--allow HOST:PORT") {
			t.Errorf("not allowed: %q", answer)
		}
		if why := r.await(t, "refused")["error"].(string); !strings.Contains(why, "--allow 127.0.0.1:22") {
			t.Errorf("told %q", why)
		}
		line.Close()
		r.await(t, "line_down")
	}
	r.stop(t)
	if r.code != 0 || r.errs.String() != "" {
		t.Errorf("Ctrl-C: exit code %d: %s", r.code, r.errs.String())
	}
}

func TestBridgeThatDials(t *testing.T) {
	broker := dev(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := background(t, "bridge", "--tcp", l.Addr().String(), "--allow", broker)
	line, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if answer := ask(t, device(t, line), broker); !strings.HasPrefix(answer, "HTTP/1.") {
		t.Errorf("answer %q", answer)
	}
	r.await(t, "closed")
	l.Close()
	line.Close()
	r.await(t, "line_down")
	if why := r.await(t, "waiting")["error"].(string); !strings.Contains(why, "refused") {
		t.Errorf("told %q", why)
	}
	r.stop(t)
	if r.code != 0 {
		t.Errorf("Ctrl-C: exit code %d: %s", r.code, r.errs.String())
	}
}

func TestBridgeOnAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := background(t, "bridge", "--serial", path, "--allow", "127.0.0.1:1")
	if why := r.await(t, "waiting")["error"].(string); !strings.Contains(why, "is not a serial device") {
		t.Errorf("told %q", why)
	}
}

func TestBridgeSaysThatNothingIsAllowed(t *testing.T) {
	r := background(t, "bridge", "--serial", "/nonexistent/device")
	r.await(t, "nothing_allowed")
	if why := r.await(t, "waiting")["error"].(string); !strings.Contains(why, "plug the board in") {
		t.Errorf("told %q", why)
	}
}

func TestBridgePortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	code, _, errs := call("bridge", "--listen", l.Addr().String())
	if code != 1 || !strings.Contains(errs, "in use") || !strings.Contains(errs, "--listen 127.0.0.1:0") || strings.Contains(errs, "--addr") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// TestWhatABoardSays checks how text and noise are shown to people.
func TestWhatABoardSays(t *testing.T) {
	t.Parallel()
	var out synced
	tell := &teller{out: &printer{out: &out}, cancel: func() {}}
	for _, e := range []bridge.Event{
		{Kind: bridge.Text, Text: "boot"}, {Kind: bridge.Text, Text: "ing\r\n\r\nready\x1b[2J\r\nno end"},
		{Kind: bridge.Garbage, Bytes: 3}, {Kind: bridge.Garbage, Bytes: 4}, {Kind: bridge.Garbage, Bytes: 5},
		{Kind: bridge.Opened, Address: "evil\x1b[2J:1", TLS: true},
		{Kind: bridge.Text, Text: strings.Repeat("x", longest+1)},
	} {
		tell.tell(e)
	}
	var got []string
	for _, text := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		_, text, _ = strings.Cut(text, "  ")
		got = append(got, text)
	}
	want := []string{
		"board: booting", "board: ready\ufffd[2J", "board: no end",
		"3 bytes came that are neither frames nor text; if connections fail, check --baud and the wiring",
		"12 bytes came that are neither frames nor text; if connections fail, check --baud and the wiring",
		"connected to evil\ufffd[2J:1 with TLS", "board: " + strings.Repeat("x", longest+1),
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
