package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/thimble-go/thimble/server/internal/apiclient"
	"github.com/thimble-go/thimble/server/internal/figures"
)

// contender is one of those who are measured.
type contender struct {
	name    string
	dialect dialect
	command func(address string) *exec.Cmd
	publish func(address string) publisher
	metrics string // address, if there are such
	rounds  []round
}

// publisher sends one event to everybody in the room, and returns when it is
// taken.
type publisher func(data string) error

const (
	nameThimble    = "Thimble"
	nameCentrifugo = "Centrifugo"
	nameGorilla    = "the usual hub on gorilla/websocket"
	nameLoop       = "a bare epoll loop in Go, a write for each delivery"
)

// centrifugoModule is built for the measurement.
const (
	centrifugoModule  = "github.com/centrifugal/centrifugo/v6"
	centrifugoVersion = "v6.9.1"
)

// contenders are in the order of the tables; the first is the one that the
// others are compared with.
func (p *plan) contenders() ([]*contender, error) {
	tool, err := p.build("thimble", "build", "./server/cmd/thimble")
	if err != nil {
		return nil, err
	}
	settings := filepath.Join(p.dir, "thimble.toml")
	if err := os.WriteFile(settings, []byte(fmt.Sprintf("[[apps]]\nid = %q\nkey = %q\nsecret = %q\n", appID, appKey, appSecret)), 0o600); err != nil {
		return nil, err
	}
	metrics, err := freeAddress() // one broker runs at a time
	if err != nil {
		return nil, err
	}
	self := func(role string) func(string) *exec.Cmd {
		return func(address string) *exec.Cmd { return figures.Self(role, "-address", address) }
	}
	all := []*contender{{
		name: nameThimble, dialect: pusherDialect(), publish: pusherPublisher,
		metrics: metrics,
		command: func(address string) *exec.Cmd {
			return exec.Command(tool, "serve", "--config", settings, "--addr", address, "--metrics", metrics)
		},
	}}
	if strings.Contains(nameCentrifugo, p.only) {
		if c, err := p.centrifugo(); err != nil {
			fmt.Fprintln(os.Stderr, "SKIPPED: Centrifugo as a contender:", err)
		} else {
			all = append(all, c)
		}
	}
	all = append(all,
		&contender{name: nameGorilla, dialect: pusherDialect(), publish: plainPublisher, command: self("hub")},
		&contender{name: nameLoop, dialect: pusherDialect(), publish: plainPublisher, command: self("loop")},
	)
	all = slices.DeleteFunc(all, func(c *contender) bool { return !strings.Contains(c.name, p.only) })
	if len(all) == 0 {
		return nil, fmt.Errorf("no contender has %q in its name", p.only)
	}
	return all, nil
}

// build runs the go command so that a program is in the directory of the plan.
func (p *plan) build(name string, args ...string) (path string, err error) {
	path = filepath.Join(p.dir, name)
	ctx, cancel := context.WithTimeout(context.Background(), buildTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append([]string{args[0], "-o", path}, args[1:]...)...)
	if args[0] == "install" {
		cmd = exec.CommandContext(ctx, "go", args...)
		cmd.Env = append(os.Environ(), "GOBIN="+p.dir, "GOFLAGS=-mod=mod")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		last := strings.Split(strings.TrimSpace(string(out)), "\n")
		return "", fmt.Errorf("it cannot be built: %s", last[len(last)-1])
	}
	return path, nil
}

// buildTime bounds that: Centrifugo has five hundred packages.
const buildTime = 6 * time.Minute

// centrifugo has its own protocol.
func (p *plan) centrifugo() (*contender, error) {
	path := p.centrifugoPath
	if path == "" {
		var err error
		if path, err = p.build("centrifugo", "install", centrifugoModule+"@"+centrifugoVersion); err != nil {
			return nil, err
		}
	}
	config := filepath.Join(p.dir, "centrifugo.json")
	const settings = `{
	"client": {"insecure": true, "allowed_origins": ["*"]},
	"channel": {"without_namespace": {"allow_subscribe_for_client": true, "allow_subscribe_for_anonymous": true}},
	"http_api": {"insecure": true},
	"log": {"level": "error"}
}`
	if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
		return nil, err
	}
	return &contender{
		name: nameCentrifugo, dialect: centrifugoDialect(), publish: centrifugoPublisher,
		command: func(address string) *exec.Cmd {
			host, port, _ := strings.Cut(address, ":")
			return exec.Command(path, "--config", config, "--http_server.address", host, "--http_server.port", port)
		},
	}, nil
}

// timeout bounds a request.
const timeout = 30 * time.Second

func pusherPublisher(address string) publisher {
	api := &apiclient.Client{BaseURL: "http://" + address, AppID: appID, Key: appKey, Secret: appSecret, HTTP: httpClient()}
	return func(data string) error {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		_, err := api.Trigger(ctx, apiclient.Event{Name: eventName, Channels: []string{room}, Data: data})
		return err
	}
}

func centrifugoPublisher(address string) publisher {
	client := httpClient()
	return func(data string) error {
		return post(client, "http://"+address+"/api/publish", fmt.Sprintf(`{"channel":%q,"data":%q}`, room, data))
	}
}

func plainPublisher(address string) publisher {
	client := httpClient()
	return func(data string) error { return post(client, "http://"+address+"/publish", data) }
}

func httpClient() *http.Client {
	return &http.Client{Timeout: timeout, Transport: &http.Transport{MaxIdleConnsPerHost: publishers}}
}

func post(client *http.Client, url, body string) error {
	response, err := client.Post(url, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || strings.Contains(answer.String(), `"error"`) {
		return errors.New(response.Status + ": " + answer.String())
	}
	return nil
}
