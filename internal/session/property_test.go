package session_test

import (
	"flag"
	"math/rand"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/session"
)

var seed = flag.Int64("seed", 0, "of TestIntentSurvives; 0 stands for many")

// world is a session, the service and what lies between them.
type world struct {
	t       testing.TB
	random  *rand.Rand
	s       *session.Session
	now     time.Duration
	server  *service // nil: no transport
	dialled bool
	sockets int
	asked   []question
	wanted  map[string]bool
	sent    map[string]int // number of the last event published
	got     map[string]int // and of the last one delivered
}

type question struct {
	asked
	socketID string
}

// TestIntentSurvives lets everything happen at the worst moment: subscribing,
// unsubscribing, drops, late tokens, refusals, slow confirmations. When the
// dust has settled the server has what the user asked for last. On the way
// events come at most once, in order, and only to who wants them.
func TestIntentSurvives(t *testing.T) {
	t.Parallel()
	first, runs := *seed, int64(1)
	if first == 0 {
		first, runs = time.Now().UnixNano()%1e9, 300
	}
	for n := first; n < first+runs && !t.Failed(); n++ {
		w := newWorld(t, n)
		w.chaos(400)
		w.settleDust()
		if t.Failed() {
			t.Fatalf("run again with -seed=%d", n)
		}
	}
}

func newWorld(t testing.TB, n int64) *world {
	w := &world{
		t: t, random: rand.New(rand.NewSource(n)), now: time.Second,
		wanted: make(map[string]bool), sent: make(map[string]int), got: make(map[string]int),
	}
	s, err := session.New(session.Config{
		Target: session.Target{Host: "h", Path: "/"}, Authorizer: true,
		Entropy: func(b []byte) error { w.random.Read(b); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
	s.Connect(w.now)
	w.act()
	return w
}

// act does the driver's work.
func (w *world) act() {
	var ev session.Event
	for {
		for w.s.Next(w.now, &ev) {
			w.event(&ev)
		}
		out := w.s.Output(nil)
		if w.server != nil {
			w.server.in = append(w.server.in, out...)
		}
		if !w.s.Busy() {
			return
		}
	}
}

func (w *world) event(ev *session.Event) {
	switch ev.Kind {
	case session.Dial:
		w.dialled = true
	case session.Hangup:
		w.server, w.dialled = nil, false
	case session.Authorize:
		w.asked = append(w.asked, question{asked{ev.Channel, ev.Ticket}, ev.SocketID})
	case session.Message:
		name := ev.Channel.Name
		n, _ := strconv.Atoi(string(ev.Data))
		if !w.wanted[name] {
			w.t.Errorf("event %d on %s, which nobody wants", n, name)
		}
		if n <= w.got[name] {
			w.t.Errorf("event %d on %s behind event %d", n, name, w.got[name])
		}
		w.got[name] = n
	case session.Failure:
		if _, ok := ev.Err.(*session.MessageError); ok {
			w.t.Errorf("unreadable: %v", ev.Err)
		}
	}
}

func (w *world) chaos(steps int) {
	for range steps {
		name := channelNames[w.random.Intn(len(channelNames))]
		switch w.random.Intn(20) {
		case 0, 1:
			w.wanted[name] = true
			w.s.Subscribe(w.now, w.s.Channel(name))
		case 2, 3:
			w.wanted[name] = false
			w.s.Unsubscribe(w.now, w.s.Channel(name))
		case 4:
			if w.random.Intn(4) == 0 {
				w.cut()
			}
		case 5:
			w.pass(time.Duration(w.random.Int63n(int64(5 * time.Second))))
		case 6:
			if w.random.Intn(4) == 0 {
				w.pass(time.Duration(w.random.Int63n(int64(200 * time.Second))))
			}
		case 7, 8, 9:
			w.answer(w.random.Intn(len(w.asked)+1), w.random.Intn(5) == 0)
		case 10:
			if w.random.Intn(20) == 0 {
				w.s.Disconnect()
				w.act()
				w.s.Connect(w.now)
			}
		case 11:
			w.sent[name]++
			if w.server != nil {
				w.server.publish(name, w.sent[name])
			}
		default:
			w.move()
		}
		w.act()
	}
}

// move lets one thing move along between client and server.
func (w *world) move() {
	if w.dialled {
		w.dialled = false
		if w.random.Intn(8) == 0 {
			w.s.Lost(w.now, errCut)
			return
		}
		w.accept()
		return
	}
	if w.server == nil {
		return
	}
	switch w.random.Intn(3) {
	case 0:
		w.server.read()
	case 1:
		w.server.confirm()
	case 2:
		w.deliver(w.random.Intn(200))
	}
}

// accept is a connection up to its first message.
func (w *world) accept() {
	w.sockets++
	st := &stage{t: w.t, s: w.s, now: w.now, quietly: true}
	id := strconv.Itoa(w.sockets) + "." + strconv.Itoa(w.random.Intn(1000))
	w.s.Dialed(w.now)
	st.settle()
	st.upgrade()
	w.server = newService(w.t, w.random, id)
	w.server.refusals = true
	w.server.send([]byte(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"` + id + `\",\"activity_timeout\":120}"}`))
}

func (w *world) deliver(n int) {
	sv := w.server
	for n = min(n, len(sv.out)); n > 0 && sv == w.server; {
		m := copy(w.s.Space(), sv.out[:n])
		sv.out, n = sv.out[m:], n-m
		w.s.Received(w.now, m)
		w.act()
	}
}

func (w *world) cut() {
	if w.server == nil {
		return
	}
	w.server = nil
	w.s.Lost(w.now, errCut)
}

func (w *world) answer(i int, fails bool) {
	if i >= len(w.asked) {
		return
	}
	q := w.asked[i]
	w.asked = append(w.asked[:i], w.asked[i+1:]...)
	var err error
	if fails {
		err = &session.AuthError{Status: []int{0, 500, 403}[w.random.Intn(3)], Err: errCut}
	}
	w.s.Authorized(w.now, q.ch, q.ticket, session.Token{Auth: "k:" + q.socketID, ChannelData: `{"user_id":"me"}`}, err)
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	for end := w.now + d; ; {
		at, ok := w.s.Deadline()
		if !ok || at > end {
			w.now = end
			return
		}
		w.now = max(w.now, at)
		w.s.Advance(w.now)
		w.act()
	}
}

// settleDust lets all go well for a while and looks at what has become of it.
func (w *world) settleDust() {
	// Without a cut, what the server refused for good stays so, and says so.
	afresh := w.random.Intn(2) == 0
	if afresh {
		w.cut()
		w.act()
	}
	for range 600 {
		w.pass(500 * time.Millisecond)
		if w.dialled {
			w.dialled = false
			w.accept()
		}
		for w.server != nil {
			w.server.refusals = false
			moved := len(w.asked) > 0 || len(w.server.out) > 0
			w.answer(0, false)
			w.act()
			w.deliver(1 << 20)
			if w.server == nil || !w.server.read() && !w.server.confirm() && !moved {
				break
			}
		}
	}
	if w.s.State() != session.Connected {
		w.t.Fatalf("%s", w.s.State())
	}
	var want []string
	for _, name := range channelNames {
		ch := w.s.Channel(name)
		if err, ok := ch.Err().(*session.SubscriptionError); ok && err.Retry == 0 && !afresh && !w.server.has[name] {
			continue
		}
		if w.wanted[name] {
			want = append(want, name)
		}
		if ch.Subscribed() != w.wanted[name] {
			w.t.Errorf("%s: subscribed is %v, wanted %v; %v", name, ch.Subscribed(), w.wanted[name], ch.Err())
		}
	}
	if got := w.server.confirmed(); got != strings.Join(want, " ") {
		w.t.Errorf("the server has %q, the user wants %q", got, want)
	}
	for _, name := range channelNames {
		w.sent[name]++
		w.server.publish(name, w.sent[name])
	}
	w.deliver(1 << 20)
	for _, name := range want {
		if w.got[name] != w.sent[name] {
			w.t.Errorf("the last event on %s was not delivered", name)
		}
	}
}
