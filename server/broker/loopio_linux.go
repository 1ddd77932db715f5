package broker

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// event handles what the kernel tells of a line.
func (l *loop) event(n *line, events uint32) {
	if n.backlog != nil && n.backlog.frames != nil && events&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		l.writable(n)
	}
	if events&(unix.EPOLLIN|unix.EPOLLERR|unix.EPOLLHUP) != 0 && n.stage != flushing && n.stage != ended {
		l.readable(n)
	}
}

// readable reads once; the kernel tells again if there is more, after the
// others have had their turn. What is left of a message that is not whole has a
// buffer of its own, and the next part of it is read there.
func (l *loop) readable(n *line) {
	if n.stage == lingering {
		l.scrap(n)
		return
	}
	buffer := l.incoming[:0]
	if n.rest != nil {
		buffer = n.rest
	}
	got, err := unix.Read(n.fd, buffer[len(buffer):cap(buffer)])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return
	case err != nil || got == 0:
		l.close(n)
		return
	}
	buffer = buffer[:len(buffer)+got]
	if n.stage == greeting {
		l.greet(n, buffer)
		return
	}
	n.client.app.read(got)
	l.receive(n, buffer)
}

// scrap reads what the other end still sends, and waits for it to close.
func (l *loop) scrap(n *line) {
	got, err := unix.Read(n.fd, l.incoming)
	if err == unix.EAGAIN || err == unix.EINTR {
		return
	}
	if err != nil || got == 0 {
		l.close(n)
	}
}

// receive has the client look at what has come, all that is not yet used.
func (l *loop) receive(n *line, b []byte) {
	used, alive := 0, true
	if len(b) > 0 {
		used, alive = n.client.receive(b, l.now)
	}
	if !alive {
		l.end(n)
		return
	}
	l.keep(n, b, used)
	l.watch(n)
}

// keep holds on to what is not used.
func (l *loop) keep(n *line, b []byte, used int) {
	switch rest := b[used:]; {
	case len(rest) == 0:
		n.rest = nil
	case n.rest == nil:
		n.rest = append(make([]byte, 0, max(readBuffer, 2*len(rest))), rest...)
	default:
		n.rest = makeRoom(b, used)
	}
}

// greet looks at the head of a request.
func (l *loop) greet(n *line, b []byte) {
	o, used, how := parseOpening(b, n.door.from)
	switch how {
	case unfinished:
		l.keep(n, b, 0)
		return
	case other:
		l.handOver(n, b)
		return
	}
	app, refusal := l.broker.welcome(&o)
	place, err := l.broker.reserve(app, l.broker.proxies.client(&o), refusal)
	if err != nil {
		l.handOver(n, b)
		return
	}
	l.broker.room.requests.Add(-1)
	n.stage, n.door = talking, nil
	l.broker.open(&n.connection, &o, place, n)
	if n.rest != nil {
		b = b[used:]
		n.rest = b
		l.receive(n, b)
		return
	}
	l.receive(n, b[used:])
}

// handOver gives a line to net/http, with what has come already.
func (l *loop) handOver(n *line, early []byte) {
	early = append([]byte(nil), early...)
	doorway := n.door.doorway
	l.set.remove(n.fd)
	file := os.NewFile(uintptr(n.fd), "socket")
	conn, err := net.FileConn(file) // has a descriptor of its own
	file.Close()
	l.forget(n)
	n.drop()
	if err != nil {
		doorway.failed(err)
	} else {
		doorway.hand(&begun{Conn: conn, early: early})
	}
	l.broker.running.Done()
}

// end begins to end a line whose client has said that it is over.
func (l *loop) end(n *line) {
	if !n.client.flush {
		l.close(n)
		return
	}
	n.stage, n.rest = flushing, nil
	if n.backlog == nil {
		l.flush(n)
		return
	}
	l.arm(n, unix.EPOLLOUT)
	l.watch(n)
}

// flush writes what waits.
func (l *loop) flush(n *line) {
	frames := n.take()
	rest, _, err := l.write(n, frames)
	switch {
	case err != nil:
		l.close(n)
	case len(rest) > 0:
		n.block(rest, l.now)
		l.arm(n, n.wants())
		l.watch(n)
	default:
		l.flushed(n)
	}
}

// writable writes what was held up.
func (l *loop) writable(n *line) {
	b := n.backlog
	rest, wrote, err := l.write(n, b.frames)
	if err != nil {
		l.close(n)
		return
	}
	if wrote > 0 {
		n.stuck.Store(moment())
	}
	if b.written += wrote; b.written >= writeBuffer {
		b.written, b.by = 0, l.now+l.broker.config.WriteTimeout
	}
	if b.frames = rest; len(rest) > 0 {
		return
	}
	n.backlog = nil
	n.stuck.Store(0)
	l.flush(n)
	if n.backlog == nil && n.stage == talking {
		l.arm(n, n.wants())
	}
}

// wants is what the kernel is to tell of a line.
func (n *line) wants() uint32 {
	events := uint32(unix.EPOLLIN)
	if n.stage == flushing {
		events = 0
	}
	if n.backlog != nil && n.backlog.frames != nil {
		events |= unix.EPOLLOUT
	}
	return events
}

// flushed is what comes when nothing waits any more.
func (l *loop) flushed(n *line) {
	if n.stage != flushing {
		return
	}
	if !n.client.linger || unix.Shutdown(n.fd, unix.SHUT_WR) != nil {
		l.close(n)
		return
	}
	// Closing while bytes of the client are unread would send a reset, on which
	// many systems throw away what they have received.
	n.stage = lingering
	n.backlog = &backlog{by: l.now + lingerTimeout}
	l.arm(n, n.wants())
	l.watch(n)
}

// write writes frames until the kernel takes no more, and returns the rest.
func (l *loop) write(n *line, frames [][]byte) (rest [][]byte, wrote int, err error) {
	for len(frames) > 0 {
		chunk, whole := join(l.joined, frames)
		sent, err := unix.Write(n.fd, chunk)
		switch {
		case err == unix.EAGAIN:
			return frames, wrote, nil
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, wrote, err
		}
		wrote += sent
		n.client.app.wrote(sent)
		if sent == len(chunk) {
			frames = frames[whole:]
			continue
		}
		for sent >= len(frames[0]) {
			sent -= len(frames[0])
			frames = frames[1:]
		}
		frames[0] = frames[0][sent:]
		return frames, wrote, nil
	}
	return nil, wrote, nil
}
