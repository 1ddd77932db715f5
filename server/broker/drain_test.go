package broker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/broker"
)

// stop shuts a Broker down in the background.
func stop(t *testing.T, b *broker.Broker) <-chan error {
	t.Helper()
	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		stopped <- b.Shutdown(ctx)
	}()
	return stopped
}

// TestDrain publishes while a Broker with many clients shuts down: each of them
// gets, up to its close and without a gap, what is published before it.
func TestDrain(t *testing.T) {
	t.Parallel()
	for _, code := range []int{4100, 4200} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			const clients = 60
			b, address := serve(t, broker.Config{Drain: 600 * time.Millisecond, DrainCode: code})
			var group []*raw
			for range clients {
				c := connect(t, address)
				c.subscribe("room")
				group = append(group, c)
			}

			// published is the number of the last event of which the publisher
			// knows that it was taken.
			var published atomic.Int64
			var publishing sync.WaitGroup
			publishing.Go(func() {
				for n := int64(1); ; n++ {
					err := b.Publish(t.Context(), appID, broker.Event{Name: "n", Channels: []string{"room"}, Data: strconv.FormatInt(n, 10)})
					if err != nil {
						if !errors.Is(err, broker.ErrClosed) {
							t.Errorf("Publish: %v", err)
						}
						return
					}
					published.Store(n)
					time.Sleep(time.Millisecond) // those who close need a processor, too
				}
			})
			eventually(t, "events are published", func() bool { return published.Load() > 10 })
			stopped := stop(t, b)

			var last [clients]int64
			var reading sync.WaitGroup
			for i, c := range group {
				reading.Go(func() {
					for {
						item, err := c.next()
						if err != nil {
							t.Errorf("client %d: %v after %d events", i, err, last[i])
							return
						}
						if item.Opcode == websocket.Close {
							if item.Code != code {
								t.Errorf("client %d: closed with %d", i, item.Code)
							}
							c.conn.Write(websocket.AppendClose(nil, item.Code, "", testMask))
							return
						}
						var m struct{ Data string }
						if err := json.Unmarshal(item.Payload, &m); err != nil || m.Data != strconv.FormatInt(last[i]+1, 10) {
							t.Errorf("client %d: %s after event %d", i, item.Payload, last[i])
							return
						}
						last[i]++
					}
				})
			}
			reading.Wait()
			if err := <-stopped; err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			publishing.Wait()
			first, final := last[0], last[0]
			for _, n := range last {
				first, final = min(first, n), max(final, n)
			}
			if first == final {
				t.Errorf("all were closed at once, after %d events", first)
			}
		})
	}
}

// While connections are closed nobody new is taken, and everybody who asks is
// told why.
func TestDrainRefuses(t *testing.T) {
	t.Parallel()
	b, err := broker.New(broker.Config{Apps: oneApp(), Drain: time.Minute, DrainCode: 4200})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.Handler()) // which goes on accepting, unlike Serve
	defer server.Close()
	address := server.Listener.Addr().String()
	connect(t, address) // the drain waits for it
	connect(t, address)
	if status, text := ask(t, server.URL+"/readyz"); status != 200 {
		t.Fatalf("status %d: %s", status, text)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- b.Shutdown(ctx) }()
	eventually(t, "it is not ready", func() bool { status, _ := ask(t, server.URL+"/readyz"); return status == 503 })
	if _, text := ask(t, server.URL+"/readyz"); !strings.Contains(text, "shut down") {
		t.Errorf("readyz says %q", text)
	}
	if status, _ := ask(t, server.URL+"/healthz"); status != 200 {
		t.Errorf("healthz: status %d", status)
	}
	dial(t, address, "/app/app-key?protocol=7").refused(4100) // and not 4200: there would be no end of it
	shows(t, b, `thimble_connections_refused_total{reason="shutdown"} 1`, "thimble_ready 0")
	cancel()
	if err := <-stopped; !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
}

// ask makes a GET request.
func ask(t testing.TB, url string) (status int, body string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestReady(t *testing.T) {
	t.Parallel()
	var objection atomic.Pointer[error]
	b, address := serve(t, broker.Config{MaxConnections: 40, Ready: func() error {
		if err := objection.Load(); err != nil {
			return *err
		}
		return nil
	}})
	ready := func(status int, says string) {
		t.Helper()
		if got, text := ask(t, "http://"+address+"/readyz"); got != status || !strings.Contains(text, says) {
			t.Errorf("status %d: %s", got, text)
		}
	}
	ready(200, "ready")
	bus := fmt.Errorf("the bus is gone")
	objection.Store(&bus)
	ready(503, "the bus is gone")
	objection.Store(nil)
	for range 38 {
		connect(t, address)
	}
	ready(503, "38 of 40 connections")
	shows(t, b, "thimble_ready 0", "thimble_connections_max 40")
}

// A connection waits for its turn when they come too fast, and none is lost.
func TestAcceptRate(t *testing.T) {
	t.Parallel()
	_, address := serve(t, broker.Config{AcceptRate: 50})
	start := time.Now()
	var waiting sync.WaitGroup
	for range 20 {
		waiting.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			c := upgrade(t, conn, "/app/app-key?protocol=7", nil)
			c.welcome()
		})
	}
	waiting.Wait()
	// The first five come at once, and the sixth, for whom the broker waited
	// before the clock began. No machine is so slow that it could be less.
	if took := time.Since(start); took < 14*time.Second/50 {
		t.Errorf("took %v", took)
	}
}
