package serialnet

import (
	"errors"
	"sync"
	"time"

	"github.com/thimble-go/thimble/internal/line"
)

// Port is a serial port, such as machine.Serial or a machine.UART.
type Port interface {
	Buffered() int // bytes that can be read at once
	ReadByte() (byte, error)
	Write(p []byte) (int, error)
}

// Config is what a Device is made of. All but Port may be zero.
type Config struct {
	// Port is the line. Nothing else may read from it. What is printed on it
	// is shown by the bridge, as long as nobody prints in the middle of a call
	// of the Device.
	Port Port

	// Sockets is how many connections there can be at once. Zero: 2.
	Sockets int

	// Receive is the receive buffer of each connection in bytes, allocated
	// when it is first used. Zero: 1024.
	Receive int

	// Send is how many bytes may wait for an acknowledgement, for all
	// connections together. Zero: 1024; at least 244.
	Send int

	// Window is how many bytes Port takes while nobody reads them. More at a
	// time make it faster; too many are lost, and sent again. Zero: 128, the
	// buffer of TinyGo's UARTs; at least 36.
	Window int

	// ConnectTimeout bounds how long a connection may take to be made. Zero:
	// 10 s.
	ConnectTimeout time.Duration

	// GiveUp is how long the bridge may be silent before all connections are
	// reset. Zero: 30 s.
	GiveUp time.Duration

	// Clock is the time since some fixed moment, never going back, for boards
	// whose own clock stops. Zero: package time.
	Clock func() time.Duration

	// Idle is called again and again while a call waits. It must let other
	// goroutines run, and return within some milliseconds. Zero: it sleeps for
	// one.
	Idle func()
}

var (
	errNoPort    = errors.New("serialnet: Config.Port is nil: set it to a serial port, such as machine.Serial")
	errConnect   = errors.New("serialnet: Config.ConnectTimeout is negative")
	errNoBridge  = errors.New("serialnet: nobody answers on the serial line: run thimble bridge on the computer at its other end")
	errVersion   = errors.New("serialnet: the bridge speaks another version of the serial line: use firmware and thimble of the same release")
	errTLS       = errors.New("serialnet: there is no TLS here: connect in plaintext, and let the bridge add TLS with --tls HOST:PORT")
	errProtocol  = errors.New("serialnet: only TCP connections, IPv4 or by name")
	errListen    = errors.New("serialnet: listening is not possible over the serial line")
	errAddress   = errors.New("serialnet: the board has no address of its own")
	errForgotten = errors.New("serialnet: the name of this address is forgotten: look it up again")
	errName      = errors.New("serialnet: the host name is empty or too long")
)

// Device is the board's end of a line. Its methods may be called from several
// goroutines.
type Device struct {
	cfg   Config
	mu    sync.Mutex // all below
	end   *line.End
	start time.Time
	fds   []file
	names names
	in    [64]byte
	out   [line.MaxFrame]byte
}

// file is what a file descriptor stands for.
type file struct {
	slot int    // of the line, or one of those below
	use  uint16 // changes when somebody else gets the number
}

const (
	unused   = -2
	unopened = -1
)

// reads is how often is read at most before others have their turn.
const reads = 8

// New sets a device up. Nothing is sent before the first connection.
func New(cfg Config) (*Device, error) {
	switch {
	case cfg.Port == nil:
		return nil, errNoPort
	case cfg.ConnectTimeout < 0:
		return nil, errConnect
	}
	if cfg.Sockets == 0 {
		cfg.Sockets = line.DefaultSockets
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
	if cfg.Idle == nil {
		cfg.Idle = sleep
	}
	end, err := line.New(line.Config{
		Sockets: cfg.Sockets, Receive: cfg.Receive, Send: cfg.Send, Window: cfg.Window, GiveUp: cfg.GiveUp,
	})
	if err != nil {
		return nil, err
	}
	d := &Device{cfg: cfg, end: end, start: time.Now(), fds: make([]file, cfg.Sockets)}
	for fd := range d.fds {
		d.fds[fd].slot = unused
	}
	return d, nil
}

func sleep() { time.Sleep(time.Millisecond) }

// Poll does what is due on the line and returns at once. It is for loops in
// which nothing else uses the network for long.
func (d *Device) Poll() {
	d.mu.Lock()
	d.pump()
	d.mu.Unlock()
}

// now is the time by the clock of the line.
func (d *Device) now() time.Duration {
	if d.cfg.Clock != nil {
		return d.cfg.Clock()
	}
	return time.Since(d.start)
}

// pump reads what has come and writes what there is to say. The lock is held.
// The line is told of the time after what has come by then, since a program
// that seldom calls finds both the answer and its deadline behind it.
func (d *Device) pump() {
	for range reads {
		n := min(d.cfg.Port.Buffered(), len(d.in))
		for i := range n {
			b, err := d.cfg.Port.ReadByte()
			if err != nil {
				n = i
				break
			}
			d.in[i] = b
		}
		if n <= 0 {
			break
		}
		d.end.Input(d.now(), d.in[:n])
	}
	d.end.Advance(d.now())
	for {
		n := d.end.Output(d.now(), d.out[:])
		if n == 0 {
			return
		}
		// What the port does not take is lost on the line, like all that is.
		_, _ = d.cfg.Port.Write(d.out[:n])
	}
}

// wait is a deadline, by the clock of the line: on some boards package time
// stands still while a call waits.
type wait struct {
	deadline time.Time
	until    time.Duration // 0: for ever
}

// set takes over a deadline, which others may change while a call waits.
func (d *Device) set(w *wait, deadline time.Time) {
	if w.deadline == deadline {
		return
	}
	w.deadline, w.until = deadline, 0
	if !deadline.IsZero() {
		w.until = max(d.now()+time.Until(deadline), 1)
	}
}

// idle lets others run for a moment. It returns false when time is over. The
// lock is held, but not meanwhile.
func (d *Device) idle(w *wait) bool {
	if w.until != 0 && d.now() >= w.until {
		return false
	}
	d.mu.Unlock()
	d.cfg.Idle()
	d.mu.Lock()
	return true
}

// file returns what a file descriptor stands for; one that is none has no slot.
func (d *Device) file(fd int) file {
	if fd < 0 || fd >= len(d.fds) {
		return file{slot: unused}
	}
	return d.fds[fd]
}
