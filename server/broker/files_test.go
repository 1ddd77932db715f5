//go:build unix

package broker_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/thimble-go/thimble/server/broker"
)

// childEnv has the test binary run a broker instead of tests.
const childEnv = "THIMBLE_BROKER_CHILD"

func init() { children[childEnv] = child }

// child serves until its input ends. It tells the address, then answers each
// line: "eat" leaves no file descriptor, "spit" gives them back.
func child() int {
	b, err := broker.New(broker.Config{Apps: oneApp(), Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	go b.Serve(l)
	fmt.Println(l.Addr())
	var eaten []*os.File
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		switch input.Text() {
		case "eat":
			for {
				f, err := os.Open(os.DevNull)
				if err != nil {
					break
				}
				eaten = append(eaten, f)
			}
		case "spit":
			for _, f := range eaten {
				f.Close()
			}
			eaten = nil
		}
		fmt.Println("done")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	b.Shutdown(ctx)
	return 0
}

// broker in a process of its own, with a limit of open files.
type process struct {
	t       *testing.T
	address string
	input   io.WriteCloser
	output  *bufio.Scanner
	log     safeBuffer
}

func start(t *testing.T, soft, hard int) *process {
	t.Helper()
	p := &process{t: t}
	command := exec.CommandContext(t.Context(), "sh", "-c", fmt.Sprintf("ulimit -S -n %d; ulimit -H -n %d; exec %s", soft, hard, os.Args[0]))
	command.Env = append(os.Environ(), childEnv+"=1")
	command.Stderr = &p.log
	p.input, _ = command.StdinPipe()
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p.output = bufio.NewScanner(out)
	t.Cleanup(func() {
		p.input.Close()
		command.Wait()
	})
	p.address = p.line()
	return p
}

func (p *process) line() string {
	p.t.Helper()
	if !p.output.Scan() {
		p.t.Fatalf("the process has ended: %s", p.log.String())
	}
	return p.output.Text()
}

func (p *process) tell(order string) {
	p.t.Helper()
	fmt.Fprintln(p.input, order)
	p.line()
}

// TestFileLimit fills a broker up: the limit that counts is the hard one, one
// more than fits is told so with 4100, and nobody else is hurt.
func TestFileLimit(t *testing.T) {
	t.Parallel()
	p := start(t, 70, 101)                                // of which Go leaves one
	eventually(t, "the log says what fits", func() bool { // it comes by another pipe than the address
		text := p.log.String()
		return strings.Contains(text, "open_files=100") && strings.Contains(text, "max_connections=68")
	})
	var all []*raw
	for range 68 {
		all = append(all, connect(t, p.address))
	}
	for range 10 {
		dial(t, p.address, "/app/app-key?protocol=7").refused(4100)
	}
	// Those who say nothing take no more than is spared for them, and then are
	// closed unheard.
	for range 60 {
		conn, err := net.Dial("tcp", p.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	for _, c := range all {
		c.alive()
	}
	eventually(t, "the log says that files are taken", func() bool { return strings.Contains(p.log.String(), "nearly all open files are taken") })
	if text := p.log.String(); strings.Contains(text, "too many open files") {
		t.Errorf("the log says %s", text)
	}
	for _, c := range all[:34] {
		c.conn.Close()
	}
	eventually(t, "somebody else finds a place", func() bool {
		conn, err := net.Dial("tcp", p.address)
		if err != nil {
			return false
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		fmt.Fprintf(conn, "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		answer, _ := io.ReadAll(conn)
		return strings.HasPrefix(string(answer), "HTTP/1.1 200")
	})
	connect(t, p.address).alive()
}

// TestNoFileLeft has something else take all files: accepting fails, which is
// in the log with what to do, connections that are open go on, and all is well
// as soon as there are files again.
func TestNoFileLeft(t *testing.T) {
	t.Parallel()
	p := start(t, 100, 100)
	c := connect(t, p.address)
	p.tell("eat")
	conn, err := net.Dial("tcp", p.address) // the kernel takes it
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is in the log", func() bool { return strings.Contains(p.log.String(), "too many open files") })
	if text := p.log.String(); !strings.Contains(text, "raise the limit (ulimit -n, LimitNOFILE)") || strings.Count(text, "too many open files") > 1 {
		t.Errorf("the log says %s", text)
	}
	c.alive()
	p.tell("spit")
	late := upgrade(t, conn, "/app/app-key?protocol=7", nil)
	late.welcome()
	late.alive()
}

// TestNoFileLeftForARequest: what is taken already and turns out to be a request
// takes a file of its own for a moment, with event loops. Without one the client
// hears nothing, but the log does.
func TestNoFileLeftForARequest(t *testing.T) {
	t.Parallel()
	p := start(t, 100, 100)
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	connect(t, p.address).alive() // so the one before has been taken too
	p.tell("eat")
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(patience))
	if answer, _ := io.ReadAll(conn); len(answer) > 0 {
		if !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") {
			t.Errorf("answered %q", answer)
		}
		return
	}
	eventually(t, "it is in the log", func() bool { return strings.Contains(p.log.String(), "raise the limit (ulimit -n, LimitNOFILE)") })
}
