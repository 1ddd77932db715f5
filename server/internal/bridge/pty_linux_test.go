package bridge

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thimble-go/thimble/firmware/serialnet"
	"golang.org/x/sys/unix"
)

// openPTY returns a pseudo-terminal: the end that a board has, and the path of
// the device that the bridge opens.
func openPTY(t testing.TB) (*os.File, string) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	board := os.NewFile(uintptr(fd), "/dev/ptmx")
	t.Cleanup(func() { _ = board.Close() })
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprint("/dev/pts/", number)

	// It is kept open, or the board would see an end whenever the bridge
	// closes it, and raw, or it would answer the board with an echo.
	device, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(device) })
	settings, err := unix.IoctlGetTermios(device, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	settings.Iflag, settings.Oflag, settings.Lflag = 0, 0, 0
	if err := unix.IoctlSetTermios(device, unix.TCSETS, settings); err != nil {
		t.Fatal(err)
	}
	return board, path
}

// plugged is a device's name that can point to another device, as it does when
// a board is plugged in again.
func plugged(t testing.TB, name, device string) {
	t.Helper()
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.Symlink(device, name); err != nil {
		t.Fatal(err)
	}
}

func TestSerial(t *testing.T) {
	t.Parallel()
	s := listen(t, echo)
	name := filepath.Join(t.TempDir(), "ttyACM0")
	r := start(t, Config{Allow: []string{s.address}}, Serial(name, 115200))
	if e := r.await(Waiting); !strings.Contains(e.Err.Error(), "plug the board in") {
		t.Errorf("told %v", e.Err)
	}
	for range 3 {
		stream, device := openPTY(t)
		plugged(t, name, device)
		r.await(LineUp)
		conn := dial(t, board(t, stream, serialnet.Config{}), s.address)
		roundTrip(t, conn, bytesOf(random(1), 5000))
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		_ = stream.Close() // the cable is pulled
		r.await(LineDown)
		if e := r.await(Waiting); !strings.Contains(e.Err.Error(), "plug the board in") {
			t.Errorf("told %v", e.Err)
		}
	}
}

// TestSilentSerial stops a bridge whose board does not read.
func TestSilentSerial(t *testing.T) {
	t.Parallel()
	_, device := openPTY(t)
	r := start(t, Config{}, Serial(device, 115200))
	r.await(LineUp)
	r.stop()
}

func TestNoSerialDevice(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "no device")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Serial(file, 115200)(t.Context()); err == nil || !strings.Contains(err.Error(), "no device") {
		t.Errorf("got %v", err)
	}
}

// TestClientOverSerial runs a client over a pseudo-terminal.
func TestClientOverSerial(t *testing.T) {
	t.Parallel()
	stream, device := openPTY(t)
	clientOver(t, stream, Serial(device, 115200))
}
