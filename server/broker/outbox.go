package broker

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// outbox writes what waits for one connection. Its goroutine exists while there
// is something: the first frame starts it, and it ends when nothing is left.
// Whoever owns the connection calls wait before letting go.
type outbox struct {
	pending
	conn  net.Conn
	limit *atomic.Int64 // see Config.QueueBytes
	// patience bounds one write, see Config.WriteTimeout.
	patience time.Duration
	// overflow is called, once and with the lock of a channel held, when a
	// frame does not fit: it must not block. What was queued is gone by then.
	overflow func()
	// wrote is told of every write: how much has gone, and whether the rest was
	// not taken in time.
	wrote func(n int, late bool)

	idle chan struct{} // closed when the goroutine ends, if somebody waits; guarded by mu
}

// writeBuffers hold frames that are joined into one write.
var writeBuffers = sync.Pool{New: func() any { return new([writeBuffer]byte) }}

func (o *outbox) queue(frame []byte) {
	switch o.pending.queue(frame, int(o.limit.Load())) {
	case first:
		o.start()
	case overflow:
		o.overflow()
	}
}

func (o *outbox) finish(frame []byte) {
	if o.pending.finish(frame) == first {
		o.start()
	}
}

func (o *outbox) start() {
	o.stuck.Store(moment())
	go o.write()
}

// write is the goroutine.
func (o *outbox) write() {
	for {
		o.mu.Lock()
		frames := o.frames
		o.frames, o.bytes = nil, 0
		if len(frames) == 0 {
			o.stuck.Store(0)
			o.writing = false
			if o.idle != nil {
				close(o.idle)
				o.idle = nil
			}
			o.mu.Unlock()
			return
		}
		o.mu.Unlock()

		if err := o.writeAll(frames); err != nil {
			o.drop()
			o.conn.Close() // which tells the goroutine that reads
		}
	}
}

// wait returns when everything has been written, or cannot be.
func (o *outbox) wait() {
	o.mu.Lock()
	if !o.writing {
		o.mu.Unlock()
		return
	}
	idle := make(chan struct{})
	o.idle = idle
	o.mu.Unlock()
	<-idle
}

// writeAll writes frames in order with as few calls as it can: small ones are
// joined in a buffer, one that fills it alone is written as it is.
func (o *outbox) writeAll(frames [][]byte) error {
	buffer := writeBuffers.Get().(*[writeBuffer]byte)
	defer writeBuffers.Put(buffer)
	for len(frames) > 0 {
		chunk, n := join(buffer[:], frames)
		if err := o.writeOne(chunk); err != nil {
			return err
		}
		frames = frames[n:]
	}
	return nil
}

// join returns the bytes of the first frames, as many as fit into the buffer,
// and how many these are. It leaves the buffer alone if that is one.
func join(buffer []byte, frames [][]byte) (chunk []byte, n int) {
	if len(frames) == 1 || len(frames[0])+len(frames[1]) > len(buffer) {
		return frames[0], 1
	}
	chunk = buffer[:0]
	for n < len(frames) && len(chunk)+len(frames[n]) <= len(buffer) {
		chunk = append(chunk, frames[n]...)
		n++
	}
	return chunk, n
}

func (o *outbox) writeOne(b []byte) error {
	if err := o.conn.SetWriteDeadline(time.Now().Add(o.patience)); err != nil {
		return err
	}
	n, err := o.conn.Write(b)
	o.stuck.Store(moment())
	if o.wrote != nil {
		o.wrote(n, errors.Is(err, os.ErrDeadlineExceeded))
	}
	return err
}
