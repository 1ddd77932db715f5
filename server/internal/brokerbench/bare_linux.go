package main

import (
	"bytes"
	"flag"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/internal/wire"
	"github.com/thimble-go/thimble/server/internal/figures"
)

// bareRole is the least that a broker in Go can be: one loop, one write for each
// event and subscriber, nothing kept but the descriptor, nothing checked.
func bareRole(args []string) error {
	flags := flag.NewFlagSet("loop", flag.ExitOnError)
	address := flags.String("address", "", "to listen on")
	_ = flags.Parse(args)
	at, err := netip.ParseAddrPort(*address)
	if err != nil {
		return err
	}
	if _, err := figures.Files(); err != nil {
		return err
	}
	go figures.ExitWithParent()
	b := &bare{conns: make(map[int32]*bareConn), buffer: make([]byte, 64<<10)}
	if b.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0); err != nil {
		return err
	}
	_ = unix.SetsockoptInt(b.listener, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	_ = unix.SetsockoptInt(b.listener, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := unix.Bind(b.listener, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}); err != nil {
		return err
	}
	if err := unix.Listen(b.listener, 4096); err != nil {
		return err
	}
	if b.epoll, err = unix.EpollCreate1(0); err != nil {
		return err
	}
	if err := b.watch(b.listener); err != nil {
		return err
	}
	return b.run()
}

type bare struct {
	epoll, listener int
	conns           map[int32]*bareConn
	buffer          []byte
}

type bareConn struct{ open, member bool }

func (b *bare) watch(fd int) error {
	return unix.EpollCtl(b.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

func (b *bare) run() error {
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(b.epoll, events, -1)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range events[:n] {
			if int(e.Fd) == b.listener {
				b.accept()
				continue
			}
			if !b.read(e.Fd) {
				delete(b.conns, e.Fd)
				unix.Close(int(e.Fd))
			}
		}
	}
}

func (b *bare) accept() {
	for {
		fd, _, err := unix.Accept4(b.listener, unix.SOCK_NONBLOCK)
		if err != nil {
			return
		}
		b.conns[int32(fd)] = &bareConn{}
		if b.watch(fd) != nil {
			unix.Close(fd)
		}
	}
}

// read takes what has come for whole, as it is over loopback.
func (b *bare) read(fd int32) bool {
	n, err := unix.Read(int(fd), b.buffer)
	if err == unix.EAGAIN {
		return true
	}
	if err != nil || n == 0 {
		return false
	}
	c, text := b.conns[fd], b.buffer[:n]
	switch {
	case c.open: // the subscription
		c.member = true
		return b.write(fd, wire.AppendStringEvent(nil, "pusher_internal:subscription_succeeded", room, "", "{}"))
	case bytes.HasPrefix(text, []byte("GET /app/")):
		c.open = true
		answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + websocket.Accept("dGhlIHNhbXBsZSBub25jZQ==") + "\r\n\r\n"
		_, err := unix.Write(int(fd), []byte(answer))
		return err == nil && b.write(fd, wire.AppendEstablished(nil, "1.1", 120))
	}
	_, body, ok := bytes.Cut(text, []byte("\r\n\r\n"))
	if !ok || len(body) == 0 {
		return false
	}
	b.publish(body)
	_, err = unix.Write(int(fd), []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	return err == nil
}

func (b *bare) write(fd int32, text []byte) bool {
	_, err := unix.Write(int(fd), websocket.AppendFrame(nil, websocket.Text, text, nil))
	return err == nil
}

func (b *bare) publish(data []byte) {
	frame := websocket.AppendFrame(nil, websocket.Text, wire.AppendStringEvent(nil, eventName, room, "", data), nil)
	for fd, c := range b.conns {
		if !c.member {
			continue
		}
		if n, err := unix.Write(int(fd), frame); err != nil || n < len(frame) {
			c.member = false // it is too slow
		}
	}
}
