package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"time"

	gorilla "github.com/gorilla/websocket"
	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
)

// receivers are the ways to receive that are written in Go. Each subscribes to
// the channel of the blast and counts events until the window ends the process.
var receivers = map[string]func(address string, buffer int, w *window) error{
	"thimble": receiveThimble,
	"gorilla": receiveGorilla,
	"skip":    receiveSkip,
}

// receiveRole is one contender in a process of its own.
func receiveRole(args []string) error {
	var w window
	flags := flag.NewFlagSet("receive", flag.ExitOnError)
	name := flags.String("as", "thimble", "which contender")
	address := flags.String("address", "", "of the server")
	buffer := flags.Int("buffer", 0, "bytes of thimble's read buffer")
	profile := flags.String("profile", "", "where to write a CPU profile")
	flags.DurationVar(&w.warm, "warm", time.Second, "time before the window")
	flags.DurationVar(&w.span, "span", time.Second, "time of the window")
	_ = flags.Parse(args)
	receive, ok := receivers[*name]
	if !ok {
		return fmt.Errorf("there is no contender %q", *name)
	}
	if err := w.profileTo(*profile); err != nil {
		return err
	}
	return receive(*address, *buffer, &w)
}

func target() string { return "/app/" + appKey + "?protocol=7&client=bench&version=1" }

var subscription = wire.AppendSubscribe(nil, blastName, "", "")

// receiveThimble is our client, as any program uses it.
func receiveThimble(address string, buffer int, w *window) error {
	client, err := thimble.New(thimble.Config{Key: appKey, Host: address, Plaintext: true, ReadBuffer: buffer})
	if err != nil {
		return err
	}
	client.Subscribe(blastName).Bind(eventName, func(thimble.Event) { w.add(1) })
	return client.Run(context.Background())
}

// envelope is what a program declares for encoding/json.
type envelope struct {
	Event   string `json:"event"`
	Channel string `json:"channel"`
	Data    string `json:"data"`
}

// receiveGorilla is the reader that one writes with gorilla/websocket and
// encoding/json.
func receiveGorilla(address string, _ int, w *window) error {
	conn, _, err := gorilla.DefaultDialer.Dial("ws://"+address+target(), nil)
	if err != nil {
		return err
	}
	if err := conn.WriteMessage(gorilla.TextMessage, subscription); err != nil {
		return err
	}
	handlers := map[string]func(envelope){eventName: func(envelope) { w.add(1) }}
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		var e envelope
		if json.Unmarshal(text, &e) != nil {
			continue // the protocol's own, whose data may be an object
		}
		if handle := handlers[e.Event]; handle != nil {
			handle(e)
		}
	}
}

// receiveSkip is the limit: it reads into a large buffer and only counts
// frames.
func receiveSkip(address string, _ int, w *window) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	request := "GET " + target() + " HTTP/1.1\r\nHost: " + address + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	for line := []byte(nil); len(bytes.TrimSpace(line)) > 0 || line == nil; {
		if line, err = in.ReadBytes('\n'); err != nil {
			return err
		}
	}
	if _, err := conn.Write(websocket.AppendFrame(nil, websocket.Text, subscription, &[4]byte{1, 2, 3, 4})); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	n, _ := in.Read(buf[:in.Buffered()]) // what bufio has read of the frames
	for {
		at, frames := 0, int64(0)
		for n-at >= 4 {
			size, header := int(buf[at+1]), 2
			if size == 126 {
				size, header = int(buf[at+2])<<8|int(buf[at+3]), 4
			}
			if n-at < header+size {
				break
			}
			at += header + size
			frames++
		}
		w.add(frames)
		n = copy(buf, buf[at:n])
		got, err := conn.Read(buf[n:])
		if err != nil {
			return err
		}
		n += got
	}
}
