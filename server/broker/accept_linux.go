package broker

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// listen has the loops carry what comes from a listener of plain TCP. What it
// returns gives out the connections that are for net/http.
func (e *engine) listen(w *watched) net.Listener {
	tcp, ok := w.Listener.(*net.TCPListener)
	if !ok {
		return w
	}
	a, err := newAcceptor(w, tcp)
	if err != nil {
		w.broker.log.Warn("each connection takes a goroutine, since the event loop cannot listen", slog.Any("error", err))
		return w
	}
	go a.run()
	return a.doorway
}

// acceptor takes the connections of a listener, with one goroutine. It is apart
// from the loops, so that thousands who leave do not keep out those who come.
type acceptor struct {
	broker  *Broker
	doorway *doorway
	raw     syscall.RawConn // of the listener
	set     *epoll          // which has the listener only

	fd      int
	from    unix.Sockaddr
	failure error
}

func newAcceptor(w *watched, l *net.TCPListener) (*acceptor, error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	set, err := newEpoll()
	if err != nil {
		return nil, err
	}
	var failure error
	err = raw.Control(func(fd uintptr) {
		// Sockets inherit this. There is no keep-alive of TCP: connections are
		// pinged, and net/http has its own timeouts.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		failure = set.add(int(fd), 0, unix.EPOLLIN)
	})
	if err = errors.Join(err, failure); err != nil {
		set.file.Close()
		return nil, err
	}
	stop := func() { set.file.Close() }
	return &acceptor{broker: w.broker, doorway: newDoorway(w, stop), raw: raw, set: set}, nil
}

// run is the goroutine. It ends when the listener is closed.
func (a *acceptor) run() {
	defer a.set.file.Close()
	var events [1]unix.EpollEvent
	ready := func(uintptr) bool { return a.set.poll(events[:]) > 0 }
	w, pause := a.doorway.watched, time.Duration(0)
	for {
		err := a.raw.Control(a.accept)
		if err != nil {
			a.doorway.end(err)
			return
		}
		switch a.failure {
		case nil:
			pause = 0
			_ = a.broker.room.wait(w.open) // an error: the listener is closed
			a.take()
		case unix.EINTR, unix.ECONNABORTED:
		case unix.EAGAIN:
			a.set.file.SetReadDeadline(time.Now().Add(acceptCheck))
			_ = a.set.raw.Read(ready)
		default:
			w.failed(os.NewSyscallError("accept4", a.failure))
			pause = min(max(2*pause, acceptPause), maxAcceptPause)
			select {
			case <-time.After(pause):
			case <-w.open.Done():
			}
		}
	}
}

func (a *acceptor) accept(fd uintptr) {
	a.fd, a.from, a.failure = unix.Accept4(int(fd), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
}

// take gives an accepted socket to a loop.
func (a *acceptor) take() {
	b := a.broker
	if a.doorway.crowded() || !b.arrive() {
		unix.Close(a.fd)
		return
	}
	limitUnsent(uintptr(a.fd)) // not inherited where the listener is one of MPTCP
	l, err := b.engine.next()
	if err != nil {
		a.doorway.failed(err)
		unix.Close(a.fd)
		b.running.Done()
		return
	}
	b.room.requests.Add(1)
	n := &line{loop: l, fd: a.fd, door: &door{doorway: a.doorway, from: addrPort(a.from).Addr()}}
	n.schedule()
}

// arrive counts a line among what runs, unless the end has come.
func (b *Broker) arrive() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return false
	}
	b.running.Add(1)
	return true
}
