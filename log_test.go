package thimble_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

// journal collects a log.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) log(r thimble.Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, r.String())
}

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.lines, "\n") + "\n"
}

// TestLog checks what is told at which level, and that no secret is.
func TestLog(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	all, some := new(journal), new(journal)
	const secret = "s3cr3t"
	for _, level := range []thimble.Level{thimble.LevelDebug, thimble.LevelInfo} {
		cfg := f.eager()
		cfg.Authorizer = tokens(`{"user_id":"` + secret + `"}`)
		cfg.Logger, cfg.LogLevel = some.log, level
		if level == thimble.LevelDebug {
			cfg.Logger = all.log
		}
		client := newClient(t, cfg)
		room := client.Subscribe("presence-room")
		confirmed := events(room.Bind, thimble.EventSubscribed)
		failed := events(client.Subscribe("other").Bind, thimble.EventSubscriptionError)
		got := events(room.Bind, "e\n")
		r := run(t, client)
		p := f.accept("1.1")
		for range 2 {
			if _, err := p.next(); err != nil {
				t.Fatal(err)
			}
		}
		p.confirm("presence-room", `{}`)
		waitFor(t, "the confirmation", confirmed)
		p.send(`{"event":"pusher:subscription_error","channel":"other","data":{"error":"no","status":401}}`)
		waitFor(t, "the refusal", failed)
		p.send(`{"event":"pusher:error","data":{"code":null,"message":"Invalid signature: Expected HMAC SHA256 hex digest of 1.1:presence-z, but got ` + secret + `"}}`)
		p.event("e\n", "presence-room", secret)
		waitFor(t, "the event", got)
		if err := room.Trigger("client-x", `"`+secret+`"`); err != nil {
			t.Error(err)
		}
		p.expect(`{"event":"client-x","channel":"presence-room","data":"` + secret + `"}`)
		p.closeWith(4001, "gone")
		_ = r.wait()
	}
	for _, want := range []string{
		"DEBUG dialling " + f.host(), "INFO connecting", "INFO connected", "DEBUG authorizing channel=presence-room", "INFO subscribed channel=presence-room",
		`DEBUG received channel=presence-room event="e\n" size=6`, "DEBUG triggered channel=presence-room event=client-x size=8",
		`WARN failure error="thimble: the server says: Invalid signature: Expected`, "ERROR not subscribed channel=other error=", `ERROR failed error="thimble: the server closed the connection with code 4001: gone`,
	} {
		if !strings.Contains(all.text(), want) {
			t.Errorf("not told: %s\nin\n%s", want, all.text())
		}
		if strings.Contains(some.text(), want) == strings.HasPrefix(want, "DEBUG") {
			t.Errorf("at level info the other way round: %s\nin\n%s", want, some.text())
		}
	}
	if strings.Contains(all.text(), secret) || strings.Contains(all.text(), "key:") {
		t.Errorf("secrets are told: %s", all.text())
	}
}

func TestRecordString(t *testing.T) {
	t.Parallel()
	r := thimble.Record{Level: thimble.LevelWarn, Message: "x", Channel: "c", Event: "e", Size: 3, Retry: time.Second, Gap: time.Minute, Err: errors.New("out of order")}
	if got := r.String(); got != "WARN x channel=c event=e size=3 retry=1s gap=1m0s error=\"out of order\"" {
		t.Errorf("got %s", got)
	}
}

// TestRecordOfAPeersName checks that a user's id, of which the server makes the
// name of a channel, cannot look like a line of its own.
func TestRecordOfAPeersName(t *testing.T) {
	t.Parallel()
	r := thimble.Record{Message: "received", Channel: "#server-to-user-1\nERROR all is lost", Event: "a\nb"}
	if got := r.String(); strings.Contains(got, "\n") {
		t.Errorf("got %s", got)
	}
}

// TestLoggerPanics is no reason to end anything.
func TestLoggerPanics(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	cfg := f.config()
	cfg.Logger = func(thimble.Record) { panic("full") }
	client := newClient(t, cfg)
	changes := states(client)
	run(t, client)
	f.accept("1.1")
	reach(t, changes, thimble.StateConnected)
}

// TestLogOfFailures checks the level of what goes wrong, and of what concerns
// users and members.
func TestLogOfFailures(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	j := new(journal)
	cfg := f.eager()
	cfg.Logger, cfg.LogLevel = j.log, thimble.LevelDebug
	cfg.UserAuthorizer = ann
	status := make(chan int, 3)
	status <- 500
	status <- 404
	status <- 404 // on the second connection
	cfg.Authorizer = thimble.AuthorizerFunc(func(_ context.Context, req thimble.AuthRequest) (thimble.Token, error) {
		if req.Channel == "private-fails" {
			n := <-status
			return thimble.Token{}, &thimble.AuthError{Status: n, Permanent: n == 404}
		}
		return thimble.Token{Auth: "key:x", ChannelData: `{"user_id":"me"}`, SharedSecret: make([]byte, 32)}, nil
	})
	client := newClient(t, cfg)
	changes := states(client)
	failed := events(client.Bind, thimble.EventSubscriptionError)
	client.Subscribe("private-fails")
	r := run(t, client)
	p := f.accept("1.1")
	waitFor(t, "the first failure", failed)
	waitFor(t, "the second failure", failed)

	room := client.Subscribe("presence-room")
	sealed := client.Subscribe("private-encrypted-room")
	if err := client.SignIn(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := p.next(); err != nil {
			t.Fatal(err)
		}
	}
	signedIn := events(client.User().Bind, thimble.EventSignedIn)
	added := events(room.Bind, thimble.EventMemberAdded)
	undecrypted := events(sealed.Bind, thimble.EventDecryptionError)
	user := events(client.User().Bind, "hello")
	p.confirm("presence-room", `{"presence":{"hash":{}}}`)
	p.confirm("private-encrypted-room", "{}")
	p.event("pusher:signin_success", "", `{"user_data":"{\"id\":\"ann\"}"}`)
	p.subscribed("#server-to-user-ann")
	waitFor(t, "the sign-in", signedIn)
	p.event("pusher_internal:member_added", "presence-room", `{"user_id":"bob"}`)
	waitFor(t, "the member", added)
	p.event("e", "private-encrypted-room", "plain")
	waitFor(t, "the event that is not decrypted", undecrypted)
	p.event("pusher_internal:watchlist_events", "", `{"events":[{"name":"online","user_ids":["a","b"]}]}`)
	p.event("hello", "#server-to-user-ann", "12345")
	waitFor(t, "the user's event", user)
	p.send("{malformed")
	p.conn.Close()
	p = f.accept("2.2")
	reach(t, changes, thimble.StateConnected)
	signInFailed := events(client.User().Bind, thimble.EventSignInError)
	for refused := false; !refused; {
		item, err := p.next()
		if err != nil {
			t.Fatal(err)
		}
		refused = strings.Contains(string(item.Payload), "pusher:signin")
	}
	p.event("pusher:signin_error", "", `{"error":"no"}`)
	waitFor(t, "the refusal", signInFailed)
	client.Disconnect()
	_ = r.wait()
	for _, want := range []string{
		"WARN not subscribed channel=private-fails retry=", "ERROR not subscribed channel=private-fails error=",
		"DEBUG authorizing the user", "INFO signed in", "DEBUG member channel=presence-room event=pusher:member_added",
		"WARN not decrypted channel=private-encrypted-room error=", "DEBUG watchlist event=online size=2", "DEBUG received channel=#server-to-user-ann event=hello size=5",
		"WARN failure error=", "WARN connecting ", "ERROR not signed in error=", "INFO disconnected",
	} {
		if !strings.Contains(j.text(), want) {
			t.Errorf("not told: %s\nin\n%s", want, j.text())
		}
	}
}
