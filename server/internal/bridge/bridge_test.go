package bridge

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble/firmware/serialnet"
	"github.com/thimble-go/thimble/internal/line"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 42)) }

func bytesOf(r *rand.Rand, size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(r.IntN(256))
	}
	return p
}

// roundTrip sends data to an echo and checks what comes back.
func roundTrip(t *testing.T, conn net.Conn, data []byte) {
	t.Helper()
	var sending sync.WaitGroup
	sending.Add(1)
	go func() {
		defer sending.Done()
		if _, err := conn.Write(data); err != nil {
			t.Errorf("writing: %v", err)
		}
	}()
	got := make([]byte, len(data))
	if n, err := io.ReadFull(conn, got); err != nil {
		t.Errorf("reading: %v, after %d of %d bytes", err, n, len(data))
	} else if !bytes.Equal(got, data) {
		t.Error("changed on the way")
	}
	sending.Wait()
}

func TestEcho(t *testing.T) {
	t.Parallel()
	s := listen(t, echo)
	c := newCable(t)
	r := start(t, Config{Allow: []string{s.address}}, over(c))
	dev := board(t, c, serialnet.Config{})
	for range 3 { // the slots are used again
		one, two := dial(t, dev, s.address), dial(t, dev, s.address)
		roundTrip(t, one, bytesOf(random(1), 50_000))
		roundTrip(t, two, bytesOf(random(2), 1000))
		if _, err := dev.Dial(within(t), "tcp", s.address); !errors.Is(err, line.TooMany) {
			t.Errorf("a third connection: %v", err)
		}
		for _, conn := range []net.Conn{one, two} {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("reading from what is closed: %v", err)
			}
		}
	}
	for range 6 {
		if e := r.await(Closed); e.Err != nil || e.Address != s.address || e.Up != e.Down || e.Up == 0 {
			t.Errorf("told %+v", e)
		}
	}
}

// TestServerCloses checks that the board gets all that was sent before, and
// then the end.
func TestServerCloses(t *testing.T) {
	t.Parallel()
	want := bytesOf(random(1), 20_000)
	s := listen(t, func(conn net.Conn) { _, _ = conn.Write(want) })
	c := newCable(t)
	start(t, Config{Allow: []string{s.address}}, over(c))
	conn := dial(t, board(t, c, serialnet.Config{}), s.address)
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d, %v", len(got), len(want), err)
	}
	conn.Close()
}

// TestBoardCloses checks that a server gets all that a board wrote before it
// closed.
func TestBoardCloses(t *testing.T) {
	t.Parallel()
	want := bytesOf(random(1), 3000)
	got := make(chan []byte, 1)
	s := listen(t, func(conn net.Conn) {
		p, _ := io.ReadAll(conn)
		got <- p
	})
	c := newCable(t)
	start(t, Config{Allow: []string{s.address}}, over(c))
	dev := board(t, c, serialnet.Config{})
	conn := dial(t, dev, s.address)
	if _, err := conn.Write(want); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	timeout := time.After(patience)
	for {
		select {
		case p := <-got:
			if !bytes.Equal(p, want) {
				t.Errorf("%d bytes of %d", len(p), len(want))
			}
			return
		case <-timeout:
			t.Fatal("nothing came")
		default:
			dev.Poll()
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	nobody := unused(t)
	c := newCable(t)
	r := start(t, Config{
		Allow: []string{nobody, "nowhere.invalid:80", "far.example:80"},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			switch address {
			case "nowhere.invalid:80":
				return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "nowhere.invalid"}}
			case "far.example:80":
				return nil, &net.OpError{Op: "dial", Err: context.DeadlineExceeded}
			}
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		},
	}, over(c))
	dev := board(t, c, serialnet.Config{})
	for _, test := range []struct {
		address string
		why     line.Reason
		says    string
	}{
		{nobody, line.Refused, "connection refused"},
		{"127.0.0.1:22", line.NotAllowed, "--allow 127.0.0.1:22"},
		{"LOCALHOST:022", line.NotAllowed, "--allow localhost:22"},
		{"[::ffff:10.0.0.1]:80", line.NotAllowed, "--allow 10.0.0.1:80"},
		{"nowhere.invalid:80", line.NoSuchHost, "no such host"},
		{"far.example:80", line.Unreachable, "deadline"},
		{"no port", line.BadAddress, "host:port"},
		{"a:0", line.BadAddress, "1 to 65535"},
		{"a b:80", line.BadAddress, "host:port"},
	} {
		_, err := dev.Dial(within(t), "tcp", test.address)
		if !errors.Is(err, test.why) {
			t.Errorf("%s: %v, want %v", test.address, err, test.why)
		}
		if e := r.await(Refused); e.Address != test.address || e.Err == nil || !strings.Contains(e.Err.Error(), test.says) {
			t.Errorf("told %+v, want %q", e, test.says)
		}
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{{Allow: []string{"host"}}, {TLS: []string{"host:x"}}, {Allow: []string{":80"}}, {Allow: []string{"https://a:443"}}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

// TestNoise has a line that loses, changes and invents bytes.
func TestNoise(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := listen(t, echo)
			c := newCable(t)
			r := random(seed)
			c.noise = func(p []byte) []byte { // called with the cable's lock
				at := r.IntN(len(p))
				switch r.IntN(40) {
				case 0:
					return nil
				case 1:
					p[at] ^= 1 << r.IntN(8)
				case 2:
					return append(p[:at:at], append(bytesOf(r, 40), p[at:]...)...)
				case 3:
					return p[:at]
				case 4:
					return append(p, p...)
				}
				return p
			}
			start(t, Config{Allow: []string{s.address}}, over(c))
			conn := dial(t, board(t, c, serialnet.Config{}), s.address)
			roundTrip(t, conn, bytesOf(r0(seed), 10_000))
			conn.Close()
		})
	}
}

func r0(seed uint64) *rand.Rand { return random(seed + 1000) }

// TestBridgeRestarts checks that a board notices, and connects anew.
func TestBridgeRestarts(t *testing.T) {
	t.Parallel()
	s := listen(t, echo)
	c := newCable(t)
	dev := board(t, c, serialnet.Config{})
	for range 3 {
		r := start(t, Config{Allow: []string{s.address}}, over(c))
		conn := dial(t, dev, s.address)
		roundTrip(t, conn, []byte("hello"))
		r.stop()
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, line.LineLost) {
			t.Errorf("after the bridge ended: %v", err)
		}
		conn.Close()
	}
}

// TestBridgeVanishes ends the bridge without a word.
func TestBridgeVanishes(t *testing.T) {
	t.Parallel()
	s := listen(t, echo)
	c := newCable(t)
	dev := board(t, c, serialnet.Config{})
	r := start(t, Config{Allow: []string{s.address}}, over(c))
	conn := dial(t, dev, s.address)
	c.host.Close() // the bridge plugs in again by itself
	if e := r.await(LineDown); e.Err == nil {
		t.Error("nobody says why")
	}
	r.await(LineUp)
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, line.LineLost) {
		t.Errorf("after the bridge vanished: %v", err)
	}
	conn.Close()
	conn = dial(t, dev, s.address)
	roundTrip(t, conn, []byte("hello"))
	conn.Close()
}

// TestBoardRestarts checks that the connections of the board that was are
// closed.
func TestBoardRestarts(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{}, 10)
	s := listen(t, func(conn net.Conn) { echo(conn); ended <- struct{}{} })
	c := newCable(t)
	port := serialnet.NewPort(c, 4096)
	start(t, Config{Allow: []string{s.address}}, over(c))
	for i := range 3 {
		dev, err := serialnet.New(serialnet.Config{Port: port, ConnectTimeout: patience})
		if err != nil {
			t.Fatal(err)
		}
		conn := dial(t, dev, s.address)
		roundTrip(t, conn, []byte("hello"))
		if i > 0 {
			select {
			case <-ended:
			case <-time.After(patience):
				t.Fatal("the connection of the board that was is still open")
			}
		}
		// This board is never heard of again.
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	dev := board(t, c, serialnet.Config{ConnectTimeout: 30 * time.Millisecond})
	if _, err := dev.Dial(within(t), "tcp", "x:1"); err == nil || !strings.Contains(err.Error(), "thimble bridge") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := board(t, newCable(t), serialnet.Config{}).Dial(ctx, "tcp", "x:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

// TestAnotherVersion checks that both users are told when board and bridge are
// of different releases.
func TestAnotherVersion(t *testing.T) {
	t.Parallel()
	// frame is the format of docs/serial.md, written once more.
	frame := func(body ...byte) []byte {
		body = binary.LittleEndian.AppendUint32(body, crc32.ChecksumIEEE(body))
		f := []byte{0}
		for _, chunk := range bytes.Split(body, []byte{0}) {
			f = append(append(f, byte(len(chunk)+1)), chunk...)
		}
		return append(f, 0)
	}
	c := newCable(t)
	c.noise = func(p []byte) []byte { // each end believes that the other one speaks version 9
		p = bytes.ReplaceAll(p, frame(1, 1, 0, 2), frame(1, 9, 0, 2))
		return bytes.ReplaceAll(p, frame(2, 1, 0, 0, 0, 0, 0, 16), frame(2, 9, 0, 0, 0, 0, 0, 16))
	}
	r := start(t, Config{}, over(c))
	dev := board(t, c, serialnet.Config{ConnectTimeout: 50 * time.Millisecond})
	for end := within(t); ; {
		_, err := dev.Dial(end, "tcp", "x:1")
		if err != nil && strings.Contains(err.Error(), "another version") {
			break
		}
		if end.Err() != nil {
			t.Fatalf("the board is never told: %v", err)
		}
	}
	if e := r.await(Version); e.Bytes != 9 {
		t.Errorf("told %+v", e)
	}
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	s := listen(t, echo)
	c := newCable(t)
	start(t, Config{Allow: []string{s.address}}, over(c))
	conn := dial(t, board(t, c, serialnet.Config{}), s.address)
	defer conn.Close()
	if conn.RemoteAddr().String() != s.address || conn.LocalAddr().Network() != "serial" {
		t.Errorf("from %v to %v", conn.LocalAddr(), conn.RemoteAddr())
	}
	one := make([]byte, 1)
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := conn.Read(one); !timedOut(err) {
		t.Errorf("a deadline in the future: %v", err)
	}
	_ = conn.SetReadDeadline(time.Unix(1, 0))
	if _, err := conn.Read(one); !timedOut(err) {
		t.Errorf("a deadline in the past: %v", err)
	}
	// A deadline that is moved ends a read that waits already.
	_ = conn.SetReadDeadline(time.Time{})
	failed := make(chan error, 1)
	go func() {
		_, err := conn.Read(one)
		failed <- err
	}()
	_ = conn.SetReadDeadline(time.Unix(1, 0))
	select {
	case err := <-failed:
		if !timedOut(err) {
			t.Errorf("a deadline that is moved: %v", err)
		}
	case <-time.After(patience):
		t.Error("a deadline that is moved ends nothing")
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	roundTrip(t, conn, []byte("still there"))
	// So does closing.
	_ = conn.SetReadDeadline(time.Time{})
	go func() {
		_, err := conn.Read(one)
		failed <- err
	}()
	_ = conn.Close()
	select {
	case err := <-failed:
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	case <-time.After(patience):
		t.Error("closing ends nothing")
	}
}

// TestWriteDeadline writes to a server that does not read.
func TestWriteDeadline(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := listen(t, func(net.Conn) { <-release })
	defer close(release)
	c := newCable(t)
	start(t, Config{Allow: []string{s.address}}, over(c))
	conn := dial(t, board(t, c, serialnet.Config{}), s.address)
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := conn.Write(make([]byte, 64<<20)); !timedOut(err) || n == 0 || n == 64<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// TestTLS checks that the bridge ends TLS for the board where it is told to,
// and nowhere else, and trusts nobody whom it does not know.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "over TLS: ", r.TLS != nil)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	address := s.Listener.Addr().String()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	for name, test := range map[string]struct {
		cfg  Config
		says string
		why  error
	}{
		"trusted":   {Config{TLS: []string{address}, TLSConfig: &tls.Config{RootCAs: roots}}, "over TLS: true", nil},
		"stranger":  {Config{TLS: []string{address}}, "", line.NoTLS},
		"plaintext": {Config{Allow: []string{address}}, "HTTP request to an HTTPS server", nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCable(t)
			r := start(t, test.cfg, over(c))
			conn, err := board(t, c, serialnet.Config{}).Dial(within(t), "tcp", address)
			if test.why != nil {
				if e := r.await(Refused); !e.TLS || !strings.Contains(e.Err.Error(), "TLS: ") {
					t.Errorf("told %+v", e)
				}
				if !errors.Is(err, test.why) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(patience))
			fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", address)
			if got, err := io.ReadAll(conn); err != nil || !strings.Contains(string(got), test.says) {
				t.Errorf("%v, and %q", err, got)
			}
		})
	}
}

// TestText checks that what a board prints between frames is told, and costs
// no connection.
func TestText(t *testing.T) {
	t.Parallel()
	s := listen(t, echo)
	c := newCable(t)
	r := start(t, Config{Allow: []string{s.address}}, over(c))
	r.await(LineUp)
	fmt.Fprint(c, "booting\r\n")
	if e := r.await(Text); e.Text != "booting\r\n" {
		t.Errorf("told %q", e.Text)
	}
	conn := dial(t, board(t, c, serialnet.Config{}), s.address)
	r.await(Board)
	_, _ = c.Write([]byte{1, 2, 3, 0xff, 0})
	if e := r.await(Garbage); e.Bytes != 4 {
		t.Errorf("told %+v", e)
	}
	roundTrip(t, conn, []byte("hello"))
	conn.Close()
}

// TestTextInNoise has a line at the wrong speed: pieces of noise that look like
// text are not told as such, and text that follows the noise is.
func TestTextInNoise(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	r := start(t, Config{}, over(c))
	r.await(LineUp)
	const boot = "ets Jun  8 2016 00:22:57\r\n"
	_, _ = c.Write(bytesOf(random(1), 500)) // as some boards begin, at another speed
	_, _ = c.Write([]byte("\x00" + boot))
	for text := ""; !strings.HasSuffix(text, boot); {
		text += r.await(Text).Text
	}
	const size = 4 << 20
	noise := random(2)
	for range size / 1024 {
		_, _ = c.Write(bytesOf(noise, 1024))
	}
	texts := 0
	for sum := 0; sum < size*9/10; { // zeros are not counted, nor what waits for one
		select {
		case e := <-r.events:
			sum += e.Bytes
			if e.Kind == Text {
				texts++
			}
		case <-time.After(patience):
			t.Fatalf("%d bytes of garbage, and no more", sum)
		}
	}
	if texts > 5 {
		t.Errorf("%d pieces of noise are text", texts)
	}
	for end := within(t); ; {
		fmt.Fprint(c, "\x00after\r\n\x00")
		select {
		case <-time.After(20 * time.Millisecond): // until the next attempt
		case e := <-r.events:
			if e.Kind == Text && e.Text == "after\r\n" {
				return
			}
		case <-end.Done():
			t.Fatal("text that follows noise is never told")
		}
	}
}
