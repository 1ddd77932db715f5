package broker

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// outbox is what waits to be written to one connection. Its goroutine exists
// while there is something: the first frame starts it, and it ends when
// nothing is left. Whoever owns the connection calls wait before letting go.
type outbox struct {
	conn  net.Conn
	limit int // see Config.QueueBytes
	// moved is when a write last ended, or began after a rest, in nanoseconds
	// of Unix time.
	moved atomic.Int64
	// overflow is called, once and with the lock of a channel held, when a
	// frame does not fit: it must not block. What was queued is gone by then.
	overflow func()
	// wrote is told of every write: how much has gone, and whether the rest was
	// not taken in time.
	wrote func(n int, late bool)

	mu       sync.Mutex
	frames   [][]byte
	bytes    int           // of frames
	writing  bool          // the goroutine exists
	finished bool          // nothing is queued any more, except by finish
	idle     chan struct{} // closed when the goroutine ends, if somebody waits
}

// writeBuffers hold frames that are joined into one write.
var writeBuffers = sync.Pool{New: func() any { return new([writeBuffer]byte) }}

// queue puts a frame behind the others. What is being written does not count, and a frame
// that finds nothing waiting always fits: the largest presence snapshot must
// not cut off the client that it is for.
func (o *outbox) queue(frame []byte) {
	o.mu.Lock()
	if o.finished {
		o.mu.Unlock()
		return
	}
	if waiting := o.bytes + len(frame); o.bytes > 0 && waiting > o.limit && o.tooSlow(waiting) {
		o.finished = true
		o.frames, o.bytes = nil, 0
		o.mu.Unlock()
		o.overflow()
		return
	}
	o.push(frame)
	o.mu.Unlock()
}

// tooSlow says whether a reader for whom more waits than should is to blame. A
// burst is nobody's fault: a publication on a hundred channels comes faster
// than any socket takes it. Who takes nothing for a while is slow, and beyond
// a burst memory comes first.
func (o *outbox) tooSlow(waiting int) bool {
	return waiting > burstFactor*o.limit || time.Now().UnixNano()-o.moved.Load() > int64(slowAfter)
}

// finish puts the last frame behind the others; nil is none.
func (o *outbox) finish(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.finished = true
	if frame != nil {
		o.push(frame)
	}
}

// push needs the lock.
func (o *outbox) push(frame []byte) {
	o.frames = append(o.frames, frame)
	o.bytes += len(frame)
	if !o.writing {
		o.writing = true
		o.moved.Store(time.Now().UnixNano())
		go o.write()
	}
}

// write is the goroutine.
func (o *outbox) write() {
	for {
		o.mu.Lock()
		frames := o.frames
		o.frames, o.bytes = nil, 0
		if len(frames) == 0 {
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
			o.mu.Lock()
			o.finished = true
			o.frames, o.bytes = nil, 0
			o.mu.Unlock()
			o.conn.Close() // which tells the goroutine that reads
		}
	}
}

// waiting is how many bytes wait, without those being written.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes
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
	if len(frames) == 1 {
		return o.writeOne(frames[0])
	}
	buffer := writeBuffers.Get().(*[writeBuffer]byte)
	defer writeBuffers.Put(buffer)
	joined := buffer[:0]
	for _, frame := range frames {
		if len(joined)+len(frame) > writeBuffer {
			if err := o.writeOne(joined); err != nil {
				return err
			}
			joined = buffer[:0]
		}
		if len(frame) > writeBuffer {
			if err := o.writeOne(frame); err != nil {
				return err
			}
			continue
		}
		joined = append(joined, frame...)
	}
	return o.writeOne(joined)
}

func (o *outbox) writeOne(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := o.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	n, err := o.conn.Write(b)
	o.moved.Store(time.Now().UnixNano())
	if o.wrote != nil {
		o.wrote(n, errors.Is(err, os.ErrDeadlineExceeded))
	}
	return err
}
