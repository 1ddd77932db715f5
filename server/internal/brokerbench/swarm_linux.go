package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/thimble-go/thimble/internal/websocket"
)

// swarm is many clients that one loop carries, so that the load takes as little
// as can be of the cores that it shares with what is measured. Only the
// goroutine of run uses it, but for what is atomic and for do.
type swarm struct {
	dialect dialect
	address netip.AddrPort
	epoll   int
	wake    int // an eventfd
	wishes  chan func()
	ended   chan struct{}

	clients  []*client
	begun    int // of clients, as far as they have a connection
	opening  int // connections that are being made
	ready    int // clients that are where wish wants them
	failure  error
	buffer   []byte
	delays   []int32 // of deliveries, in microseconds; nil: not measured
	received atomic.Int64
}

// client is one connection of a swarm.
type client struct {
	index int // in swarm.clients
	fd    int
	stage int    // how many answers it has had
	rest  []byte // the beginning of a frame, or of the head
	deaf  bool   // it reads nothing
}

// opensAtOnce is how many connections are made at a time: more would overflow
// the backlog of a listener.
const opensAtOnce = 128

// started is when this process began, for the times in events.
var started = time.Now()

func newSwarm(d dialect, address string) (*swarm, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	s := &swarm{dialect: d, address: at, wishes: make(chan func(), 16), ended: make(chan struct{}), buffer: make([]byte, 256<<10)}
	if s.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	if s.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, err
	}
	if err := s.watch(unix.EPOLL_CTL_ADD, s.wake, -1, unix.EPOLLIN); err != nil {
		return nil, err
	}
	go s.run()
	return s, nil
}

func (s *swarm) watch(op, fd, index int, events uint32) error {
	return unix.EpollCtl(s.epoll, op, fd, &unix.EpollEvent{Events: events, Fd: int32(index)})
}

// do has the loop call a function, and waits for that.
func (s *swarm) do(f func()) {
	done := make(chan struct{})
	s.wishes <- func() { f(); close(done) }
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(s.wake, one[:])
	<-done
}

// run is the goroutine.
func (s *swarm) run() {
	runtime.LockOSThread() // its waits are the kernel's
	defer close(s.ended)
	events := make([]unix.EpollEvent, 512)
	for {
		n, err := unix.EpollWait(s.epoll, events, -1)
		if err != nil && err != unix.EINTR {
			return
		}
		for _, e := range events[:max(n, 0)] {
			if e.Fd < 0 {
				if _, err := unix.Read(s.wake, s.buffer[:8]); err == nil && !s.grant() {
					return
				}
				continue
			}
			if err := s.event(s.clients[e.Fd]); err != nil && s.failure == nil {
				s.failure = err
			}
		}
	}
}

// grant does what others want; false is the end.
func (s *swarm) grant() bool {
	for {
		select {
		case wish := <-s.wishes:
			if wish == nil {
				return false
			}
			wish()
		default:
			return true
		}
	}
}

// close ends all clients at once.
func (s *swarm) close() {
	s.do(func() {
		for _, c := range s.clients {
			if c.fd >= 0 {
				unix.Close(c.fd)
			}
		}
	})
	s.wishes <- nil
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, _ = unix.Write(s.wake, one[:])
	<-s.ended
	unix.Close(s.epoll)
	unix.Close(s.wake)
}

// reset ends all clients with a reset, so that no port waits, and forgets them.
func (s *swarm) reset() {
	s.do(func() {
		for _, c := range s.clients {
			_ = unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			unix.Close(c.fd)
		}
		s.clients, s.begun, s.opening = nil, 0, 0
	})
}

// dismiss ends the deaf clients, which were made last, with a reset.
func (s *swarm) dismiss() {
	s.do(func() {
		first := slices.IndexFunc(s.clients, func(c *client) bool { return c.deaf })
		for _, c := range s.clients[first:] {
			_ = unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			unix.Close(c.fd)
		}
		s.clients, s.begun = s.clients[:first], first
	})
}

// connect makes n more clients, up to the greeting or, if they subscribe, until
// that is confirmed. Deaf ones read nothing from then on, and have a small
// buffer in the kernel.
func (s *swarm) connect(n int, subscribe, deaf bool) error {
	goal := s.dialect.greetings
	if subscribe {
		goal = s.dialect.answers
	}
	return s.until(goal, func(want *int) {
		*want = len(s.clients) + n
		for range n {
			s.clients = append(s.clients, &client{index: len(s.clients), fd: -1, deaf: deaf})
		}
	})
}

// subscribe has all clients subscribe that have not yet.
func (s *swarm) subscribe() error {
	return s.until(s.dialect.answers, func(want *int) {
		*want = len(s.clients)
		for _, c := range s.clients {
			if c.stage == s.dialect.greetings {
				if err := s.send(c, s.dialect.subscribe); err != nil {
					s.failure = err
				}
			}
		}
	})
}

// until waits for all clients to have had as many answers.
func (s *swarm) until(goal int, begin func(want *int)) error {
	want := 0
	s.do(func() {
		s.dialect.goal = goal
		begin(&want)
		s.ready = 0
		for _, c := range s.clients {
			if c.stage >= goal {
				s.ready++
			}
		}
		s.open()
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		ready, failure := 0, error(nil)
		s.do(func() { ready, failure = s.ready, s.failure })
		switch {
		case failure != nil:
			return failure
		case ready >= want:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("only %d of %d clients are ready after a minute", ready, want)
		}
	}
}

// open makes connections, as many as may be made at once.
func (s *swarm) open() {
	for ; s.begun < len(s.clients) && s.opening < opensAtOnce && s.failure == nil; s.begun++ {
		c := s.clients[s.begun]
		if err := s.dial(c); err != nil {
			s.failure = fmt.Errorf("connection %d: %w", c.index, err)
		}
	}
}

// dial begins a connection. Each address of the loopback network has its own
// ports, so there can be more than one has.
func (s *swarm) dial(c *client) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c.fd = fd
	_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	if c.deaf {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
	}
	from := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(2 + c.index/20000)}}
	if err := unix.Bind(fd, from); err != nil {
		return err
	}
	to := &unix.SockaddrInet4{Port: int(s.address.Port()), Addr: s.address.Addr().As4()}
	if err := unix.Connect(fd, to); err != nil && err != unix.EINPROGRESS {
		return err
	}
	s.opening++
	return s.watch(unix.EPOLL_CTL_ADD, fd, c.index, unix.EPOLLOUT)
}

// event handles what the kernel tells of a client.
func (s *swarm) event(c *client) error {
	if c.stage == 0 && c.rest == nil { // it is connected, or is not
		if code, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || code != 0 {
			return errors.Join(err, unix.Errno(code))
		}
		c.rest = []byte{}
		if err := s.send(c, s.dialect.request); err != nil {
			return err
		}
		return s.watch(unix.EPOLL_CTL_MOD, c.fd, c.index, unix.EPOLLIN)
	}
	n, err := unix.Read(c.fd, s.buffer[copy(s.buffer, c.rest):])
	switch {
	case err == unix.EAGAIN:
		return nil
	case err != nil || n == 0:
		_ = unix.EpollCtl(s.epoll, unix.EPOLL_CTL_DEL, c.fd, nil)
		return errors.Join(err, errors.New("a client was disconnected"))
	}
	b := s.buffer[:len(c.rest)+n]
	used := s.read(c, b)
	c.rest = append(c.rest[:0], b[used:]...)
	if len(c.rest) == 0 && c.stage > 0 {
		c.rest = empty // no memory for each
	}
	return s.failure
}

var empty = []byte{}

// read looks at what has come, and returns how much is used.
func (s *swarm) read(c *client, b []byte) (used int) {
	if c.stage == 0 {
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			return 0
		}
		if !bytes.HasPrefix(b, []byte("HTTP/1.1 101")) {
			s.failure = fmt.Errorf("the answer to the upgrade is %.80q", b)
			return len(b)
		}
		used = end + 4
		s.answered(c)
	}
	received := int64(0)
	for {
		payload, size := frame(b[used:])
		if size == 0 {
			break
		}
		used += size
		if c.stage == s.dialect.answers {
			if n := s.deliveries(payload); n > 0 {
				received += n
				continue
			}
		}
		s.protocol(c, payload)
	}
	if received > 0 {
		s.received.Add(received)
	}
	return used
}

// deliveries counts the events in a frame: some servers put several into one.
func (s *swarm) deliveries(payload []byte) (n int64) {
	for {
		at := bytes.Index(payload, mark)
		if at < 0 {
			return n
		}
		payload = payload[at+len(mark):]
		n++
		if s.delays != nil {
			s.delay(payload)
		}
	}
}

// frame returns the payload of the first frame from a server, and the size of
// all of it; 0 if it is not whole.
func frame(b []byte) (payload []byte, size int) {
	if len(b) < 4 {
		if len(b) >= 2 && b[1] < 126 && len(b) >= 2+int(b[1]) {
			return b[2 : 2+int(b[1])], 2 + int(b[1])
		}
		return nil, 0
	}
	header, length := 2, int(b[1])
	switch length {
	case 126:
		header, length = 4, int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if len(b) < 10 {
			return nil, 0
		}
		header, length = 10, int(binary.BigEndian.Uint64(b[2:]))
	}
	if len(b) < header+length {
		return nil, 0
	}
	return b[header : header+length], header + length
}

// mark stands before the time in the data of an event.
var mark = []byte("T=")

// delay notes how old an event is.
func (s *swarm) delay(text []byte) {
	var sent int64
	for _, c := range text {
		if c < '0' || c > '9' {
			break
		}
		sent = 10*sent + int64(c-'0')
	}
	s.delays = append(s.delays, int32((int64(time.Since(started))-sent)/1000))
}

// protocol handles a frame that is no event of the measurement.
func (s *swarm) protocol(c *client, payload []byte) {
	if string(payload) == s.dialect.ping {
		_ = s.send(c, websocket.AppendFrame(nil, websocket.Text, s.dialect.pong, &[4]byte{1, 2, 3, 4}))
		return
	}
	if c.stage < s.dialect.answers && bytes.Contains(payload, []byte(s.dialect.expect[c.stage-1])) {
		s.answered(c)
		if c.stage == s.dialect.greetings && s.dialect.goal > c.stage {
			if err := s.send(c, s.dialect.subscribe); err != nil {
				s.failure = err
			}
		}
	}
}

// answered notes one more answer.
func (s *swarm) answered(c *client) {
	c.stage++
	if c.stage == 1 {
		s.opening--
		if s.dialect.connect != nil {
			if err := s.send(c, s.dialect.connect); err != nil {
				s.failure = err
			}
		}
	}
	if c.stage == s.dialect.goal {
		s.ready++
		if c.deaf {
			_ = unix.EpollCtl(s.epoll, unix.EPOLL_CTL_DEL, c.fd, nil)
		}
		s.open()
	}
}

func (s *swarm) send(c *client, b []byte) error {
	if n, err := unix.Write(c.fd, b); err != nil || n < len(b) {
		return fmt.Errorf("cannot send %s: %w", strconv.Quote(string(b)), err)
	}
	return nil
}
