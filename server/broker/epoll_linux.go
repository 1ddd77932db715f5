package broker

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// epoll is a set of descriptors that one goroutine waits for. The set is itself
// a file that the runtime's poller can wait for, so that the wait takes no
// thread, has a deadline, and ends when another goroutine moves that.
type epoll struct {
	fd   int
	file *os.File
	raw  syscall.RawConn
}

func newEpoll() (*epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // or the runtime would not wait for it
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	e := &epoll{fd: fd, file: os.NewFile(uintptr(fd), "epoll")}
	if e.raw, err = e.file.SyscallConn(); err == nil {
		err = e.file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		e.file.Close()
		return nil, err
	}
	return e, nil
}

// add has the set tell of a descriptor, by a number of the caller's.
func (e *epoll) add(fd int, number int32, events uint32) error {
	return unix.EpollCtl(e.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: number})
}

// change has it tell of other events.
func (e *epoll) change(fd int, number int32, events uint32) error {
	return unix.EpollCtl(e.fd, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: events, Fd: number})
}

// remove has it tell of a descriptor no more; closing that does the same.
func (e *epoll) remove(fd int) { _ = unix.EpollCtl(e.fd, unix.EPOLL_CTL_DEL, fd, nil) }

// poll returns how many events there are, without waiting.
func (e *epoll) poll(events []unix.EpollEvent) int {
	n, err := unix.EpollWait(e.fd, events, 0)
	if err != nil {
		return 0 // interrupted: nothing else can be
	}
	return n
}
