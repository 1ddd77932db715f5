package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/internal/figures"
)

// The application, and the channels of the server below.
const (
	appKey      = "bench-key"
	appSecret   = "bench-secret"
	blastName   = "blast" // whoever subscribes to it gets events until it goes away
	idleName    = "idle"
	privateName = "private-room"
	eventName   = "reading"
)

// messageSize is the size of one event in bytes, as the frame's payload.
const messageSize = 200

// message is the event that everybody receives: a device's reading, its data
// JSON in a string as the service sends it, made up to the size.
func message() string {
	data := `{"sensor":"greenhouse-7","temperature":21.53,"humidity":48.2,"led":true,"note":""}`
	text := string(wire.AppendStringEvent(nil, eventName, blastName, "", data))
	data = strings.Replace(data, `"note":"`, `"note":"`+strings.Repeat("x", messageSize-len(text)), 1)
	return string(wire.AppendStringEvent(nil, eventName, blastName, "", data))
}

// serverRole is the server that contenders connect to: no more of the protocol
// than they need, so that the sender is never what is measured. It prints its
// two addresses, of the server and of the authorization endpoint.
func serverRole([]string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	auth, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr(), auth.Addr())
	go figures.ExitWithParent()
	go func() { _ = http.Serve(auth, authorizer()) }()
	frames := []byte(strings.Repeat(string(websocket.AppendFrame(nil, websocket.Text, message(), nil)), 1000))
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go serve(conn, frames)
	}
}

func authorizer() http.Handler {
	handler, err := channelauth.NewHandler(channelauth.Config{
		Key: appKey, Secret: appSecret,
		Authorize: func(*http.Request, channelauth.Ask) (channelauth.Grant, error) { return channelauth.Grant{}, nil },
	})
	if err != nil {
		panic(err) // the constants above are wrong
	}
	return handler
}

func serve(conn net.Conn, frames []byte) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 1024)
	request, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		websocket.Accept(request.Header.Get("Sec-WebSocket-Key")) + "\r\n\r\n"
	out := websocket.AppendFrame([]byte(answer), websocket.Text, wire.AppendEstablished(nil, "123.456", 120), nil)
	if _, err := conn.Write(out); err != nil {
		return
	}
	parser := websocket.Parser{Server: true}
	buf, n := make([]byte, 1024), 0
	for {
		got, err := in.Read(buf[n:])
		if err != nil {
			return
		}
		n += got
		for used, end := 0, n; ; {
			read, item, err := parser.Next(buf[used:end])
			used += read
			if err != nil || item.Opcode == websocket.Close {
				return
			}
			if item.Kind == websocket.None {
				n = copy(buf, buf[used:end])
				break
			}
			if item.Kind == websocket.Message && !react(conn, item.Payload, frames) {
				return
			}
		}
	}
}

// react answers a message; false when the connection is at its end.
func react(conn net.Conn, text, frames []byte) bool {
	var m wire.Message
	if wire.Parse(text, &m) != nil || string(m.Event) != "pusher:subscribe" {
		return true
	}
	channel := m.Payload().Get("channel").Text()
	confirmation := wire.AppendStringEvent(nil, "pusher_internal:subscription_succeeded", channel, "", "{}")
	if _, err := conn.Write(websocket.AppendFrame(nil, websocket.Text, confirmation, nil)); err != nil {
		return false
	}
	for channel == blastName {
		_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if _, err := conn.Write(frames); err != nil {
			return false
		}
	}
	return true
}
