package broker

import (
	"container/list"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"
)

// replays remember what was answered to requests that have an idempotency key,
// so that one that is sent again, since its answer was lost, publishes nothing
// twice.
type replays struct {
	mu    sync.Mutex
	byKey map[string]*list.Element
	order list.List // of *replay, the oldest in front
}

// replay is a request under a key, and its answer.
type replay struct {
	key     string
	request [sha256.Size]byte
	since   time.Duration
	done    chan struct{} // closed when the answer is there
	answer  []byte        // nil if there was an error instead: then nothing is kept
}

// begin finds the request under a key, or notes it down: then it is first, and
// end must be called.
func (r *replays) begin(key string, request [sha256.Size]byte, now time.Duration) (e *replay, first bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for front := r.order.Front(); front != nil && (r.order.Len() >= maxReplays || front.Value.(*replay).since+keepReplays <= now); front = r.order.Front() {
		r.drop(front)
	}
	if at := r.byKey[key]; at != nil {
		e = at.Value.(*replay)
		if e.request != request {
			return nil, false, &statusError{status: http.StatusUnprocessableEntity, text: "The idempotency key was used for another request; take a new one for each"}
		}
		return e, false, nil
	}
	e = &replay{key: key, request: request, since: now, done: make(chan struct{})}
	if r.byKey == nil {
		r.byKey = make(map[string]*list.Element)
	}
	r.byKey[key] = r.order.PushBack(e)
	return e, true, nil
}

// end says what was answered, nil for an error.
func (r *replays) end(e *replay, answer []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.answer = answer
	if at := r.byKey[e.key]; answer == nil && at != nil && at.Value == e {
		r.drop(at)
	}
	close(e.done)
}

// drop needs the lock.
func (r *replays) drop(at *list.Element) {
	e := r.order.Remove(at).(*replay)
	delete(r.byKey, e.key)
}

// once runs handle, unless the request has a key and was answered before.
func (a *app) once(key, path, query string, body []byte, handle func() ([]byte, error)) (answer []byte, again bool, err error) {
	if key == "" {
		answer, err = handle()
		return answer, false, err
	}
	if len(key) > maxReplayKey {
		return nil, false, badRequest("Invalid X-Idempotency-Key: it has %d bytes, %d are allowed", len(key), maxReplayKey)
	}
	request := sha256.Sum256(append([]byte(path+"?"+query+"\n"), body...))
	for {
		e, first, err := a.replays.begin(key, request, a.broker.now())
		if err != nil {
			return nil, false, err
		}
		if first {
			answer, err := a.answerFor(e, handle)
			return answer, false, err
		}
		<-e.done
		if e.answer != nil {
			return e.answer, true, nil
		}
		// The other one failed, and has left no trace.
	}
}

// answerFor runs handle for the first request with a key. Whoever waits for the
// answer gets on, also when handle panics.
func (a *app) answerFor(e *replay, handle func() ([]byte, error)) (answer []byte, err error) {
	defer func() { a.replays.end(e, answer) }()
	answer, err = handle()
	if err != nil {
		return nil, err
	}
	return answer, nil
}
