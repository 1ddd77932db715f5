package broker

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// line is the transport of one connection that a loop carries. Only the loop's
// goroutine uses it, but for the methods of transport and what these need.
type line struct {
	connection
	loop  *loop
	index int32 // in loop.lines, and in what the kernel tells of it
	stage stage
	armed uint32 // what the kernel is to tell
	alarm alarm

	rest    []byte   // what has come of a message, or of a head, and is not whole
	door    *door    // while the head is read
	backlog *backlog // while the kernel takes no more

	// Others ask for attention with these, and with pending.
	next      *line // in loop.inbox
	scheduled atomic.Bool
	severed   atomic.Bool
	wanted    atomic.Pointer[peer.Refusal]

	pending
	fd int // -1 when it is closed; changed with pending.mu held
}

// stage is how far a line has come.
type stage uint8

const (
	fresh     stage = iota // the loop does not know it yet
	greeting               // the head of the request is read
	talking                // the Peer is told what comes
	flushing               // what is queued is sent, nothing is read
	lingering              // the other end is given time to read it
	ended
)

// door is what must be known of a line until the head of its request has come.
type door struct {
	doorway *doorway
	from    netip.Addr
}

// backlog is what a full socket holds up.
type backlog struct {
	frames  [][]byte
	by      time.Duration // when something must have happened
	written int           // since that was put off
}

// queue implements outlet.
func (n *line) queue(frame []byte) {
	switch n.pending.queue(frame, int(n.loop.broker.queueBytes.Load())) {
	case first:
		n.schedule()
	case overflow:
		n.lag()
	}
}

// finish implements outlet.
func (n *line) finish(frame []byte) {
	if n.pending.finish(frame) == first {
		n.schedule()
	}
}

// hurry implements outlet.
func (n *line) hurry(why *peer.Refusal) {
	n.wanted.CompareAndSwap(nil, why)
	n.schedule()
}

// cut implements transport.
func (n *line) cut() {
	n.severed.Store(true)
	n.schedule()
}

// queued implements transport.
func (n *line) queued() int { return n.pending.queued() }

// remote implements transport. The kernel remembers the address, so no
// connection needs to.
func (n *line) remote() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fd < 0 {
		return ""
	}
	sa, err := unix.Getpeername(n.fd)
	if err != nil {
		return ""
	}
	return addrPort(sa).String()
}

// schedule has the loop look at the line.
func (n *line) schedule() {
	if !n.scheduled.Swap(true) {
		n.loop.push(n)
	}
}

// take returns what waits. Whatever comes from now on finds nobody writing.
func (n *line) take() [][]byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	frames := n.frames
	n.frames, n.bytes, n.writing = nil, 0, false
	return frames
}

// block says that frames are held up: nobody needs to be found to write what
// comes behind them.
func (n *line) block(frames [][]byte, now time.Duration) {
	n.backlog = &backlog{frames: frames, by: now + n.loop.broker.config.WriteTimeout}
	n.stuck.Store(moment())
	n.mu.Lock()
	n.writing = true
	n.mu.Unlock()
}

// due is when the line needs to be looked at though nothing has happened.
func (n *line) due() time.Duration {
	switch n.stage {
	case greeting:
		return n.opened + n.loop.broker.config.HandshakeTimeout
	case talking:
		due := n.client.peer.Deadline()
		if n.backlog != nil {
			due = min(due, n.backlog.by)
		}
		return due
	}
	return n.backlog.by
}

// addrPort is an address of the kernel's in the form of the standard library.
func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// descriptor takes the socket out of a connection of package net, which is
// closed.
func descriptor(conn *net.TCPConn) (fd int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd = -1
	if e := raw.Control(func(s uintptr) {
		fd, err = unix.FcntlInt(s, unix.F_DUPFD_CLOEXEC, 0)
	}); e != nil {
		return -1, e
	}
	if err != nil {
		return -1, err
	}
	conn.Close()
	return fd, nil
}
