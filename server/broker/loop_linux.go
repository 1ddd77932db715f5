package broker

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// loop carries many lines with one goroutine, which is there while there are
// lines. It waits for all of them in an epoll set of its own; that set is a
// file, for which the runtime's poller waits as for any other, so no thread is
// held meanwhile. What is queued for lines during a turn is written at its end:
// what comes together goes out together.
type loop struct {
	broker *Broker

	inbox    atomic.Pointer[line] // lines to look at, the last one first
	draining atomic.Bool          // no head of a request is waited for any more
	asleep   atomic.Bool          // the goroutine waits, or is about to

	mu    sync.Mutex
	set   *epoll // while the goroutine is there, else nil
	count int    // lines

	// What follows is the goroutine's.
	now      time.Duration
	alarm    time.Duration // that set will ring at; -1: unknown
	drained  bool
	wheel    *wheel
	lines    []*line // by index, with holes
	holes    []int32
	events   []unix.EpollEvent
	ready    int    // events that have come
	incoming []byte // what is read goes here
	joined   []byte // frames that are written together
}

// expect starts the goroutine, if it is not there, for a line that will be
// pushed. The line counts in Broker.running already.
func (l *loop) expect() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.set == nil {
		if err := l.start(); err != nil {
			return err
		}
	}
	l.count++
	return nil
}

// start needs the lock.
func (l *loop) start() error {
	set, err := newEpoll()
	if err != nil {
		return err
	}
	l.set = set
	l.wheel = &wheel{at: int64(l.broker.now() / wheelTick)}
	l.alarm = -1
	l.events = make([]unix.EpollEvent, loopEvents)
	l.incoming, l.joined = make([]byte, loopBuffer), make([]byte, loopBuffer)
	l.broker.running.Add(1) // there is a line, which is counted
	go l.run()
	return nil
}

// stop ends the goroutine if there are no lines.
func (l *loop) stop() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count > 0 {
		return false
	}
	l.set.file.Close()
	l.set, l.wheel, l.lines, l.holes, l.events, l.incoming, l.joined = nil, nil, nil, nil, nil, nil, nil
	return true
}

// push asks the goroutine to look at a line. Anybody may.
func (l *loop) push(n *line) {
	for {
		head := l.inbox.Load()
		n.next = head
		if l.inbox.CompareAndSwap(head, n) {
			break
		}
	}
	l.wake()
}

// wake ends the wait of the goroutine. Whoever calls it has said before why.
func (l *loop) wake() {
	if !l.asleep.Load() || !l.asleep.CompareAndSwap(true, false) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.set != nil {
		l.set.file.SetReadDeadline(time.Unix(1, 0))
	}
}

// run is the goroutine.
func (l *loop) run() {
	defer l.broker.running.Done()
	ready := func(uintptr) bool {
		l.ready = l.set.poll(l.events)
		return l.ready > 0
	}
	for {
		if !ready(0) && l.idle() {
			l.sleep(ready)
		}
		l.now = l.broker.now()
		for _, e := range l.events[:l.ready] {
			if n := l.lines[e.Fd]; n != nil {
				l.event(n, e.Events)
			}
		}
		l.look()
		l.wheel.turn(l.now, l.ring)
		if l.draining.Load() && !l.drained {
			l.drain()
		}
		if len(l.holes) == len(l.lines) && l.idle() && l.stop() {
			return
		}
	}
}

// idle says whether nobody wants anything.
func (l *loop) idle() bool {
	return l.inbox.Load() == nil && l.draining.Load() == l.drained
}

// sleep waits until a line is ready, an alarm is due, or somebody calls wake.
func (l *loop) sleep(ready func(uintptr) bool) {
	due, ok := l.wheel.next()
	if !ok {
		due = 0
	}
	l.asleep.Store(true)
	if l.alarm != due {
		l.alarm = due
		at := time.Time{}
		if ok {
			at = time.Now().Add(due - l.broker.now())
		}
		l.set.file.SetReadDeadline(at)
	}
	// Whoever calls wake has said why before it sets the deadline; here it is
	// the other way round, so one of the two is seen.
	if l.idle() {
		if l.set.raw.Read(ready) != nil { // the deadline
			l.ready, l.alarm = 0, -1
		}
	}
	if !l.asleep.Swap(false) {
		l.alarm = -1 // wake has set the deadline, or is about to
	}
}

// look attends to the lines that want something, in the order in which they
// came.
func (l *loop) look() {
	var first *line
	for n := l.inbox.Swap(nil); n != nil; {
		next := n.next
		n.next, first = first, n
		n = next
	}
	for n := first; n != nil; {
		next := n.next
		n.next = nil
		n.scheduled.Store(false) // from here on n may be in the inbox again
		l.attend(n)
		n = next
	}
}

// attend does for a line what others want.
func (l *loop) attend(n *line) {
	if n.stage == fresh {
		l.admit(n)
	}
	if n.severed.Load() {
		l.close(n)
	}
	if why := n.wanted.Swap(nil); why != nil {
		switch n.stage {
		case talking:
			n.hang(why, l.now)
			l.watch(n)
		case lingering:
			l.close(n)
		}
	}
	if n.backlog == nil && n.stage == talking {
		l.flush(n)
	}
}

// admit takes a fresh line in.
func (l *loop) admit(n *line) {
	n.index = int32(len(l.lines))
	if last := len(l.holes) - 1; last >= 0 {
		n.index, l.holes = l.holes[last], l.holes[:last]
		l.lines[n.index] = n
	} else {
		l.lines = append(l.lines, n)
	}
	n.armed = unix.EPOLLIN
	if err := l.set.add(n.fd, n.index, n.armed); err != nil {
		l.close(n)
		return
	}
	if n.place.app == nil {
		n.stage = greeting
		n.opened = l.now
		if l.draining.Load() {
			l.close(n)
			return
		}
		l.watch(n)
		return
	}
	n.stage = talking
	early := n.rest
	n.rest = nil
	l.receive(n, early)
}

// arm says what the kernel is to tell of a line.
func (l *loop) arm(n *line, events uint32) {
	if n.armed == events {
		return
	}
	n.armed = events
	if err := l.set.change(n.fd, n.index, events); err != nil {
		l.close(n)
	}
}

// watch sets the alarm of a line, unless it rings early enough: it is left where
// it is mostly, since a deadline moves on with every message.
func (l *loop) watch(n *line) {
	if n.stage != ended {
		l.wheel.lower(n, n.due())
	}
}

// ring is what an alarm does.
func (l *loop) ring(n *line) {
	if due := n.due(); due > l.now {
		l.wheel.set(n, due)
		return
	}
	if n.backlog != nil && n.backlog.frames != nil && n.backlog.by <= l.now {
		n.late()
		l.close(n)
		return
	}
	if n.stage != talking {
		l.close(n) // it has had its time
		return
	}
	if !n.client.tick(l.now) {
		l.end(n)
		return
	}
	l.watch(n)
}

// drain ends the lines that have not made a request yet.
func (l *loop) drain() {
	l.drained = true
	for _, n := range l.lines {
		if n != nil && n.stage == greeting {
			l.close(n)
		}
	}
}

// forget takes a line out of all that the loop has.
func (l *loop) forget(n *line) {
	n.stage = ended
	l.wheel.unset(n)
	l.lines[n.index] = nil
	l.holes = append(l.holes, n.index)
	if n.door != nil {
		l.broker.room.requests.Add(-1)
	}
	n.rest, n.backlog, n.door = nil, nil, nil
	l.mu.Lock()
	l.count--
	l.mu.Unlock()
}

// close is the end of a line.
func (l *loop) close(n *line) {
	if n.stage == ended {
		return
	}
	l.forget(n)
	n.drop()
	n.mu.Lock()
	unix.Close(n.fd)
	n.fd = -1
	n.mu.Unlock()
	if n.place.app != nil {
		n.client.gone()
		l.broker.leave(&n.connection)
	}
	l.broker.running.Done()
}
