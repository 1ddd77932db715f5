//go:build tinygo && go1.25

package thimble_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thimble-go/thimble"
)

// driver is a network driver with one answer to each call, which it counts.
type driver struct {
	ip       netip.Addr
	lookup   error
	connect  error
	send     func(b []byte, deadline time.Time) (int, error)
	recv     func(b []byte, deadline time.Time) (int, error)
	mu       sync.Mutex
	calls    []string
	looked   string
	endpoint netip.AddrPort
}

func (d *driver) called(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, name)
}

func (d *driver) count(name string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, call := range d.calls {
		if call == name {
			n++
		}
	}
	return n
}

func (d *driver) GetHostByName(name string) (netip.Addr, error) {
	d.looked = name
	return d.ip, d.lookup
}

func (d *driver) Socket(domain, stype, protocol int) (int, error) {
	d.called("socket")
	if domain != 2 || stype != 1 || protocol != 6 {
		return -1, errors.New("no TCP")
	}
	return 0, nil
}

func (d *driver) Connect(_ int, _ string, ip netip.AddrPort) error {
	d.called("connect")
	d.endpoint = ip
	return d.connect
}

func (d *driver) Send(_ int, b []byte, _ int, deadline time.Time) (int, error) {
	d.called("send")
	return d.send(b, deadline)
}

func (d *driver) Recv(_ int, b []byte, _ int, deadline time.Time) (int, error) {
	d.called("recv")
	return d.recv(b, deadline)
}

func (d *driver) Close(int) error {
	d.called("close")
	return nil
}

// dialled is a connection on a driver.
func dialled(t *testing.T, d *driver) net.Conn {
	t.Helper()
	d.ip = netip.MustParseAddr("192.168.1.2")
	t.Cleanup(thimble.UseDriver(d))
	conn, err := thimble.DialDriver(t.Context(), "tcp", "broker.example:6001")
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// late is how drivers say that a deadline has passed.
type late struct{}

func (late) Error() string { return "i/o timeout" }
func (late) Timeout() bool { return true }

// silent is a driver to which nothing comes. It knows no other deadline than
// that which it was called with.
func silent(_ []byte, deadline time.Time) (int, error) {
	time.Sleep(time.Until(deadline))
	return -1, late{}
}

func TestSocketDials(t *testing.T) {
	d := &driver{}
	dialled(t, d)
	if d.looked != "broker.example" || d.endpoint != netip.MustParseAddrPort("192.168.1.2:6001") {
		t.Errorf("it looks up %q and connects to %v", d.looked, d.endpoint)
	}
}

func TestSocketDialFails(t *testing.T) {
	v4, broken := netip.MustParseAddr("192.168.1.2"), errors.New("broken")
	for name, tt := range map[string]struct {
		d       *driver
		address string
		want    string
		calls   []string
	}{
		"no host of that name":       {&driver{lookup: broken}, "broker.example:80", "thimble: looking up broker.example: broken", nil},
		"an IPv6 address":            {&driver{ip: netip.IPv6Loopback()}, "[::1]:80", "only IPv4", nil}, // drivers panic on it
		"an IPv4 address in IPv6":    {&driver{ip: netip.AddrFrom16(v4.As16())}, "broker.example:80", "only IPv4", nil},
		"an address that is none":    {&driver{}, "broker.example:80", "only IPv4", nil},
		"no port":                    {&driver{ip: v4}, "broker.example", "port", nil},
		"a connection that fails":    {&driver{ip: v4, connect: broken}, "broker.example:80", "broken", []string{"socket", "connect", "close"}},
		"brackets are not looked up": {&driver{lookup: broken}, "[::1]:80", "looking up ::1: broken", nil},
	} {
		t.Run(name, func(t *testing.T) {
			defer thimble.UseDriver(tt.d)()
			conn, err := thimble.DialDriver(t.Context(), "tcp", tt.address)
			if conn != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, %v, want %s", conn, err, tt.want)
			}
			if !slices.Equal(tt.d.calls, tt.calls) {
				t.Errorf("calls: %q, want %q", tt.d.calls, tt.calls)
			}
		})
	}
}

// TestSocketWritesAll checks that what a driver takes only in part is sent to
// the end, or the error says that it was not.
func TestSocketWritesAll(t *testing.T) {
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		takes []int // of each call; the last again and again
		fails error // of the last
		n     int
		want  error
	}{
		"all at once":       {[]int{11}, nil, 11, nil},
		"in pieces":         {[]int{3}, nil, 11, nil},
		"nothing":           {[]int{3, 0}, nil, 3, io.ErrShortWrite},
		"-1 without error":  {[]int{-1}, nil, 0, io.ErrShortWrite},
		"-1 with an error":  {[]int{4, -1}, broken, 4, broken},
		"some and an error": {[]int{4, 2}, broken, 6, broken},
		"too much":          {[]int{100}, nil, 11, nil},
	} {
		t.Run(name, func(t *testing.T) {
			sent, calls := "", 0
			conn := dialled(t, &driver{send: func(b []byte, _ time.Time) (int, error) {
				n := tt.takes[min(calls, len(tt.takes)-1)]
				calls++
				sent += string(b[:min(max(n, 0), len(b))])
				if calls < len(tt.takes) {
					return n, nil
				}
				return n, tt.fails
			}})
			n, err := conn.Write([]byte("hello world"))
			if n != tt.n || err != tt.want || sent != "hello world"[:tt.n] {
				t.Errorf("%d, %v; sent %q", n, err, sent)
			}
		})
	}
}

func TestSocketWriteDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := dialled(t, &driver{send: silent})
		start := time.Now()
		_ = conn.SetDeadline(start.Add(10 * time.Second))
		n, err := conn.Write([]byte("hello"))
		if n != 0 || !thimble.IsTimeout(err) || time.Since(start) != 10*time.Second {
			t.Errorf("%d, %v after %v", n, err, time.Since(start))
		}
	})
}

func TestSocketReads(t *testing.T) {
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		n    int
		err  error
		want int
	}{
		"some":              {3, nil, 3},
		"the end":           {-1, io.EOF, 0},
		"some, and the end": {3, io.EOF, 3},
		"an error":          {-1, broken, 0},
		"nothing":           {0, nil, 0},
		"too much":          {100, nil, 8},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dialled(t, &driver{recv: func([]byte, time.Time) (int, error) { return tt.n, tt.err }})
			if n, err := conn.Read(make([]byte, 8)); n != tt.want || err != tt.err {
				t.Errorf("%d, %v", n, err)
			}
		})
	}
}

// TestSocketReadDeadline checks that a read lasts until its deadline, however
// often the driver is called on the way, and that of one that is over nothing
// comes too late.
func TestSocketReadDeadline(t *testing.T) {
	for _, wait := range []time.Duration{-time.Hour, 0, 20 * time.Millisecond, 250 * time.Millisecond, time.Second, 119*time.Second + 1} {
		synctest.Test(t, func(t *testing.T) {
			conn := dialled(t, &driver{recv: silent})
			start := time.Now()
			_ = conn.SetReadDeadline(start.Add(wait))
			n, err := conn.Read(make([]byte, 8))
			if n != 0 || !thimble.IsTimeout(err) || time.Since(start) != max(wait, 0) {
				t.Errorf("%v: %d, %v after %v", wait, n, err, time.Since(start))
			}
		})
	}
}

// TestSocketReadOnAStillClock is a board whose clock does not go on while its
// driver waits.
func TestSocketReadOnAStillClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &driver{recv: func([]byte, time.Time) (int, error) { return -1, late{} }}
		conn := dialled(t, d)
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Minute))
		if _, err := conn.Read(make([]byte, 8)); !thimble.IsTimeout(err) {
			t.Error(err)
		}
		if n := d.count("recv"); n != 480 {
			t.Errorf("%d calls, want 480 of 250 ms", n)
		}
	})
}

// TestSocketIsWoken checks that a read that nothing comes to ends when another
// goroutine moves its deadline, or closes it.
func TestSocketIsWoken(t *testing.T) {
	for name, tt := range map[string]struct {
		wake  func(net.Conn)
		ended func(error) bool
	}{
		"deadline": {func(c net.Conn) { _ = c.SetReadDeadline(time.Unix(1, 0)) }, thimble.IsTimeout},
		"close":    {func(c net.Conn) { _ = c.Close() }, func(err error) bool { return err == net.ErrClosed }},
	} {
		for _, wait := range []time.Duration{0, 2 * time.Minute} {
			synctest.Test(t, func(t *testing.T) {
				conn := dialled(t, &driver{recv: silent})
				if wait != 0 {
					_ = conn.SetReadDeadline(time.Now().Add(wait))
				}
				time.AfterFunc(time.Minute, func() { tt.wake(conn) })
				start := time.Now()
				_, err := conn.Read(make([]byte, 8))
				synctest.Wait()
				if took := time.Since(start) - time.Minute; !tt.ended(err) || took < 0 || took > 250*time.Millisecond {
					t.Errorf("%s: %v, %v after it", name, err, took)
				}
			})
		}
	}
}

// TestSocketClosesOnce checks that a socket leaves its number alone once it is
// closed: the driver has given that to another connection by then.
func TestSocketClosesOnce(t *testing.T) {
	d := &driver{}
	conn := dialled(t, d)
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != net.ErrClosed {
		t.Errorf("closed again: %v", err)
	}
	if n, err := conn.Read(make([]byte, 8)); n != 0 || err != net.ErrClosed {
		t.Errorf("read: %d, %v", n, err)
	}
	if n, err := conn.Write([]byte("x")); n != 0 || err != net.ErrClosed {
		t.Errorf("written: %d, %v", n, err)
	}
	if want := []string{"socket", "connect", "close"}; !slices.Equal(d.calls, want) {
		t.Errorf("calls: %q, want %q", d.calls, want)
	}
}

// modem is a driver as those of Wi-Fi modules are, with real connections below:
// it gives the lowest number that is free, takes little at a time, knows a
// deadline only by looking, and says -1 beside an error.
type modem struct {
	mu    sync.Mutex
	conns map[int]net.Conn // nil: not connected yet
}

func (m *modem) GetHostByName(name string) (netip.Addr, error) { return netip.ParseAddr(name) }

func (m *modem) Socket(int, int, int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fd := 0
	for {
		if _, taken := m.conns[fd]; !taken {
			break
		}
		fd++
	}
	m.conns[fd] = nil
	return fd, nil
}

func (m *modem) Connect(fd int, _ string, ip netip.AddrPort) error {
	conn, err := net.Dial("tcp", ip.String())
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conns[fd] = conn
	return err
}

func (m *modem) conn(fd int) net.Conn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conns[fd]
}

func (m *modem) Send(fd int, b []byte, _ int, deadline time.Time) (int, error) {
	conn := m.conn(fd)
	if conn == nil {
		return -1, errors.New("invalid socket")
	}
	_ = conn.SetWriteDeadline(deadline)
	n, err := conn.Write(b[:min(len(b), 7)])
	if err != nil {
		return -1, err
	}
	return n, nil
}

func (m *modem) Recv(fd int, b []byte, _ int, deadline time.Time) (int, error) {
	for time.Now().Before(deadline) {
		conn := m.conn(fd)
		if conn == nil {
			return -1, errors.New("invalid socket")
		}
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		n, err := conn.Read(b)
		switch {
		case n > 0:
			return n, nil
		case !thimble.IsTimeout(err):
			return -1, io.EOF
		}
	}
	return -1, late{}
}

func (m *modem) Close(fd int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	conn, ok := m.conns[fd]
	if !ok {
		return errors.New("invalid socket")
	}
	delete(m.conns, fd)
	if conn == nil {
		return nil
	}
	return conn.Close()
}

// TestClientOnADriver runs a client on a modem, through a connection that is
// lost and made again, and ends it from another goroutine.
func TestClientOnADriver(t *testing.T) {
	m := &modem{conns: map[int]net.Conn{}}
	defer thimble.UseDriver(m)()
	f := newFake(t)
	cfg := f.eager()
	cfg.Dial = thimble.DialDriver
	client := newClient(t, cfg)
	news := client.Subscribe("news")
	got := make(chan string, 10)
	news.Bind("headline", func(e thimble.Event) { got <- e.Text() })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- client.Run(ctx) }()
	for _, id := range []string{"1.1", "1.2"} {
		conn := f.accept(id)
		conn.subscriptions(1)
		conn.send(`{"event":"headline","channel":"news","data":"` + id + `"}`)
		if text := waitFor(t, "the event", got); text != id {
			t.Errorf("got %q", text)
		}
		if id == "1.1" {
			conn.conn.Close()
		}
	}
	cancel() // while it waits for what does not come
	if err := waitFor(t, "the end", ended); err != context.Canceled {
		t.Error(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.conns) != 0 {
		t.Errorf("%d sockets are still open", len(m.conns))
	}
}
