package thimble_test

import (
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
		"ERROR not subscribed channel=other error=", `ERROR failed error="thimble: the server closed the connection with code 4001: gone`,
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
