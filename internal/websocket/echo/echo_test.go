package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/thimble-go/thimble/internal/websocket"
)

// startEcho runs the echo server until the test ends.
func startEcho(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- listen(ctx, listener, io.Discard) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func TestServerRole(t *testing.T) {
	t.Parallel()
	address := startEcho(t)
	t.Run("cases", func(t *testing.T) { // ends before the server
		for _, c := range allCases() {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				conn, err := dialEcho(context.Background(), address)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if err := play(conn, c, true); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

func TestClientRole(t *testing.T) {
	t.Parallel()
	suite := &fakeSuite{cases: allCases()}
	var out bytes.Buffer
	err := run(context.Background(), []string{"-fuzz", suite.start(t), "-agent", "a b&c"}, &out, io.Discard)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	suite.conns.Wait() // the suite learns later than the client that a case has ended
	suite.mu.Lock()
	defer suite.mu.Unlock()
	for i, c := range suite.cases {
		if err, ran := suite.results[i+1]; !ran || err != nil {
			t.Errorf("%s: ran: %v, %v", c.name, ran, err)
		}
		if !strings.Contains(out.String(), fmt.Sprintf("case %d of %d: ", i+1, len(suite.cases))) {
			t.Errorf("no line tells about case %d", i+1)
		}
	}
	if suite.reports != 1 {
		t.Errorf("%d reports were asked for", suite.reports)
	}
	for _, agent := range suite.agents {
		if agent != "a b&c" {
			t.Errorf("agent %q", agent)
		}
	}
}

// One case that cannot be run does not end the run, but makes it fail.
func TestRunGoesOn(t *testing.T) {
	t.Parallel()
	suite := &fakeSuite{cases: allCases()[:3], notFound: 2}
	var out bytes.Buffer
	err := run(context.Background(), []string{"-fuzz", suite.start(t)}, &out, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "1 of 3 cases") || !strings.Contains(out.String(), "case 2 of 3: NOT RUN") || !strings.Contains(out.String(), "404") {
		t.Errorf("%v\n%s", err, &out)
	}
	suite.conns.Wait()
	suite.mu.Lock()
	defer suite.mu.Unlock()
	if _, ran := suite.results[3]; !ran || suite.reports != 1 {
		t.Errorf("the third case ran: %v, reports: %d", ran, suite.reports)
	}
}

// One role against the other: the loop that echoes does not depend on it.
func TestRolesWithEachOther(t *testing.T) {
	t.Parallel()
	conn, err := dialEcho(context.Background(), startEcho(t))
	if err != nil {
		t.Fatal(err)
	}
	l := newLink(conn, false, nil)
	var got []string
	l.message = func(op websocket.Opcode, payload []byte) {
		got = append(got, told(op, payload))
		l.out = websocket.AppendClose(l.out, 4321, "", l.mask())
	}
	l.echo(websocket.Text, []byte("é")) // or neither would begin
	end, err := l.run()
	if err != nil || end.String() != "closed by the peer with code 4321" || len(got) != 1 || got[0] != `text "é"` {
		t.Errorf("%q, %v, %v", got, end, err)
	}
}

// Ctrl-C ends the run at once, though the server keeps the connection open.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-fuzz", "ws://" + listener.Addr().String()}, io.Discard, io.Discard)
	}()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("%v", err)
	}
}

func TestCaseCount(t *testing.T) {
	t.Parallel()
	for _, count := range []string{"0", "-1", "many", "1e3", "99999999999999999999", strings.Repeat("9", 1000)} {
		suite := &fakeSuite{count: count}
		err := run(context.Background(), []string{"-fuzz", suite.start(t)}, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "is it a fuzzing server?") || len(err.Error()) > 300 {
			t.Errorf("count %.20q: %v", count, err)
		}
	}
}

// A fuzzing server that is gone ends the run.
func TestServerGone(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var once sync.WaitGroup
	once.Add(1)
	go func() {
		defer once.Done()
		conn, err := listener.Accept()
		listener.Close()
		if err == nil {
			defer conn.Close()
			(&fakeSuite{count: "300"}).serve(conn)
		}
	}()
	var out bytes.Buffer
	err = run(context.Background(), []string{"-fuzz", "ws://" + listener.Addr().String()}, &out, io.Discard)
	once.Wait()
	if err == nil || !strings.Contains(err.Error(), "is gone") || strings.Count(out.String(), "NOT RUN") != maxRefused {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestUpgradeRefused(t *testing.T) {
	t.Parallel()
	address := startEcho(t)
	good := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	for _, tt := range []struct {
		name, method, field, value string
		want                       int
	}{
		{"no upgrade", "GET", "Upgrade", "", 426},
		{"another protocol", "GET", "Upgrade", "h2c", 426},
		{"no Connection", "GET", "Connection", "keep-alive", 426},
		{"another version", "GET", "Sec-Websocket-Version", "8", 426},
		{"no key", "GET", "Sec-Websocket-Key", "", 400},
		{"bad key", "GET", "Sec-Websocket-Key", "short", 400},
		{"another method", "POST", "Upgrade", "websocket", 400},
	} {
		r, err := http.NewRequestWithContext(context.Background(), tt.method, "http://"+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = good.Clone()
		r.Header.Set(tt.field, tt.value)
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, answer.StatusCode, tt.want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		want error
		say  string
	}{
		{"-h", flag.ErrHelp, ""},
		{"", errUsage, "either -listen or -fuzz"},
		{"-listen 127.0.0.1:0 -fuzz ws://127.0.0.1:1", errUsage, "either -listen or -fuzz"},
		{"-listen 127.0.0.1:0 more", errUsage, `"more"`},
		{"-nothing", errUsage, "-nothing"},
		{"-fuzz ws://127.0.0.1:1 -agent=", errUsage, "-agent"},
		{"-fuzz 127.0.0.1:9001", errUsage, "ws://127.0.0.1:9001"},
		{"-fuzz wss://127.0.0.1:9001", errUsage, "only ws://"},
		{"-fuzz ws://", errUsage, "ws://127.0.0.1:9001"},
		{"-fuzz ws://127.0.0.1:1", errDial, "is the fuzzing server running?"},
		{"-listen 127.0.0.1:http:x", nil, "-listen: "},
	} {
		var stderr bytes.Buffer
		err := run(context.Background(), strings.Fields(tt.args), io.Discard, &stderr)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.say) {
			t.Errorf("%s: %v", tt.args, err)
		}
		if help := strings.Contains(stderr.String(), "-agent name"); help != (tt.want == flag.ErrHelp) {
			t.Errorf("%s: help %v: %s", tt.args, help, &stderr)
		}
	}
}
