package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// process is a contender that runs.
type process struct {
	contender *contender
	cmd       *exec.Cmd
	stdin     io.Closer
	address   string
	output    bytes.Buffer
}

// start runs a contender on a port of its own, until it accepts connections.
func start(c *contender) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := &process{contender: c, cmd: c.command(address), address: address}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return p, nil
		}
		if time.Now().After(deadline) {
			p.stop()
			return nil, fmt.Errorf("%s does not listen: %w\n%s", c.name, err, p.output.String())
		}
	}
}

// stop ends it, without ceremony.
func (p *process) stop() {
	p.stdin.Close()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// resident is the memory of the process, in bytes.
func (p *process) resident() float64 {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return float64(pages * os.Getpagesize())
}

// cpu is the time that the threads of the process have run, user and system.
func (p *process) cpu() time.Duration {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	var sum time.Duration
	for _, thread := range threads {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", p.cmd.Process.Pid, thread.Name()))
		if err != nil {
			continue // it has ended; Go keeps its threads
		}
		nanoseconds, _, _ := strings.Cut(string(stat), " ")
		n, _ := strconv.ParseInt(nanoseconds, 10, 64)
		sum += time.Duration(n)
	}
	return sum
}

// counts are some of the broker's metrics.
type counts struct{ connected, waiting, slow int }

func (p *process) counts() (c counts, err error) {
	response, err := http.Get("http://" + p.contender.metrics + "/metrics")
	if err != nil {
		return c, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return c, errors.Join(err, errors.New(response.Status))
	}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		value, err := strconv.ParseFloat(rest, 64)
		if err != nil {
			continue // a comment
		}
		switch name, _, _ := strings.Cut(name, "{"); name {
		case "soketi_connected":
			c.connected = int(value)
		case "thimble_queue_bytes":
			c.waiting = int(value)
		case "thimble_slow_readers_total":
			c.slow = int(value)
		}
	}
	return c, nil
}

// kernelTCP is the memory of all TCP connections of this machine in the kernel,
// in bytes.
func kernelTCP() float64 {
	text, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return 0
	}
	_, line, _ := strings.Cut(string(text), "\nTCP: ")
	line, _, _ = strings.Cut(line, "\n")
	_, pages, _ := strings.Cut(line, " mem ")
	n, _ := strconv.Atoi(pages)
	return float64(n * os.Getpagesize())
}
