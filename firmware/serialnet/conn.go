package serialnet

import (
	"context"
	"net"
	"time"

	"github.com/thimble-go/thimble/internal/line"
)

// Dial connects to host:port; network is "tcp" or "tcp4". It ends with ctx, or
// after Config.ConnectTimeout. It fits the Dial of a thimble.Config.
func (d *Device) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if network != "tcp" && network != "tcp4" {
		return nil, errProtocol
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	fd, err := d.socket()
	if err == nil {
		if err = d.connect(fd, address, ctx.Err); err != nil {
			_ = d.close(fd)
		}
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: addr(address), Err: err}
	}
	return &conn{d: d, fd: fd, remote: addr(address)}, nil
}

// addr is the address of a connection.
type addr string

func (addr) Network() string  { return "serial" }
func (a addr) String() string { return string(a) }

// conn is a connection as package net knows it. The device's lock guards it.
type conn struct {
	d           *Device
	fd          int
	closed      bool
	remote      addr
	read, write time.Time // deadlines
}

func (c *conn) Read(p []byte) (int, error) {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	n, err := c.d.recv(c.fd, p, &c.read)
	return n, c.explain(err)
}

func (c *conn) Write(p []byte) (int, error) {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	n, err := c.d.send(c.fd, p, &c.write)
	return n, c.explain(err)
}

// explain tells a call that the connection was closed under it.
func (c *conn) explain(err error) error {
	if err == line.NoSocket {
		return net.ErrClosed
	}
	return err
}

func (c *conn) Close() error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	return c.d.close(c.fd)
}

func (c *conn) LocalAddr() net.Addr  { return addr("serial") }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.read, c.write = t, t
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.read = t
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.write = t
	return nil
}
