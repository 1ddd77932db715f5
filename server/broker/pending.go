package broker

import (
	"sync"
	"sync/atomic"
	"time"
)

var started = time.Now()

// moment is the time in nanoseconds on a clock that nobody sets, never 0. Unix
// time would call every reader slow when the machine's clock jumps ahead.
func moment() int64 { return int64(time.Since(started)) + 1 }

// pending is what waits to be written to one connection, for either transport.
type pending struct {
	// stuck is since when the other end has taken nothing though there was
	// something to take, by moment; 0 when nothing waits for it.
	stuck atomic.Int64

	mu       sync.Mutex
	frames   [][]byte
	bytes    int  // of frames
	writing  bool // somebody takes care of it
	finished bool // nothing is queued any more, except by finish
}

// verdict is what becomes of a frame.
type verdict uint8

const (
	kept     verdict = iota // it waits with others
	first                   // it waits, and somebody must be found to write it
	dropped                 // the end has come
	overflow                // it is too much: what waited is gone, and the end has come
)

// queue puts a frame behind the others. What is being written does not count
// towards the limit, and a frame that finds nothing waiting always fits: the
// largest presence snapshot must not cut off the client that it is for.
func (p *pending) queue(frame []byte, limit int) verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.finished {
		return dropped
	}
	if waiting := p.bytes + len(frame); p.bytes > 0 && waiting > limit && p.tooSlow(waiting, limit) {
		p.finished = true
		p.frames, p.bytes = nil, 0
		return overflow
	}
	return p.push(frame)
}

// tooSlow says whether a reader for whom more waits than should is to blame. A
// burst is nobody's fault: a publication on a hundred channels comes faster
// than any socket takes it. Who takes nothing for a while is slow, and beyond
// a burst memory comes first.
func (p *pending) tooSlow(waiting, limit int) bool {
	if int64(waiting) > burstFactor*int64(limit) {
		return true
	}
	since := p.stuck.Load()
	return since != 0 && moment()-since > int64(slowAfter)
}

// finish puts the last frame behind the others; nil is none.
func (p *pending) finish(frame []byte) verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished = true
	if frame == nil {
		return dropped
	}
	return p.push(frame)
}

// push needs the lock.
func (p *pending) push(frame []byte) verdict {
	p.frames = append(p.frames, frame)
	p.bytes += len(frame)
	if p.writing {
		return kept
	}
	p.writing = true
	return first
}

// drop is the end: nothing will be written any more.
func (p *pending) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished = true
	p.frames, p.bytes = nil, 0
}

// queued is how many bytes wait.
func (p *pending) queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes
}
