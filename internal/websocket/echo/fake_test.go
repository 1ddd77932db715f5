package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thimble-go/thimble/internal/websocket"
)

// patience is only for tests that hang.
const patience = 120 * time.Second

// play does one case on a connection after the upgrade, and says what was
// wrong. masked is the fuzzing client's role. The echo's answers are read while
// it is written to.
func play(conn net.Conn, c testCase, masked bool) error {
	conn.SetDeadline(time.Now().Add(patience))
	var b []byte
	for _, f := range c.send {
		b = f.append(b, masked)
	}
	var writing sync.WaitGroup
	writing.Add(1)
	go func() {
		defer writing.Done()
		for len(b) > 0 {
			n := len(b)
			if c.chop > 0 {
				n = min(n, c.chop)
			}
			if _, err := conn.Write(b[:n]); err != nil {
				return // the reader sees what became of the connection
			}
			b = b[n:]
		}
	}()
	got, code, err := readAll(conn, !masked)
	writing.Wait()
	if err != nil {
		return fmt.Errorf("%w, after %q", err, got)
	}
	if !slices.Equal(got, c.want) || code != c.code {
		return fmt.Errorf("got %q and close %d, want %q and close %d", got, code, c.want, c.code)
	}
	if masked {
		// The server ends TCP (RFC 6455 7.1.1), without being answered.
		if n, err := conn.Read(make([]byte, 1)); n > 0 || err != io.EOF {
			return fmt.Errorf("behind the close frame: %d bytes, %v", n, err)
		}
	}
	return nil
}

// readAll reads frames to the close frame, whose code it returns.
func readAll(conn net.Conn, server bool) (got []string, code int, err error) {
	p := websocket.Parser{Server: server, MaxMessage: maxMessage}
	buf, end := make([]byte, 64<<10), 0
	for {
		n, err := conn.Read(buf[end:])
		if n == 0 && err != nil {
			return got, 0, fmt.Errorf("reading: %w", err)
		}
		end += n
		start := 0
		for {
			used, item, err := p.Next(buf[start:end])
			start += used
			if err != nil {
				return got, 0, fmt.Errorf("the echo broke the protocol: %w", err)
			}
			if item.Kind == websocket.None {
				break
			}
			if item.Opcode == websocket.Close {
				if start != end {
					return got, 0, fmt.Errorf("%d bytes behind the close frame", end-start)
				}
				return got, item.Code, nil
			}
			got = append(got, told(item.Opcode, item.Payload))
		}
		end = copy(buf, buf[start:end])
		if end == len(buf) {
			buf = append(buf, make([]byte, len(buf))...)
		}
	}
}

// fakeSuite is a small fuzzing server: it offers cases and notes how they went.
type fakeSuite struct {
	conns sync.WaitGroup // that are being served

	cases    []testCase
	count    string // what /getCaseCount answers; empty: the number of cases
	notFound int    // the case that is answered with 404, or 0

	mu      sync.Mutex
	results map[int]error
	agents  []string // of the cases and, last, of the report
	reports int
}

// start serves until the test ends, and returns the address.
func (s *fakeSuite) start(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.results = map[int]error{}
	var serving sync.WaitGroup
	serving.Add(1)
	go func() {
		defer serving.Done()
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Add(1)
			s.conns.Add(1)
			go func() {
				defer serving.Done()
				defer s.conns.Done()
				defer conn.Close()
				s.serve(conn)
			}()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return "ws://" + listener.Addr().String()
}

func (s *fakeSuite) serve(conn net.Conn) {
	conn.SetDeadline(time.Now().Add(patience))
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	query := r.URL.Query()
	number, _ := strconv.Atoi(query.Get("case"))
	if s.notFound > 0 && number == s.notFound {
		io.WriteString(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
		return
	}
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", websocket.Accept(r.Header.Get("Sec-WebSocket-Key")))
	normal := closeFrame(1000, "")
	switch r.URL.Path {
	case "/getCaseCount":
		count := s.count
		if count == "" {
			count = strconv.Itoa(len(s.cases))
		}
		conn.Write(normal.append(frame{first: text, payload: count}.append(nil, false), false))
		readAll(conn, true)
	case "/runCase":
		s.note(number, query.Get("agent"), play(conn, s.cases[number-1], false))
	case "/updateReports":
		conn.Write(normal.append(nil, false))
		if _, code, err := readAll(conn, true); err == nil && code == 1000 {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.reports++
			s.agents = append(s.agents, query.Get("agent"))
		}
	}
}

func (s *fakeSuite) note(number int, agent string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[number] = err
	s.agents = append(s.agents, agent)
}

// dialEcho upgrades a connection to an echo server.
func dialEcho(ctx context.Context, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+address+"\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	var head []byte
	for !strings.HasSuffix(string(head), "\r\n\r\n") {
		var b [1]byte
		if _, err := io.ReadFull(conn, b[:]); err != nil {
			conn.Close()
			return nil, fmt.Errorf("%w after %q", err, head)
		}
		head = append(head, b[0])
	}
	if !strings.HasPrefix(string(head), "HTTP/1.1 101 ") || !strings.Contains(string(head), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") {
		conn.Close()
		return nil, fmt.Errorf("answer %q", head)
	}
	return conn, nil
}
