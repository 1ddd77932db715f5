package broker_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/server/broker"
)

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	app := func(change func(*broker.App)) []broker.App {
		a := oneApp()
		change(&a[0])
		return a
	}
	tests := []struct {
		name   string
		config broker.Config
		says   string
	}{
		{"nothing", broker.Config{}, "Apps is empty"},
		{"no id", broker.Config{Apps: app(func(a *broker.App) { a.ID = "" })}, "Apps[0]: the ID is empty"},
		{"id with a slash", broker.Config{Apps: app(func(a *broker.App) { a.ID = "a/b" })}, "slash"},
		{"no key", broker.Config{Apps: app(func(a *broker.App) { a.Key = "" })}, "the Key is empty"},
		{"key with a colon", broker.Config{Apps: app(func(a *broker.App) { a.Key = "a:b" })}, "colon"},
		{"no secret", broker.Config{Apps: app(func(a *broker.App) { a.Secret = "" })}, "the Secret is empty"},
		{"negative data", broker.Config{Apps: app(func(a *broker.App) { a.MaxEventData = -1 })}, "MaxEventData is negative"},
		{"same key", broker.Config{Apps: append(oneApp(), broker.App{ID: "2", Key: appKey, Secret: "x"})}, `Apps[1]: another app has the Key "app-key"`},
		{"same key twice", broker.Config{Apps: app(func(a *broker.App) { a.MoreKeys = []broker.Key{{Key: appKey, Secret: "x"}} })}, "twice"},
		{"another key without a secret", broker.Config{Apps: app(func(a *broker.App) { a.MoreKeys = []broker.Key{{Key: "x"}} })}, "Secret is empty"},
		{"origin with a path", broker.Config{Apps: app(func(a *broker.App) { a.Origins = []string{"https://a.example/x"} })}, "https://example.com"},
		{"origin of everything", broker.Config{Apps: app(func(a *broker.App) { a.Origins = []string{"*"} })}, "the origin"},
		{"empty origin", broker.Config{Apps: app(func(a *broker.App) { a.Origins = []string{""} })}, "the origin"},
		{"negative members", broker.Config{Apps: app(func(a *broker.App) { a.MaxMembers = -1 })}, "MaxMembers is negative"},
		{"same id", broker.Config{Apps: append(oneApp(), broker.App{ID: appID, Key: "x", Secret: "x"})}, `Apps[1]: another app has the ID "1"`},
		{"short timeout", broker.Config{Apps: oneApp(), ActivityTimeout: time.Millisecond}, "ActivityTimeout is 1ms"},
		{"negative timeout", broker.Config{Apps: oneApp(), ActivityTimeout: -time.Second}, "ActivityTimeout is -1s"},
		{"negative pong", broker.Config{Apps: oneApp(), PongTimeout: -1}, "PongTimeout is negative"},
		{"negative handshake", broker.Config{Apps: oneApp(), HandshakeTimeout: -1}, "HandshakeTimeout is negative"},
		{"negative message", broker.Config{Apps: oneApp(), MaxMessage: -1}, "MaxMessage is negative"},
		{"negative queue", broker.Config{Apps: oneApp(), QueueBytes: -1}, "QueueBytes is negative"},
		{"message that holds no subscription", broker.Config{Apps: oneApp(), MaxMessage: 100}, "MaxMessage is 100; use at least 4096"},
		{"queue that holds nothing", broker.Config{Apps: oneApp(), QueueBytes: 10}, "QueueBytes is 10; use at least 4096"},
		{"endless message", broker.Config{Apps: oneApp(), MaxMessage: 1<<30 + 1}, "MaxMessage is 1073741825; use at most 1073741824"},
		{"endless queue", broker.Config{Apps: oneApp(), QueueBytes: math.MaxInt}, "use at most 1073741824"},
		{"endless data", broker.Config{Apps: app(func(a *broker.App) { a.MaxEventData = 1<<30 + 1 })}, "Apps[0]: MaxEventData is 1073741825; use at most 1073741824"},
		{"negative connections", broker.Config{Apps: oneApp(), MaxConnections: -1}, "MaxConnections is negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := broker.New(tt.config)
			if !errors.Is(err, broker.ErrConfig) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), appSecret) {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

// TestLargestData: what follows from the largest MaxEventData does not overflow.
func TestLargestData(t *testing.T) {
	t.Parallel()
	app := oneApp()[0]
	app.MaxEventData = 1 << 30
	_, address := serve(t, broker.Config{Apps: []broker.App{app}})
	c := connect(t, address)
	c.authorized("private-room", "")
	c.send(`{"event":"client-x","channel":"private-room","data":"` + strings.Repeat("x", 100_000) + `"}`)
	c.alive()
	for _, path := range []string{"/apps/1/events", "/apps/1/batch_events"} {
		body := `{"name":"x","channel":"private-room","data":"1"}`
		if strings.HasSuffix(path, "batch_events") {
			body = `{"batch":[` + body + `]}`
		}
		if status, text := (request{method: "POST", path: path, body: body}).do(t, address); status != 200 {
			t.Fatalf("got %d: %s", status, text)
		}
		c.expect(`{"event":"x","channel":"private-room","data":"1"}`)
	}
}

func TestAppHidesItsSecret(t *testing.T) {
	t.Parallel()
	a := oneApp()[0]
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("app", slog.Any("app", a))
	for _, s := range []string{fmt.Sprint(a), fmt.Sprintf("%v %+v %#v %s", a, a, a, a), fmt.Sprintf("%+v", broker.Config{Apps: oneApp()}), log.String()} {
		if strings.Contains(s, appSecret) {
			t.Errorf("shown: %s", s)
		}
	}
}
