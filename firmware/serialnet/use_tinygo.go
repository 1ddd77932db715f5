//go:build tinygo && baremetal

package serialnet

import (
	"net/netip"
	"time"
	_ "unsafe" // for go:linkname
)

// Use makes the device the board's network: the client's, and that of net.Dial.
// netdev.UseNetdev of tinygo.org/x/drivers does the same.
func (d *Device) Use() { useNetdev(d) }

// netdever is what package net asks of a network. Drivers have no other way to
// it than this.
type netdever interface {
	GetHostByName(name string) (netip.Addr, error)
	Addr() (netip.Addr, error)
	Socket(domain int, stype int, protocol int) (sockfd int, _ error)
	Bind(sockfd int, ip netip.AddrPort) error
	Connect(sockfd int, host string, ip netip.AddrPort) error
	Listen(sockfd int, backlog int) error
	Accept(sockfd int) (int, netip.AddrPort, error)
	Send(sockfd int, buf []byte, flags int, deadline time.Time) (int, error)
	Recv(sockfd int, buf []byte, flags int, deadline time.Time) (int, error)
	Close(sockfd int) error
	SetSockOpt(sockfd int, level int, opt int, value interface{}) error
}

//go:linkname useNetdev net.useNetdev
func useNetdev(dev netdever)
