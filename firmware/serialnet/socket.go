package serialnet

import (
	"time"

	"github.com/thimble-go/thimble/internal/line"
)

// timeoutError is the error of a call whose deadline has passed.
type timeoutError struct{}

func (timeoutError) Error() string   { return "serialnet: i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// ErrTimeout is the error of a call whose deadline has passed. It is a
// net.Error whose Timeout is true.
var ErrTimeout error = timeoutError{}

// socket returns a file descriptor that is not connected yet. The lock is held.
func (d *Device) socket() (int, error) {
	for fd := range d.fds {
		if f := &d.fds[fd]; f.slot == unused {
			f.slot = unopened
			f.use++
			return fd, nil
		}
	}
	return -1, line.TooMany
}

// connect connects a file descriptor. A line that is lost meanwhile is no
// reason to fail: it is how a bridge that has restarted is noticed. The lock
// is held.
func (d *Device) connect(fd int, address string, stop func() error) error {
	f := d.file(fd)
	if f.slot != unopened {
		return line.NoSocket
	}
	w := wait{until: max(d.now()+d.cfg.ConnectTimeout, 1)}
	for {
		slot, err := d.end.Open(d.now(), address)
		if err != nil && err != line.TooMany { // one that was closed may still wait to be told
			return err
		}
		if err == nil {
			d.fds[fd].slot, f.slot = slot, slot
			if err = d.opened(slot, &w, stop); err == nil {
				return nil
			}
			if d.fds[fd] != f {
				return line.NoSocket // somebody has closed it meanwhile
			}
			_ = d.end.Close(slot, line.Closed)
			d.pump()
			d.fds[fd].slot = unopened
			if err != line.LineLost {
				return err
			}
		}
		d.pump()
		if !d.idle(&w) {
			return d.silence()
		}
	}
}

// opened waits until a connection is there.
func (d *Device) opened(slot int, w *wait, stop func() error) error {
	for {
		d.pump()
		if ok, err := d.end.Opened(slot); ok || err != nil {
			return err
		}
		if stop != nil {
			if err := stop(); err != nil {
				return err
			}
		}
		if !d.idle(w) {
			return d.silence()
		}
	}
}

// silence says why a connection was not made in time.
func (d *Device) silence() error {
	switch {
	case d.end.Stats().Stranger != 0:
		return errVersion
	case !d.end.Up():
		return errNoBridge
	}
	return ErrTimeout
}

// recv reads, with the lock held. Data that is there is returned even when the
// deadline has passed: then a poll without patience reads as well.
func (d *Device) recv(fd int, p []byte, deadline *time.Time) (int, error) {
	var w wait
	f := d.file(fd)
	for {
		d.pump()
		if d.file(fd) != f {
			return 0, line.NoSocket
		}
		n, err := d.end.Read(f.slot, p)
		if n > 0 || err != nil || len(p) == 0 {
			if n > 0 {
				d.pump() // the other end may wait for the credit
			}
			return n, err
		}
		d.set(&w, *deadline)
		if !d.idle(&w) {
			return 0, ErrTimeout
		}
	}
}

// send writes all of p, with the lock held.
func (d *Device) send(fd int, p []byte, deadline *time.Time) (sent int, err error) {
	var w wait
	f := d.file(fd)
	for {
		if d.file(fd) != f {
			return sent, line.NoSocket
		}
		n, err := d.end.Write(f.slot, p[sent:])
		sent += n
		d.pump()
		if sent == len(p) || err != nil {
			return sent, err
		}
		d.set(&w, *deadline)
		if !d.idle(&w) {
			return sent, ErrTimeout
		}
	}
}

// close gives a file descriptor back. The lock is held.
func (d *Device) close(fd int) error {
	slot := d.file(fd).slot
	if slot == unused {
		return line.NoSocket
	}
	d.fds[fd].slot = unused
	if slot == unopened {
		return nil
	}
	err := d.end.Close(slot, line.Closed)
	d.pump()
	return err
}
