package bridge

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/thimble-go/thimble/internal/line"
)

// link is a line that is open.
type link struct {
	b      *Bridge
	stream io.ReadWriteCloser
	start  time.Time
	tasks  sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond // something has come, or gone, or is due
	end     *line.End
	over    error // why the line has ended; nil while it has not
	cut     *time.Timer
	last    line.Stats
	up      bool
	noise   int           // bytes that were neither frames nor text lately
	noiseAt time.Duration // when they were counted
	events  []Event       // that are to be told without the lock
	telling sync.Mutex
}

// Serve carries connections over an open line until it or ctx ends, and then
// closes it and all connections. It returns what ended the line; nil if that
// was ctx.
func (b *Bridge) Serve(ctx context.Context, stream io.ReadWriteCloser) error {
	l := &link{b: b, stream: stream, start: time.Now()}
	l.changed = sync.NewCond(&l.mu)
	end, err := line.New(line.Config{
		Session: session, Sockets: sockets, Receive: receive, Send: send, Window: window,
		GiveUp: b.cfg.GiveUp, Junk: l.junk,
	})
	if err != nil {
		return err
	}
	l.end = end
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.finish(ctx.Err()) })
	defer stop()

	var reading, writing sync.WaitGroup
	reading.Add(1)
	go func() {
		defer reading.Done()
		l.read(inner)
	}()
	writing.Add(1)
	go func() {
		defer writing.Done()
		l.write()
	}()
	writing.Wait()
	cancel()
	_ = stream.Close() // which ends reading
	reading.Wait()
	l.tasks.Wait()
	l.cut.Stop()
	if ctx.Err() != nil {
		return nil
	}
	return l.over
}

// session returns a random number.
func session() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint32(b[:])
}

func (l *link) now() time.Duration { return time.Since(l.start) }

// finish ends the line. A board that is still there is told.
func (l *link) finish(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over == nil {
		l.over = err
		l.end.Cut(l.now())
		l.changed.Broadcast()
		// Nobody may be reading any more.
		l.cut = time.AfterFunc(farewell, func() { _ = l.stream.Close() })
	}
}

// farewell is how long the last frame may take.
const farewell = 200 * time.Millisecond

// read takes what comes.
func (l *link) read(ctx context.Context) {
	buf := make([]byte, window)
	for {
		n, err := l.stream.Read(buf)
		if n == 0 && err == nil {
			err = io.ErrUnexpectedEOF // a device that is gone
		}
		l.mu.Lock()
		if l.over == nil {
			l.end.Input(l.now(), buf[:n])
			l.end.Advance(l.now())
			l.look(ctx)
		}
		l.changed.Broadcast()
		l.mu.Unlock()
		l.tell()
		if err != nil {
			l.finish(err)
			return
		}
	}
}

// look sees what is new. The lock is held.
func (l *link) look(ctx context.Context) {
	stats := l.end.Stats()
	if stats.Stranger != 0 && stats.Stranger != l.last.Stranger {
		l.note(Event{Kind: Version, Bytes: int(stats.Stranger)})
	}
	if stats.Sessions != l.last.Sessions {
		l.up = false
	}
	if !l.up && l.end.Up() {
		l.up = true
		l.note(Event{Kind: Board})
	}
	l.last = stats
	for {
		slot, address, ok := l.end.Accept()
		if !ok {
			return
		}
		l.tasks.Add(1)
		go func() {
			defer l.tasks.Done()
			l.connection(ctx, slot, address)
		}()
	}
}

// write writes what there is to say, and waits for more.
func (l *link) write() {
	timer := time.AfterFunc(time.Hour, func() {
		l.mu.Lock()
		l.changed.Broadcast()
		l.mu.Unlock()
	})
	defer timer.Stop()
	frame := make([]byte, line.MaxFrame)
	var out []byte
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		l.end.Advance(l.now())
		out = out[:0]
		for len(out) < window {
			n := l.end.Output(l.now(), frame)
			if n == 0 {
				break
			}
			out = append(out, frame[:n]...)
		}
		l.changed.Broadcast() // sockets may be lost
		if len(out) > 0 || len(l.events) > 0 {
			l.mu.Unlock()
			l.tell()
			if len(out) > 0 {
				if _, err := l.stream.Write(out); err != nil {
					l.finish(err)
				}
			}
			l.mu.Lock()
			continue
		}
		if l.over != nil {
			return
		}
		if at, ok := l.end.Deadline(); ok {
			timer.Reset(max(at-l.now(), 0))
		}
		l.changed.Wait()
	}
}

// junk is what came that is no frame. What looks like text amid much noise is
// noise, or a wrong speed would fill the screen. The lock is held.
func (l *link) junk(p []byte) {
	now := l.now()
	if faded := int(min(now-l.noiseAt, time.Minute) * noiseFades / time.Second); faded > 0 {
		l.noise, l.noiseAt = max(0, l.noise-faded), now
	}
	if l.noise < muchNoise && printable(p) {
		l.note(Event{Kind: Text, Text: string(p)})
		return
	}
	if !printable(p) { // so that text which follows is told after a while
		l.noise = min(l.noise+len(p), muchNoise*3/2)
	}
	l.note(Event{Kind: Garbage, Bytes: len(p)})
}

func printable(p []byte) bool {
	if !utf8.Valid(p) {
		return false
	}
	for _, r := range string(p) {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) && r != 0x1b {
			return false
		}
	}
	return true
}

// note keeps an event until the lock is free. The lock is held.
func (l *link) note(e Event) { l.events = append(l.events, e) }

// tell tells what was noted, in order.
func (l *link) tell() {
	l.telling.Lock()
	defer l.telling.Unlock()
	l.mu.Lock()
	events := l.events
	l.events = nil
	l.mu.Unlock()
	for _, e := range events {
		l.b.cfg.Notify(e)
	}
}
