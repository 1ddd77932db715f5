package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thimble-go/thimble/server/internal/figures"
)

// plan is what is measured, and for how long.
type plan struct {
	rounds  int
	window  window
	idle    int
	interop string
	only    string
}

// contender is one of those who receive the same events.
type contender struct {
	name    string
	command func(address string) *exec.Cmd
	results []result // one for each round
}

// The contenders are in the order of the table; the first is the one that the
// others are compared with.
const (
	nameThimble = "Thimble"
	nameGorilla = "gorilla/websocket with encoding/json"
	namePusher  = "pusher-js"
	nameSkip    = "frames skipped in 64 KiB, nothing read: the limit"
)

func (p *plan) contenders() []*contender {
	window := []string{"-warm", p.window.warm.String(), "-span", p.window.span.String()}
	inGo := func(args ...string) func(string) *exec.Cmd {
		return func(address string) *exec.Cmd {
			return figures.Self(append(append([]string{"receive", "-address", address}, args...), window...)...)
		}
	}
	all := []*contender{
		{name: nameThimble, command: inGo("-as", "thimble")},
		{name: nameGorilla, command: inGo("-as", "gorilla")},
	}
	if script, err := p.script(); err != nil {
		fmt.Fprintln(os.Stderr, "SKIPPED: pusher-js as a contender:", err)
	} else {
		all = append(all, &contender{name: namePusher, command: func(address string) *exec.Cmd {
			return exec.Command("node", script, address, appKey, blastName, eventName,
				strconv.FormatInt(p.window.warm.Milliseconds(), 10), strconv.FormatInt(p.window.span.Milliseconds(), 10))
		}})
	}
	all = append(all, &contender{name: nameSkip, command: inGo("-as", "skip")})
	return slices.DeleteFunc(all, func(c *contender) bool { return !strings.Contains(c.name, p.only) })
}

// script finds what runs pusher-js.
func (p *plan) script() (string, error) {
	if _, err := exec.LookPath("node"); err != nil {
		return "", errors.New("there is no Node; install it with: apt-get install nodejs npm")
	}
	if _, err := os.Stat(filepath.Join(p.interop, "node_modules", "pusher-js")); err != nil {
		return "", errors.New("its package is not installed; make interop does that")
	}
	return filepath.Join(p.interop, "bench", "receive.js"), nil
}

// measured is all that was measured.
type measured struct {
	contenders []*contender
	idle       *idleResult
	sending    *result
	connecting []connection
}

// connects is how often the way to a private channel is measured.
const connects = 5

func (p *plan) measure() (*measured, error) {
	server, address, endpoint, err := startServer()
	if err != nil {
		return nil, err
	}
	defer server.stop()

	f := &measured{contenders: p.contenders()}
	for round := range p.rounds {
		for i := range f.contenders {
			c := f.contenders[(i+round)%len(f.contenders)]
			var r result
			if err := ask(c.command(address), &r); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			c.results = append(c.results, r)
			fmt.Fprintf(os.Stderr, "round %d: %8.0f events/s, %6.0f ns of CPU each: %s\n", round+1, r.rate(), r.cost()*1e9, c.name)
		}
	}
	if p.only != "" {
		return f, nil
	}
	f.sending = new(result)
	if err := ask(figures.Self("send", "-address", address), f.sending); err != nil {
		return nil, fmt.Errorf("sending: %w", err)
	}
	if p.idle > 0 {
		f.idle = new(idleResult)
		if err := ask(figures.Self("idle", "-address", address, "-clients", strconv.Itoa(p.idle)), f.idle); err != nil {
			return nil, fmt.Errorf("idle clients: %w", err)
		}
	}
	for range connects {
		c, err := connect(address, endpoint)
		if err != nil {
			return nil, fmt.Errorf("connecting: %w", err)
		}
		f.connecting = append(f.connecting, c)
	}
	return f, nil
}

// child is the server's process.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
}

// stop ends the process, which ends when its input does.
func (c *child) stop() {
	_ = c.stdin.Close()
	_ = c.cmd.Wait()
}

func startServer() (server *child, address, endpoint string, err error) {
	cmd := figures.Self("server")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, "", "", err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", "", err
	}
	server = &child{cmd, stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if _, scan := fmt.Sscan(line, &address, &endpoint); err != nil || scan != nil {
		server.stop()
		return nil, "", "", errors.New("the server did not say its addresses")
	}
	return server, address, endpoint, nil
}

// ask runs a command that prints one JSON value, which v gets.
func ask(cmd *exec.Cmd, v any) error {
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	stuck := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(out, v)
}
