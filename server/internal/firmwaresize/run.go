package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/server/broker"
	"github.com/thimble-go/thimble/server/internal/bridge"
)

// The application, and what the firmware expects.
const (
	appKey    = "app-key"
	appSecret = "app-secret"
	room      = "presence-size"
	others    = 9                      // members besides the board
	pace      = 150 * time.Millisecond // between two events; ten in a second is the most
	patience  = 5 * time.Minute
)

// measure runs the firmware that measures itself and returns its figures.
func measure(dir string) (map[string]int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	address, stop, err := serve()
	if err != nil {
		return nil, err
	}
	defer stop()
	watcher, err := populate(ctx, address)
	if err != nil {
		return nil, err
	}

	image := filepath.Join(dir, "measured.elf")
	if _, err := build("measured", "riscv-qemu", image, "-ldflags=-X main.host="+address+" -X main.auth=http://"+address+"/pusher/auth"); err != nil {
		return nil, err
	}
	serial, err := free()
	if err != nil {
		return nil, err
	}
	emulator := exec.CommandContext(ctx, "qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-display", "none", "-monitor", "none",
		"-kernel", image, "-serial", "tcp:"+serial+",server=on,wait=on")
	if err := emulator.Start(); err != nil {
		return nil, err
	}
	defer func() {
		_ = emulator.Process.Kill()
		_ = emulator.Wait()
	}()

	var said printed
	b, err := bridge.New(bridge.Config{Allow: []string{address}, Notify: said.note})
	if err != nil {
		return nil, err
	}
	open := bridge.TCP(serial)
	var bridged sync.WaitGroup
	defer bridged.Wait()
	bridging, unbridge := context.WithCancel(ctx)
	defer unbridge()
	bridged.Go(func() {
		_ = b.Run(bridging, func(ctx context.Context) (io.ReadWriteCloser, error) { return open(ctx) })
	})
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the firmware did not come to an end; it printed:\n%s", said.text())
		case <-tick.C:
			if watcher.MemberCount() > others {
				_ = watcher.Trigger("client-measure", `{"led":true,"temperature":21.53}`)
			}
			if found, err := parseFigures(said.text()); err != nil || found != nil {
				return found, err
			}
		}
	}
}

// serve runs a broker with an authorization endpoint that lets everybody in.
func serve() (address string, stop func(), err error) {
	b, err := broker.New(broker.Config{Apps: []broker.App{{ID: "app-id", Key: appKey, Secret: appSecret, ClientEvents: true}}})
	if err != nil {
		return "", nil, err
	}
	auth, err := channelauth.NewHandler(channelauth.Config{
		Key: appKey, Secret: appSecret,
		Authorize: func(*http.Request, channelauth.Ask) (channelauth.Grant, error) {
			return channelauth.Grant{UserID: "board", UserInfo: map[string]string{"name": "Board"}}, nil
		},
	})
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/pusher/auth", auth)
	mux.Handle("/", b.Handler())
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().String(), func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = b.Shutdown(ctx)
		_ = server.Close()
	}, nil
}

// populate fills the room, and returns it as one of the members sees it.
func populate(ctx context.Context, address string) (*thimble.Channel, error) {
	var ch *thimble.Channel
	for n := range others {
		client, err := thimble.New(thimble.Config{
			Key: appKey, Host: address, Plaintext: true,
			Authorizer: thimble.DevelopmentSigner{Key: appKey, Secret: appSecret, UserID: "member-" + strconv.Itoa(n), UserInfo: `{"name":"Member"}`},
		})
		if err != nil {
			return nil, err
		}
		joined := make(chan struct{}, 1)
		ch = client.Channel(room)
		ch.Bind(thimble.EventSubscribed, func(thimble.Event) {
			select {
			case joined <- struct{}{}:
			default:
			}
		})
		ch.Subscribe()
		go func() { _ = client.Run(ctx) }()
		select {
		case <-joined:
		case <-ctx.Done():
			return nil, errors.New("the broker does not let the members in")
		}
	}
	return ch, nil
}

// free returns an address that nothing listens on.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// printed is what the firmware has printed.
type printed struct {
	mu  sync.Mutex
	all strings.Builder
}

func (p *printed) note(e bridge.Event) {
	if e.Kind == bridge.Text {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all.WriteString(e.Text)
	}
}

func (p *printed) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all.String()
}

// parseFigures reads lines "figure NAME VALUE"; nil before the one named done.
func parseFigures(text string) (map[string]int, error) {
	found := make(map[string]int)
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "figure ")
		if !ok || !strings.HasSuffix(line, "\n") {
			continue
		}
		name, value, _ := strings.Cut(rest, " ")
		if name == "failed" {
			return nil, errors.New("the firmware says: " + value)
		}
		n, err := strconv.Atoi(value)
		if err != nil {
			return nil, fmt.Errorf("the firmware printed %q", line)
		}
		found[name] = n
	}
	if _, done := found["done"]; !done {
		return nil, nil
	}
	return found, nil
}
