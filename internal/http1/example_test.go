package http1_test

import (
	"fmt"

	"github.com/thimble-go/thimble/internal/http1"
)

// Asking an authorization endpoint for a token, with the connection left out.
func Example() {
	u, err := http1.SplitURL("https://example.com/pusher/auth")
	if err != nil {
		fmt.Println(err)
		return
	}
	body := http1.AppendForm(nil, "socket_id", "1234.5678")
	body = http1.AppendForm(body, "channel_name", "private-room")
	request, err := http1.AppendRequest(nil, &http1.Request{
		Method: "POST",
		Host:   u.Host,
		Target: u.Target,
		Fields: []http1.Field{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}},
		Body:   body,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("to", u.Address, "go", len(request), "bytes")

	// What reads from the connection return, one after the other.
	reads := []string{
		"HTTP/1.1 200 OK\r\nContent-Le",
		"ngth: 18\r\n\r\n{\"auth\":\"ke",
		"y:sig\"}",
	}
	r := http1.Reader{MaxBody: 4096}
	for _, b := range reads {
		if _, err := r.Feed([]byte(b)); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("done %v, status %d, keep alive %v: %s\n", r.Done(), r.Status(), r.KeepAlive(), r.Body())
	// Output:
	// to example.com:443 go 163 bytes
	// done true, status 200, keep alive true: {"auth":"key:sig"}
}

func ExampleParseHead() {
	received := []byte("HTTP/1.1 101 Switching Protocols\r\n" +
		"Connection: Upgrade\r\n" +
		"Upgrade: websocket\r\n\r\n\x81\x02hi")
	head, n, err := http1.ParseHead(received)
	if err != nil || n == 0 {
		fmt.Println("not yet", err)
		return
	}
	upgrade, count := head.Get("upgrade")
	fmt.Printf("%d, %s, %d time\n", head.Status, upgrade, count)
	fmt.Println("upgraded:", head.HasToken("Connection", "upgrade"))
	fmt.Printf("next: %q\n", received[n:])
	// Output:
	// 101, websocket, 1 time
	// upgraded: true
	// next: "\x81\x02hi"
}
