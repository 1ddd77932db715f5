package session_test

import (
	"flag"
	"math/rand"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/session"
	"github.com/thimble-go/thimble/internal/wire"
)

var seed = flag.Int64("seed", 0, "of TestIntentSurvives; 0 stands for many")

// world is a session, the service and what lies between them.
type world struct {
	t        testing.TB
	random   *rand.Rand
	s        *session.Session
	now      time.Duration
	server   *service // nil: no transport
	dialled  bool
	sockets  int
	accepted time.Duration // when the transport was
	asked    []question
	wanted   map[string]bool
	user     bool           // is to be signed in
	state    session.State  // told last
	sent     map[string]int // number of the last event published
	got      map[string]int // and of the last one delivered
	old      map[string]int // and of the last one before a subscription was ended
	keys     map[string]int // number of the key that events are encrypted with
	calm     bool           // nothing unexpected happens any more
	depth    int            // of handlers that run
}

type question struct {
	asked    // no channel: about the user
	socketID string
	key      int // that the endpoint knew when it was asked
}

// TestIntentSurvives lets everything happen at the worst moment: subscribing,
// unsubscribing, forgetting, signing in and out, drops, late tokens, refusals,
// slow confirmations, slow handlers that take back or ask for something
// themselves, new keys of encrypted channels, another server. When the dust has
// settled the server has what the user asked for last. On the way events come
// at most once, in order, and only to who wants them; each change of state is
// told, and there is a socket id exactly while connected.
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
		old: make(map[string]int), keys: make(map[string]int),
	}
	s, err := session.New(session.Config{
		Target: session.Target{Host: "h", Path: "/"}, Authorizer: session.Tokens, Encryption: session.Encryption, UserAuthorizer: true,
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
		if (w.s.SocketID() != "") != (w.s.State() == session.Connected) {
			w.t.Errorf("the socket id is %q while %s", w.s.SocketID(), w.s.State())
		}
		if !w.s.Busy() {
			return
		}
	}
}

func (w *world) event(ev *session.Event) {
	name := ""
	if ev.Channel != nil {
		name = ev.Channel.Name
	}
	switch ev.Kind {
	case session.Dial:
		w.dialled = true
		return
	case session.Hangup:
		w.server, w.dialled = nil, false
		return
	case session.Authorize, session.AuthorizeUser:
		w.asked = append(w.asked, question{asked{ev.Channel, ev.Ticket}, ev.SocketID, w.keys[name]})
		return
	case session.StateChanged:
		if ev.Previous != w.state || ev.State == w.state {
			w.t.Errorf("from %s to %s, but it was %s", ev.Previous, ev.State, w.state)
		}
		w.state = ev.State
	case session.Message, session.UserMessage:
		wanted := w.wanted[name]
		if ev.Kind == session.UserMessage {
			wanted = w.user
		}
		w.delivered(name, ev.Data, wanted)
	case session.DecryptionFailed:
		if !w.wanted[name] {
			w.t.Errorf("an event on %s is not decrypted, which nobody wants", name)
		}
	case session.Subscribed:
		if !w.wanted[name] || !ev.Channel.Subscribed() {
			w.t.Errorf("%s is said to be subscribed: wanted %v, subscribed %v", name, w.wanted[name], ev.Channel.Subscribed())
		}
	case session.SignedIn:
		if id, _ := w.s.User(); id != "u" || !w.user {
			w.t.Errorf("signed in as %q, wanted %v", id, w.user)
		}
	case session.Failure:
		if _, ok := ev.Err.(*session.MessageError); ok {
			w.t.Errorf("unreadable: %v", ev.Err)
		}
	}
	w.handler()
}

func (w *world) delivered(name string, data []byte, wanted bool) {
	n, _ := strconv.Atoi(string(data))
	switch {
	case !wanted:
		w.t.Errorf("event %d on %s, which nobody wants", n, name)
	case n <= w.got[name]:
		w.t.Errorf("event %d on %s behind event %d", n, name, w.got[name])
	case n <= w.old[name]:
		w.t.Errorf("event %d on %s is from before event %d, when it was unsubscribed", n, name, w.old[name])
	}
	w.got[name] = n
}

// handler is what a handler of the user does: mostly nothing.
func (w *world) handler() {
	if w.calm || w.depth > 0 {
		return
	}
	w.depth++
	defer func() { w.depth-- }()
	switch w.random.Intn(40) {
	case 0: // it takes its time
		w.now += time.Duration(w.random.Int63n(int64(100 * time.Second)))
	case 1, 2, 3:
		w.intend()
	}
}

// intend has the user change his mind about something.
func (w *world) intend() {
	name := channelNames[w.random.Intn(len(channelNames))]
	ch := w.s.Channel(name)
	switch w.random.Intn(12) {
	case 0, 1, 2:
		w.wanted[name] = true
		w.s.Subscribe(w.now, ch)
	case 3: // with a token of the user's own
		w.wanted[name] = true
		key := w.keys[name]
		w.s.SubscribeAuthorized(w.now, ch, w.token(name, w.s.SocketID(), key-w.random.Intn(min(key, 1)+1)))
	case 4, 5, 6, 7:
		// While nothing can have been given up as unanswered it is clear which
		// confirmation is which.
		if ch.Subscribed() && w.now-w.accepted < 30*time.Second {
			w.old[name] = w.sent[name]
		}
		w.wanted[name] = false
		w.s.Unsubscribe(w.now, ch)
		if w.random.Intn(4) == 0 {
			w.s.Forget(ch)
		}
	case 8, 9:
		w.user = true
		if err := w.s.SignIn(w.now); err != nil {
			w.t.Error(err)
		}
	case 10:
		w.user = false
		w.s.SignOut(w.now)
	case 11:
		switch w.random.Intn(20) {
		case 0:
			w.s.Disconnect()
			w.s.Connect(w.now)
		case 1:
			w.s.Retarget(w.now, session.Target{Host: "h" + strconv.Itoa(w.random.Intn(9)), Path: "/"})
		case 2, 3:
			w.s.Probe(w.now)
		}
	}
}

func (w *world) chaos(steps int) {
	for range steps {
		name := channelNames[w.random.Intn(len(channelNames))]
		switch w.random.Intn(20) {
		case 0, 1, 2, 3:
			w.intend()
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
			if w.random.Intn(4) == 0 {
				w.keys[name]++
			}
		case 11:
			w.publish(name)
		case 12:
			w.publish(userRoom)
		default:
			w.move()
		}
		w.act()
	}
}

func (w *world) publish(name string) {
	w.sent[name]++
	if w.server != nil {
		w.server.publish(name, w.sent[name])
	}
}

// token is what the endpoint makes of a question.
func (w *world) token(name, socketID string, key int) session.Token {
	token := session.Token{Auth: "k:" + socketID}
	switch wire.KindOf(name) {
	case wire.Encrypted:
		token.SharedSecret = channelKey(name, key)
	case wire.Presence:
		if w.calm || w.random.Intn(3) > 0 { // else it is presence through the sign-in
			token.ChannelData = `{"user_id":"me"}`
		}
	}
	return token
}

// channelKey is key number n of a channel.
func channelKey(name string, n int) []byte {
	key := make([]byte, 32)
	copy(key, name)
	key[31] = byte(n)
	return key
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
	switch w.random.Intn(4) {
	case 0:
		w.server.read()
	case 1:
		w.server.confirm()
	case 2:
		w.server.signIn()
	case 3:
		w.deliver(w.random.Intn(400))
	}
}

// accept is a connection up to its first message.
func (w *world) accept() {
	w.sockets++
	w.accepted = w.now
	st := &stage{t: w.t, s: w.s, now: w.now, quietly: true}
	id := strconv.Itoa(w.sockets) + "." + strconv.Itoa(w.random.Intn(1000))
	w.s.Dialed(w.now)
	st.settle()
	st.upgrade()
	w.server = newService(w.t, w.random, id)
	w.server.refusals = !w.calm
	w.server.seal = func(name, text string) string { return seal(channelKey(name, w.keys[name]), text) }
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
	if q.ch == nil {
		w.s.AuthorizedUser(w.now, q.ticket, session.UserToken{Auth: "k:" + q.socketID, UserData: `{"id":"u"}`}, err)
		return
	}
	if w.calm || w.random.Intn(2) == 0 {
		q.key = w.keys[q.ch.Name] // it took until now to make the token
	}
	w.s.Authorized(w.now, q.ch, q.ticket, w.token(q.ch.Name, q.socketID, q.key), err)
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
	w.calm = true
	// Without a cut, what the server refused for good stays so, and says so.
	afresh := w.random.Intn(2) == 0
	if afresh {
		w.cut()
		w.act()
	}
	for range 600 {
		w.settle(500 * time.Millisecond)
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
	id, _ := w.s.User()
	if err, ok := w.s.UserErr().(*session.SignInError); ok && err.Retry == 0 && !afresh {
		w.user = false // he is refused
	}
	if (id == "u") != w.user || w.server.has[userRoom] != w.user {
		w.t.Errorf("signed in as %q, with the own channel: %v; wanted %v; %v", id, w.server.has[userRoom], w.user, w.s.UserErr())
	}
	if w.user {
		want = append(want, userRoom)
	}
	for _, name := range channelNames {
		w.publish(name)
	}
	w.publish(userRoom)
	for range 5 { // time for fresh keys
		w.settle(500 * time.Millisecond)
	}
	for _, name := range want {
		if w.got[name] != w.sent[name] {
			w.t.Errorf("the last event on %s was not delivered", name)
		}
	}
}

// settle lets time pass in which nothing goes wrong.
func (w *world) settle(d time.Duration) {
	w.pass(d)
	w.act()
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
		if w.server == nil || !w.server.read() && !w.server.confirm() && !w.server.signIn() && !moved {
			return
		}
	}
}
