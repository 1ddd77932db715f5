package thimble_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/thimble-go/thimble"
)

// counted is an endpoint that counts its connections.
func counted(t testing.TB, handler http.HandlerFunc) (*httptest.Server, *atomic.Int32) {
	var n atomic.Int32
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server, &n
}

// scripted is an endpoint of which each connection is a step of the test; done
// is closed behind the last.
func scripted(t *testing.T, steps ...func(in *bufio.Reader, conn net.Conn)) (f *fake, done <-chan struct{}) {
	f = newFake(t)
	served, stop := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go func() {
		defer close(served)
		for _, step := range steps {
			select {
			case conn := <-f.conns:
				step(bufio.NewReader(conn), conn)
				conn.Close()
			case <-stop:
				return
			}
		}
	}()
	return f, served
}

// asked reads one request.
func asked(in *bufio.Reader) error {
	r, err := http.ReadRequest(in)
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	return err
}

const granted = "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n" + `{"auth":"key:sig"}`

// TestEndpointStale closes the connection behind each answer without a word:
// the next question is put again on a fresh one.
func TestEndpointStale(t *testing.T) {
	t.Parallel()
	once := func(in *bufio.Reader, conn net.Conn) {
		if err := asked(in); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(conn, granted)
	}
	f, done := scripted(t, once, once, once)
	ctx, end := thimble.KeepConnection(context.Background())
	defer end()
	for range 3 {
		if token, err := (thimble.Endpoint{URL: "http://" + f.host()}).Authorize(ctx, request); err != nil || token.Auth != "key:sig" {
			t.Errorf("got %v, %v", token, err)
		}
	}
	waitFor(t, "the last connection", done)
}

// TestEndpointAsksOnce checks that a question that has got part of an answer is
// not put again by itself, on a connection that was kept or on a fresh one.
func TestEndpointAsksOnce(t *testing.T) {
	t.Parallel()
	for _, before := range []int{0, 1} {
		f, done := scripted(t, func(in *bufio.Reader, conn net.Conn) {
			for range before {
				_ = asked(in)
				_, _ = io.WriteString(conn, granted)
			}
			_ = asked(in)
			_, _ = io.WriteString(conn, granted[:30])
		})
		e := thimble.Endpoint{URL: "http://" + f.host()}
		ctx, end := thimble.KeepConnection(context.Background())
		defer end()
		for range before {
			if _, err := e.Authorize(ctx, request); err != nil {
				t.Error(err)
			}
		}
		_, err := e.Authorize(ctx, request)
		var auth *thimble.AuthError
		if !errors.As(err, &auth) || auth.Permanent {
			t.Errorf("got %v", err)
		}
		waitFor(t, "the connection", done)
		if n := len(f.conns); n != 0 {
			t.Errorf("%d more connections", n)
		}
	}
}

// TestEndpointReuse asks again and again over one connection, whatever the
// answers are.
func TestEndpointReuse(t *testing.T) {
	t.Parallel()
	page := strings.Repeat("<p>sorry</p>", 4000)
	var asked atomic.Int32
	server, conns := counted(t, func(w http.ResponseWriter, r *http.Request) {
		switch n := asked.Add(1); n % 4 {
		case 1:
			_, _ = io.WriteString(w, `{"auth":"key:sig"}`)
		case 2: // chunked
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, page)
		case 3:
			w.Header().Set("Content-Length", fmt.Sprint(len(page)))
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, page)
		case 0:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	e := thimble.Endpoint{URL: server.URL}
	ctx, end := thimble.KeepConnection(context.Background())
	defer end()
	for i := range 20 {
		_, err := e.Authorize(ctx, request)
		if (err == nil) != (i%4 == 0) {
			t.Errorf("question %d: %v", i, err)
		}
	}
	if n := conns.Load(); n != 1 || asked.Load() != 20 {
		t.Errorf("%d questions over %d connections", asked.Load(), n)
	}
}

// TestEndpointSaysClose has an endpoint that wants a connection for each answer.
func TestEndpointSaysClose(t *testing.T) {
	t.Parallel()
	server, conns := counted(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.WriteString(w, `{"auth":"key:sig"}`)
	})
	ctx, end := thimble.KeepConnection(context.Background())
	defer end()
	for range 3 {
		if _, err := (thimble.Endpoint{URL: server.URL}).Authorize(ctx, request); err != nil {
			t.Error(err)
		}
	}
	if n := conns.Load(); n != 3 {
		t.Errorf("%d connections", n)
	}
}
