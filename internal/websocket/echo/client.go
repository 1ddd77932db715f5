package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
)

// maxRefused is how many cases in a row may fail to reach the fuzzing server
// before the run ends: it is gone then.
const maxRefused = 5

// maxCases bounds the number of cases: the suite has a few hundred.
const maxCases = 100_000

// fuzzClient runs the cases of a fuzzing server. One goroutine uses it.
type fuzzClient struct {
	server *url.URL
	agent  string // the name in the fuzzing server's report
	out    io.Writer
}

// errDial marks that there was no TCP connection.
var errDial = errors.New("cannot connect")

// parseServer reads the address of a fuzzing server.
func parseServer(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q is no address of a fuzzing server: give one like ws://127.0.0.1:9001", text)
	case u.Scheme != "ws":
		return nil, fmt.Errorf("%q: only ws:// is spoken here; give an address like ws://127.0.0.1:9001", text)
	}
	return u, nil
}

// run asks how many cases there are, runs each, and has the report written.
// What a case shows stands in that report; a case that could not be run is an
// error, but does not keep the others from running.
func (f *fuzzClient) run(ctx context.Context) error {
	count, err := f.caseCount(ctx)
	if ctx.Err() != nil {
		return errors.New("interrupted before the first case")
	}
	if err != nil {
		return err
	}
	agent := "agent=" + url.QueryEscape(f.agent)
	failed, refused := 0, 0
	for n := 1; n <= count; n++ {
		end, err := f.visit(ctx, "/runCase", fmt.Sprintf("case=%d&%s", n, agent), nil)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted at case %d of %d; no report was asked for", n, count)
		}
		if err == nil {
			refused = 0
			fmt.Fprintf(f.out, "case %d of %d: %v\n", n, count, end)
			continue
		}
		failed++
		fmt.Fprintf(f.out, "case %d of %d: NOT RUN TO ITS END: %v\n", n, count, err)
		if refused++; !errors.Is(err, errDial) {
			refused = 0
		} else if refused == maxRefused {
			return fmt.Errorf("the fuzzing server at %s is gone: start it again, and this program", f.server.Host)
		}
	}
	_, err = f.visit(ctx, "/updateReports", agent, nil)
	if ctx.Err() != nil {
		return errors.New("interrupted while the report was written")
	}
	if err != nil {
		return fmt.Errorf("the cases have run, but the report was not written: %w", err)
	}
	fmt.Fprintf(f.out, "%d cases have run; the fuzzing server's report for agent %q says how they went\n", count-failed, f.agent)
	if failed > 0 {
		return fmt.Errorf("%d of %d cases did not run to their end: see the lines above", failed, count)
	}
	return nil
}

func (f *fuzzClient) caseCount(ctx context.Context) (int, error) {
	text := "nothing"
	_, err := f.visit(ctx, "/getCaseCount", "", func(_ websocket.Opcode, payload []byte) {
		text = strconv.Quote(string(payload[:min(len(payload), 40)]))
	})
	if err != nil {
		return 0, fmt.Errorf("asking for the number of cases: %w", err)
	}
	unquoted, _ := strconv.Unquote(text)
	count, err := strconv.Atoi(unquoted)
	if err != nil || count < 1 || count > maxCases {
		return 0, fmt.Errorf("asking for the number of cases: %s answered %s, which is no number of cases; is it a fuzzing server?", f.server.Host, text)
	}
	return count, nil
}

// visit opens one connection and stays until it has ended. message gets each
// message; nil echoes them.
func (f *fuzzClient) visit(ctx context.Context, path, query string, message func(websocket.Opcode, []byte)) (ending, error) {
	host := f.server.Host
	if f.server.Port() == "" {
		host = net.JoinHostPort(f.server.Hostname(), "80")
	}
	dialer := net.Dialer{Timeout: handshakeTime}
	conn, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return ending{}, fmt.Errorf("%w: %v; is the fuzzing server running?", errDial, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	target := strings.TrimSuffix(f.server.EscapedPath(), "/") + path
	if query != "" {
		target += "?" + query
	}
	received, err := upgrade(conn, f.server.Host, target)
	if err != nil {
		return ending{}, fmt.Errorf("upgrading %s: %w", target, err)
	}
	l := newLink(conn, false, received)
	if message != nil {
		l.message = message
	}
	return l.run()
}

// upgrade makes a WebSocket of conn, and returns what has arrived behind the
// answer.
func upgrade(conn net.Conn, host, target string) (received []byte, err error) {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	key := websocket.NewKey(random)
	request, err := websocket.AppendRequest(nil, host, target, key)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(handshakeTime))
	defer conn.SetDeadline(time.Time{})
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	b := make([]byte, 0, readSize) // longer than any head that is accepted
	for {
		n, err := conn.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if used, bad := websocket.ParseResponse(b, key); bad != nil || used > 0 {
			return b[used:], bad
		}
		if err != nil {
			return nil, err
		}
	}
}
