package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"sync/atomic"
	"time"

	"go.bug.st/serial"
)

// Serial returns a function that opens a serial device, such as /dev/ttyACM0
// or COM3.
func Serial(device string, baud int) func(context.Context) (io.ReadWriteCloser, error) {
	return func(context.Context) (io.ReadWriteCloser, error) {
		port, err := serial.Open(device, &serial.Mode{BaudRate: baud})
		if err == nil {
			return &serialPort{Port: port}, nil
		}
		var why *serial.PortError
		if errors.As(err, &why) {
			switch why.Code() {
			case serial.PortBusy:
				return nil, fmt.Errorf("%s is in use by another program: close the monitor or the other bridge", device)
			case serial.PermissionDenied:
				return nil, fmt.Errorf("%s may not be used by this user: on Linux add yourself to the group dialout and log in again", device)
			case serial.PortNotFound:
				return nil, fmt.Errorf("%s is not there: plug the board in, or see which devices there are with ls /dev/tty*", device)
			case serial.InvalidSerialPort:
				return nil, fmt.Errorf("%s is not a serial device: see which there are with ls /dev/tty*", device)
			case serial.InvalidSpeed:
				return nil, fmt.Errorf("%s does not know %d baud", device, baud)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is not there: plug the board in", device)
		}
		return nil, fmt.Errorf("%s: %w", device, err)
	}
}

// serialPort is a serial port that can be closed while nobody reads at its other
// end: the kernel would wait for what is written to go out.
type serialPort struct {
	serial.Port
	closed atomic.Bool
}

func (d *serialPort) Write(p []byte) (n int, err error) {
	for n < len(p) {
		if d.closed.Load() {
			return n, fs.ErrClosed
		}
		more, err := d.Port.Write(p[n:])
		if n += more; err != nil {
			return n, err
		}
	}
	return n, nil
}

func (d *serialPort) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	drained := make(chan struct{})
	go func() {
		_ = d.Drain()
		close(drained)
	}()
	select {
	case <-drained:
	case <-time.After(farewell):
	}
	_ = d.ResetOutputBuffer() // which also ends Drain
	<-drained
	return d.Port.Close()
}

// TCP returns a function that connects to a line that somebody offers over
// TCP, such as QEMU with -serial tcp:127.0.0.1:4000,server=on,wait=on.
func TCP(address string) func(context.Context) (io.ReadWriteCloser, error) {
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", address)
	}
}

// Listener returns a function that waits for a line that is offered by
// connecting to us, such as QEMU's with -serial tcp:127.0.0.1:4000,reconnect=1. It
// closes the listener when its context ends.
func Listener(l net.Listener) func(context.Context) (io.ReadWriteCloser, error) {
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		stop := context.AfterFunc(ctx, func() { _ = l.Close() })
		defer stop()
		return l.Accept()
	}
}
