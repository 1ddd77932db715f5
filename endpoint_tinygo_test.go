//go:build tinygo

package thimble_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/thimble-go/thimble"
)

// TestBoardKeepsConnection authorizes many channels, one after the other: over
// one connection, which is closed when none waits.
func TestBoardKeepsConnection(t *testing.T) {
	t.Parallel()
	const channels = 10
	ended := make(chan error, 1)
	endpoint, _ := scripted(t, func(in *bufio.Reader, conn net.Conn) {
		for range channels {
			if err := asked(in); err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(conn, granted)
		}
		_, err := in.ReadByte()
		ended <- err
	})
	f := newFake(t)
	cfg := f.config()
	cfg.Authorizer = thimble.Endpoint{URL: "http://" + endpoint.host()}
	client := newClient(t, cfg)
	for i := range channels {
		client.Subscribe(fmt.Sprint("private-", i))
	}
	run(t, client)
	f.accept("1.1").subscriptions(channels)
	if err := waitFor(t, "the end of the connection", ended); err != io.EOF {
		t.Errorf("it ends with %v", err)
	}
}

// TestBoardAlone checks that who asks without a client leaves no connection
// behind, and says so.
func TestBoardAlone(t *testing.T) {
	t.Parallel()
	f, done := scripted(t, func(in *bufio.Reader, conn net.Conn) {
		r, err := http.ReadRequest(in)
		if err != nil || !r.Close {
			t.Errorf("%v, %+v", err, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(conn, granted)
		if _, err := in.ReadByte(); err != io.EOF {
			t.Errorf("it ends with %v", err)
		}
	})
	if _, err := (thimble.Endpoint{URL: "http://" + f.host()}).Authorize(context.Background(), request); err != nil {
		t.Error(err)
	}
	waitFor(t, "the end", done)
}

// TestBoardTwoEndpoints asks two in turn: there is one connection at a time.
func TestBoardTwoEndpoints(t *testing.T) {
	t.Parallel()
	step := func(in *bufio.Reader, conn net.Conn) {
		_ = asked(in)
		_, _ = io.WriteString(conn, granted)
		if _, err := in.ReadByte(); err != io.EOF {
			t.Errorf("it ends with %v", err)
		}
	}
	one, oneDone := scripted(t, step, step)
	two, twoDone := scripted(t, step)
	ctx, end := thimble.KeepConnection(context.Background())
	for _, f := range []*fake{one, two, one} {
		if _, err := (thimble.Endpoint{URL: "http://" + f.host()}).Authorize(ctx, request); err != nil {
			t.Error(err)
		}
	}
	end()
	waitFor(t, "the first", oneDone)
	waitFor(t, "the second", twoDone)
}

// TestBoardUncleanAnswer has more behind an answer than belongs to it: such a
// connection is not trusted with another question.
func TestBoardUncleanAnswer(t *testing.T) {
	t.Parallel()
	f, done := scripted(t, func(in *bufio.Reader, conn net.Conn) {
		_ = asked(in)
		_, _ = io.WriteString(conn, granted+"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
	}, func(in *bufio.Reader, conn net.Conn) {
		_ = asked(in)
		_, _ = io.WriteString(conn, granted)
	})
	ctx, end := thimble.KeepConnection(context.Background())
	defer end()
	for range 2 {
		if _, err := (thimble.Endpoint{URL: "http://" + f.host()}).Authorize(ctx, request); err != nil {
			t.Error(err)
		}
	}
	waitFor(t, "the second connection", done)
}
