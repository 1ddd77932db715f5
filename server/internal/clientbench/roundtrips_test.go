package main

import (
	"net"
	"net/http"
	"slices"
	"testing"

	"github.com/thimble-go/thimble/server/broker"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The client keeps its connections to authorization endpoints for the
		// next channel, as long as the endpoint does.
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// TestRoundTrips counts how often a client waits for the far end of a slow
// link before its first private channel is there. The protocol forces one
// connection to the server with two round trips on it: the upgrade, with which
// the greeting comes, and the subscription; and one request to the
// authorization endpoint between them, since the token is made for the socket
// id. No time is compared.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	b, err := broker.New(broker.Config{Apps: []broker.App{{ID: "app", Key: appKey, Secret: appSecret}}})
	if err != nil {
		t.Fatal(err)
	}
	socket := listen(t, b.Handler())
	defer b.Shutdown(t.Context())
	endpoint := listen(t, authorizer())

	c, err := connect(socket, endpoint)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d ms; flights to the server %v, to the authorization endpoint %v", c.took.Milliseconds(), c.socket, c.asked)
	if !slices.Equal(c.socket, []int{2}) {
		t.Errorf("flights on the connections to the server: %v, want [2]", c.socket)
	}
	if !slices.Equal(c.asked, []int{1}) {
		t.Errorf("flights on the connections to the authorization endpoint: %v, want [1]", c.asked)
	}
}

func listen(t *testing.T, handler http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
	return listener.Addr().String()
}
