package serialnet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/line"
)

// desk is a bridge without a computer: it answers within the port's own calls,
// and time passes only while the device is idle.
type desk struct {
	end    *line.End
	now    time.Duration
	out    []byte // to the board
	asked  []string
	silent bool
	refuse line.Reason
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{now: time.Hour}
	d.restart(t)
	return d
}

func (d *desk) restart(t testing.TB) {
	t.Helper()
	session := uint32(d.now)
	var err error
	d.end, err = line.New(line.Config{Session: func() uint32 { session++; return session }, Window: 4096, Sockets: 8})
	if err != nil {
		t.Fatal(err)
	}
}

func (d *desk) Buffered() int { return len(d.out) }

func (d *desk) ReadByte() (byte, error) {
	if len(d.out) == 0 {
		return 0, io.EOF
	}
	b := d.out[0]
	d.out = d.out[1:]
	return b, nil
}

func (d *desk) Write(p []byte) (int, error) {
	if !d.silent {
		d.end.Input(d.now, p)
		d.answer()
	}
	return len(p), nil
}

// answer opens what is asked for, and repeats what comes.
func (d *desk) answer() {
	d.end.Advance(d.now)
	if slot, address, ok := d.end.Accept(); ok {
		d.asked = append(d.asked, address)
		if d.refuse != line.Closed {
			_ = d.end.Close(slot, d.refuse)
		} else {
			_ = d.end.Confirm(slot)
		}
	}
	for slot := range 8 {
		var buf [200]byte
		if n, err := d.end.Read(slot, buf[:]); n > 0 {
			_, _ = d.end.Write(slot, buf[:n])
		} else if err != nil && err != line.NoSocket {
			_ = d.end.Close(slot, line.Closed)
		}
	}
	var frame [line.MaxFrame]byte
	for n := d.end.Output(d.now, frame[:]); n > 0; n = d.end.Output(d.now, frame[:]) {
		d.out = append(d.out, frame[:n]...)
	}
}

func (d *desk) idle() {
	d.now += time.Millisecond
	if !d.silent {
		d.answer()
	}
}

// device returns a device at a desk.
func (d *desk) device(t testing.TB) *Device {
	t.Helper()
	dev, err := New(Config{Port: d, Clock: func() time.Duration { return d.now }, Idle: d.idle})
	if err != nil {
		t.Fatal(err)
	}
	return dev
}

// dialed does what net.Dial does under TinyGo.
func dialed(dev *Device, host string, port uint16) (int, error) {
	ip, err := dev.GetHostByName(host)
	if err != nil {
		return -1, err
	}
	fd, err := dev.Socket(2, 1, protocolTCP)
	if err != nil {
		return -1, err
	}
	if err := dev.Connect(fd, "", netip.AddrPortFrom(ip, port)); err != nil {
		_ = dev.Close(fd)
		return -1, err
	}
	return fd, nil
}

func TestNetdev(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	dev := d.device(t)
	for _, host := range []string{"192.168.1.2", "broker.example", "localhost", "::1", "1.2.3", "1.2.3.256", "01.2.3.4", "broker.example", strings.Repeat("a", maxName)} {
		fd, err := dialed(dev, host, 6001)
		if err != nil {
			t.Fatalf("%s: %v", host, err)
		}
		if n, err := dev.Send(fd, []byte("hello"), 0, time.Time{}); n != 5 || err != nil {
			t.Errorf("%s: sent %d, %v", host, n, err)
		}
		var buf [10]byte
		if n, err := dev.Recv(fd, buf[:], 0, time.Time{}); string(buf[:max(n, 0)]) != "hello" || err != nil {
			t.Errorf("%s: received %q, %v", host, buf[:max(n, 0)], err)
		}
		if err := dev.Close(fd); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if got, want := d.asked[len(d.asked)-1], net.JoinHostPort(host, "6001"); got != want {
			t.Errorf("asked for %s, want %s", got, want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	dev := newDesk(t).device(t)
	first, err := dev.GetHostByName("first.example")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := dev.GetHostByName("first.example"); again != first || !first.Is4() {
		t.Errorf("%v, and then %v", first, again)
	}
	for _, name := range []string{"a.example", "b.example", "c.example", "d.example"} {
		_, _ = dev.GetHostByName(name)
	}
	fd, err := dev.Socket(2, 1, protocolTCP)
	if err != nil {
		t.Fatal(err)
	}
	if err := dev.Connect(fd, "", netip.AddrPortFrom(first, 80)); err != errForgotten {
		t.Errorf("an old address: %v", err)
	}
	for _, name := range []string{"", strings.Repeat("a", maxName+1)} {
		if _, err := dev.GetHostByName(name); err != errName {
			t.Errorf("a name of %d bytes: %v", len(name), err)
		}
	}
}

// TestConnectFails checks what a board is told.
func TestConnectFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set  func(*desk)
		want error
	}{
		"nobody there":  {func(d *desk) { d.silent = true }, errNoBridge},
		"not allowed":   {func(d *desk) { d.refuse = line.NotAllowed }, line.NotAllowed},
		"other version": {func(d *desk) { d.silent = true; d.out = []byte("\x00\x07\x02\x09\xd9\xc8\x33\x0a\x00") }, errVersion},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			test.set(d)
			dev := d.device(t)
			began := d.now
			if _, err := dialed(dev, "x", 1); err != test.want {
				t.Errorf("%v, want %v", err, test.want)
			}
			if took := d.now - began; d.silent && took != 10*time.Second {
				t.Errorf("after %v", took)
			}
			// The next attempt has a clean start.
			d.silent, d.refuse = false, line.Closed
			if _, err := dialed(dev, "x", 1); err != nil {
				t.Errorf("then: %v", err)
			}
		})
	}
}

// TestBridgeHasRestarted checks that a board that has not noticed yet connects
// all the same.
func TestBridgeHasRestarted(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	dev := d.device(t)
	for range 3 {
		fd, err := dialed(dev, "x", 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := dev.Close(fd); err != nil {
			t.Fatal(err)
		}
		d.restart(t)
		d.out = nil // nor has it heard the new one's first words
	}
}

// TestDeadline checks that deadlines follow the clock of the line, since
// package time stands still on some boards while a call waits.
func TestDeadline(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	dev := d.device(t)
	fd, err := dialed(dev, "x", 1)
	if err != nil {
		t.Fatal(err)
	}
	began := d.now
	var buf [10]byte
	n, err := dev.Recv(fd, buf[:], 0, time.Now().Add(20*time.Second))
	var timeout net.Error
	if n != 0 || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%d, %v", n, err)
	}
	if took := d.now - began; took < 15*time.Second || took > 21*time.Second {
		t.Errorf("after %v", took)
	}
	// What is there is read even when the deadline has passed.
	if _, err := dev.Send(fd, []byte("hello"), 0, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if n, err := dev.Recv(fd, buf[:], 0, time.Unix(1, 0)); n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := dev.Recv(fd, buf[:], 0, time.Unix(1, 0)); err != ErrTimeout {
		t.Errorf("nothing there: %v", err)
	}
}

// TestRefusals checks that what cannot be done is refused with a reason, TLS
// above all.
func TestRefusals(t *testing.T) {
	t.Parallel()
	dev := newDesk(t).device(t)
	for protocol, want := range map[int]error{protocolTLS: errTLS, 17: errProtocol} {
		if fd, err := dev.Socket(2, 1, protocol); fd != -1 || err != want {
			t.Errorf("protocol %d: %d, %v", protocol, fd, err)
		}
	}
	if _, err := dev.Addr(); err != errAddress {
		t.Error(err)
	}
	if err := dev.Bind(0, netip.AddrPort{}); err != errListen {
		t.Error(err)
	}
	if err := dev.Listen(0, 1); err != errListen {
		t.Error(err)
	}
	if _, _, err := dev.Accept(0); err != errListen {
		t.Error(err)
	}
	for _, fd := range []int{-1, 0, 99} {
		if _, err := dev.Recv(fd, make([]byte, 1), 0, time.Time{}); err != line.NoSocket {
			t.Errorf("reading from %d: %v", fd, err)
		}
		if _, err := dev.Send(fd, make([]byte, 1), 0, time.Time{}); err != line.NoSocket {
			t.Errorf("writing to %d: %v", fd, err)
		}
		if err := dev.Close(fd); err != line.NoSocket {
			t.Errorf("closing %d: %v", fd, err)
		}
		if err := dev.Connect(fd, "x", netip.AddrPort{}); err != line.NoSocket {
			t.Errorf("connecting %d: %v", fd, err)
		}
	}
	if _, err := dev.Dial(context.Background(), "udp", "x:1"); err != errProtocol {
		t.Errorf("UDP: %v", err)
	}
	for want, cfg := range map[error]Config{errNoPort: {}, errConnect: {Port: newDesk(t), ConnectTimeout: -1}} {
		if _, err := New(cfg); err != want {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if _, err := New(Config{Port: newDesk(t), Window: 1}); err == nil {
		t.Error("a window of one byte")
	}
}

// TestPollKeepsTheLine leaves the network alone for longer than the ends wait
// for each other, with and without Poll.
func TestPollKeepsTheLine(t *testing.T) {
	t.Parallel()
	for _, polls := range []bool{true, false} {
		d := newDesk(t)
		dev := d.device(t)
		fd, err := dialed(dev, "x", 1)
		if err != nil {
			t.Fatal(err)
		}
		for range 1200 {
			d.now += 100 * time.Millisecond
			d.answer()
			if polls {
				dev.Poll()
			}
		}
		_, err = dev.Send(fd, []byte("x"), 0, time.Time{})
		if err == nil {
			_, err = dev.Recv(fd, make([]byte, 1), 0, time.Time{})
		}
		if polls && err != nil || !polls && err != line.LineLost {
			t.Errorf("polling %v: %v", polls, err)
		}
	}
}

// TestNothingIsAllocated checks that a board's memory stays as it is.
func TestNothingIsAllocated(t *testing.T) {
	d := newDesk(t)
	dev := d.device(t)
	fd, err := dialed(dev, "x", 1)
	if err != nil {
		t.Fatal(err)
	}
	d.out = make([]byte, 0, 1<<20) // the desk may allocate as little
	data, buf := bytes.Repeat([]byte("x"), 400), make([]byte, 400)
	if n := testing.AllocsPerRun(20, func() {
		_, _ = dev.Send(fd, data, 0, time.Time{})
		for got := 0; got < len(data); {
			n, err := dev.Recv(fd, buf, 0, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			got += n
		}
		dev.Poll()
		d.out = d.out[:0]
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestStreamPort checks that a port loses what it has no room for, like a UART.
func TestStreamPort(t *testing.T) {
	t.Parallel()
	here, there := net.Pipe()
	port := NewPort(here, 4)
	if _, err := port.ReadByte(); err != io.EOF || port.Buffered() != 0 {
		t.Errorf("before anything came: %v", err)
	}
	for _, text := range []string{"abc", "def"} {
		if _, err := there.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	there.Close()
	<-port.Done()
	var got []byte
	for port.Buffered() > 0 {
		b, _ := port.ReadByte()
		got = append(got, b)
	}
	if string(got) != "abcd" {
		t.Errorf("got %q", got)
	}
}
