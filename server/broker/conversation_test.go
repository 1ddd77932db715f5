package broker

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/internal/transcript"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// TestConversations runs the transcripts of several clients, which here have
// no sockets and no clock. Clients have names; their socket ids are 1.1, 1.2
// and so on, in the order in which they connect. Verbs:
//
//	connect NAMES             they connect, and take their greeting
//	NAME> TEXT                what NAME sends
//	server>NAME TEXT          what NAME gets next
//	join NAME CHANNEL DATA    NAME subscribes with a token, DATA is channel_data
//	joins NAME CHANNEL DATA   the same, and takes the confirmation
//	crowd N CHANNEL           N other users join, to whom nobody listens
//	disconnect NAME           its socket is gone
//	slow NAME                 its outbox overflows
//	closes NAME CODE          its last frame
//	advance NAME 120s         its time passes
//	publish EVENT SOCKET CHANNEL DATA   through the API; SOCKET is - for none
//	occupied NAMES            the channels that there are
//	signin NAME DATA          NAME signs in, DATA is user_data
//	signs NAME DATA           the same, and takes the confirmation
//	counts                    the application tells numbers of subscribers
//	no-watchlists             it does not do so with watchlists
//	later 30m                 time passes for the channels
//	terminate USER N          all N connections of a user are to end
//	people N                  so many users are known, as being there or watched
//	watch DEED, unwatch       somebody watches for a deed, or for all; and the first no longer
//	saw DEED FIELD=VALUE...   what they are told next; "saw nothing"
//	cached CHANNEL DATA       what is kept of a channel; nothing without DATA
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			transcript.Run(t, file, func(t *testing.T, steps []transcript.Step) {
				c := &conversation{t: t, app: testApp(t), clients: make(map[string]*talker)}
				c.app.hub.now = func() time.Duration { return c.now }
				for _, step := range steps {
					c.step(step)
					c.hurry()
					if t.Failed() {
						t.Fatalf("in line %d: %s %s", step.Line, step.Verb, step.Arg)
					}
				}
				if len(c.saw) > 0 {
					t.Errorf("it was told of what was not expected: %q", c.saw)
				}
				for name, talker := range c.clients {
					if len(talker.got) > 0 {
						t.Errorf("%s got what was not expected: %q", name, talker.got)
					}
				}
			})
		})
	}
}

const testSecret = "secret"

func testApp(t testing.TB) *app {
	t.Helper()
	b, err := New(Config{Apps: []App{{ID: "1", Key: "key", Secret: testSecret, ClientEvents: true, Watchlists: true}}})
	if err != nil {
		t.Fatal(err)
	}
	return b.apps.Load().byID["1"]
}

type conversation struct {
	t       *testing.T
	app     *app
	clients map[string]*talker
	now     time.Duration // of the channels
	saw     []string      // what observers were told
	unwatch []func()
}

// talker is a client with an outlet that keeps what it is given.
type talker struct {
	t    testing.TB
	c    client
	now  time.Duration
	got  []string
	done bool
	end  *peer.Refusal // why its connection is to end
}

func (c *conversation) connect(name string) *talker {
	talker := &talker{t: c.t}
	talker.c = client{app: c.app, out: talker}
	talker.c.begin(nil, "1."+strconv.Itoa(len(c.clients)+1), nil, 0)
	talker.got = nil
	c.clients[name] = talker
	return talker
}

func (k *talker) queue(frame []byte) {
	if !k.done {
		k.read(frame)
	}
}

func (k *talker) finish(frame []byte) {
	k.read(frame)
	k.done = true
}

func (k *talker) hurry(why *peer.Refusal) { k.end = why }

// hurry ends the connections that are to end.
func (c *conversation) hurry() {
	for _, k := range c.clients {
		if why := k.end; why != nil {
			k.end = nil
			k.c.close(why, k.now)
		}
	}
}

func (k *talker) read(frame []byte) {
	b := append([]byte(nil), frame...)
	var parser websocket.Parser
	for len(b) > 0 {
		used, item, err := parser.Next(b)
		if err != nil || item.Kind == websocket.None {
			k.t.Errorf("not a frame for a client: %x: %v", b, err)
			return
		}
		b = b[used:]
		switch item.Opcode {
		case websocket.Text:
			k.got = append(k.got, string(item.Payload))
		case websocket.Close:
			k.got = append(k.got, "close "+strconv.Itoa(item.Code))
		case websocket.Ping:
			k.got = append(k.got, "ping")
		}
	}
}

func (k *talker) send(text string) {
	k.c.receive(websocket.AppendFrame(nil, websocket.Text, text, &[4]byte{9, 8, 7, 6}), k.now)
}

func (k *talker) join(channel, data string) {
	fields := map[string]string{"channel": channel, "auth": sign(channelauth.ChannelText(k.c.peer.SocketID(), channel, data))}
	if data != "" {
		fields["channel_data"] = data
	}
	k.sendEvent("pusher:subscribe", fields)
}

func (k *talker) signIn(data string) {
	k.sendEvent("pusher:signin", map[string]string{"user_data": data, "auth": sign(channelauth.UserText(k.c.peer.SocketID(), data))})
}

// sign makes a token.
func sign(text string) string {
	h := hmac.New(sha256.New, []byte(testSecret))
	h.Write([]byte(text))
	return "key:" + hex.EncodeToString(h.Sum(nil))
}

func (k *talker) sendEvent(event string, data any) {
	text, err := json.Marshal(map[string]any{"event": event, "data": data})
	if err != nil {
		k.t.Fatal(err)
	}
	k.send(string(text))
}

// next returns what came and was not looked at yet.
func (k *talker) next() string {
	if len(k.got) == 0 {
		return "nothing"
	}
	got := k.got[0]
	k.got = k.got[1:]
	return got
}

func (c *conversation) step(step transcript.Step) {
	if name, ok := strings.CutPrefix(step.Verb, "server>"); ok {
		if got := c.clients[name].next(); got == "nothing" || step.Arg != "*" && !transcript.SameJSON(got, step.Arg) {
			c.t.Errorf("%s got %s", name, got)
		}
		return
	}
	if name, ok := strings.CutSuffix(step.Verb, ">"); ok {
		c.clients[name].send(step.Arg)
		return
	}
	args := strings.SplitN(step.Arg, " ", 3)
	args = append(args, "", "")
	switch step.Verb {
	case "connect":
		for _, name := range strings.Fields(step.Arg) {
			c.connect(name)
		}
	case "join":
		c.clients[args[0]].join(args[1], args[2])
	case "joins":
		k := c.clients[args[0]]
		k.join(args[1], args[2])
		if got := k.next(); !strings.Contains(got, peer.Succeeded) {
			c.t.Errorf("%s got %s", args[0], got)
		}
	case "crowd":
		n, _ := strconv.Atoi(args[0])
		for i := range n {
			k := c.connect("crowd-" + strconv.Itoa(i))
			k.join(args[1], `{"user_id":"crowd-`+strconv.Itoa(i)+`"}`)
		}
		for i := range n {
			k := c.clients["crowd-"+strconv.Itoa(i)]
			k.got, k.done = nil, true
		}
	case "disconnect":
		c.clients[args[0]].c.gone()
	case "slow":
		k := c.clients[args[0]]
		k.c.close(peer.RefuseSlow, k.now)
	case "closes":
		if got := c.clients[args[0]].next(); got != "close "+args[1] {
			c.t.Errorf("%s got %s", args[0], got)
		}
	case "advance":
		d, err := time.ParseDuration(args[1])
		if err != nil {
			c.t.Fatal(err)
		}
		k := c.clients[args[0]]
		for end := k.now + d; k.now < end; {
			k.now = min(end, k.c.peer.Deadline())
			k.c.tick(k.now)
		}
	case "publish":
		channel, data, _ := strings.Cut(args[2], " ")
		e := Event{Name: args[0], Channels: []string{channel}, Data: data, SocketID: strings.Trim(args[1], "-")}
		if err := c.app.broker.Publish(c.t.Context(), "1", e); err != nil {
			c.t.Error(err)
		}
	case "signin", "signs":
		k := c.clients[args[0]]
		k.signIn(strings.TrimSpace(args[1] + " " + args[2]))
		if step.Verb == "signin" {
			return
		}
		if got := k.next(); !strings.Contains(got, "pusher:signin_success") {
			c.t.Errorf("%s got %s", args[0], got)
		}
	case "counts":
		c.app.hub.counts.Store(true)
	case "no-watchlists":
		conf := *c.app.conf()
		conf.Watchlists = false
		c.app.configure(conf)
	case "watch":
		c.unwatch = append(c.unwatch, c.app.broker.observers.attach(deedNamed(c.t, args[0]), c.watch))
	case "unwatch":
		c.unwatch[0]()
		c.unwatch = c.unwatch[1:]
	case "saw":
		if len(c.saw) == 0 {
			c.saw = []string{"nothing"}
		}
		if c.saw[0] != step.Arg {
			c.t.Errorf("saw %s", c.saw[0])
		}
		c.saw = c.saw[1:]
	case "later":
		d, err := time.ParseDuration(step.Arg)
		if err != nil {
			c.t.Fatal(err)
		}
		c.now += d
	case "terminate":
		if n := c.app.users.terminate(args[0]); strconv.Itoa(n) != args[1] {
			c.t.Errorf("%d connections end", n)
		}
	case "people":
		if n := len(c.app.users.byID); strconv.Itoa(n) != args[0] {
			c.t.Errorf("%d are known", n)
		}
	case "cached":
		got := ""
		if last := c.app.hub.cache.get(args[0], c.now); last != nil {
			got = last.data
		}
		if got != args[1] {
			c.t.Errorf("kept is %q", got)
		}
	case "occupied":
		names := make(map[string]bool)
		for _, ch := range c.app.hub.occupied("") {
			names[ch.name] = true
		}
		want := strings.Fields(step.Arg)
		for _, name := range want {
			if !names[name] {
				c.t.Errorf("%s is not occupied", name)
			}
		}
		if len(names) != len(want) {
			c.t.Errorf("occupied are %v", names)
		}
	default:
		c.t.Fatalf("line %d: no such verb: %s", step.Line, step.Verb)
	}
}
