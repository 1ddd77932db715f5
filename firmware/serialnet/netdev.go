package serialnet

import (
	"net/netip"
	"time"
)

// These are the methods of a netdev, which is how package net reaches a
// network under TinyGo (tinygo.org/x/drivers/netdev has the interface).

const (
	protocolTCP = 6
	protocolTLS = 0xFE
)

// GetHostByName returns an address that stands for a name: package net wants
// one before it connects, but only the computer can look names up. An IPv4
// address stands for itself.
func (d *Device) GetHostByName(name string) (netip.Addr, error) {
	if ip, ok := parseIPv4(name); ok {
		return netip.AddrFrom4(ip), nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names.add(name)
}

// Addr returns an error: the board has no address of its own.
func (d *Device) Addr() (netip.Addr, error) { return netip.Addr{}, errAddress }

// Socket returns a file descriptor for a TCP connection. A protocol of TLS is
// refused, rather than spoken in plaintext.
func (d *Device) Socket(domain int, stype int, protocol int) (int, error) {
	switch protocol {
	case protocolTCP:
	case protocolTLS:
		return -1, errTLS
	default:
		return -1, errProtocol
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.socket()
}

// Connect connects to a host by name, or to an address.
func (d *Device) Connect(fd int, host string, ip netip.AddrPort) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if host == "" {
		var ok bool
		if host, ok = d.names.of(ip.Addr()); !ok {
			return errForgotten
		}
	}
	return d.connect(fd, hostPort(host, ip.Port()), nil)
}

// Send writes all of buf, unless the deadline passes before; a zero deadline
// never does.
func (d *Device) Send(fd int, buf []byte, flags int, deadline time.Time) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.send(fd, buf, &deadline)
}

// Recv reads what there is, and waits for it until the deadline; a zero
// deadline never passes.
func (d *Device) Recv(fd int, buf []byte, flags int, deadline time.Time) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.recv(fd, buf, &deadline)
}

// Close closes a connection behind all that was written.
func (d *Device) Close(fd int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.close(fd)
}

// SetSockOpt does nothing: the computer keeps its connections alive as it
// does all of them.
func (d *Device) SetSockOpt(fd int, level int, opt int, value interface{}) error { return nil }

// Bind returns an error: there is no listening.
func (d *Device) Bind(fd int, ip netip.AddrPort) error { return errListen }

// Listen returns an error.
func (d *Device) Listen(fd int, backlog int) error { return errListen }

// Accept returns an error.
func (d *Device) Accept(fd int) (int, netip.AddrPort, error) {
	return -1, netip.AddrPort{}, errListen
}
