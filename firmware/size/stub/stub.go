//go:build tinygo && baremetal

// Package stub is a network of which a compiler can foresee nothing, so that it
// leaves out neither the sending nor the receiving.
package stub

import (
	"errors"
	"net/netip"
	"runtime/volatile"
	"time"
	_ "unsafe" // for go:linkname
)

var (
	whim      volatile.Register8
	errUnable = errors.New("unable")
)

// Device is a netdev, and a source of what passes for randomness.
type Device struct{}

// Use makes a device the network of package net.
func Use(dev netdever) { useNetdev(dev) }

// answer is an error or none.
func answer() error {
	if whim.Get() == 0 {
		return errUnable
	}
	return nil
}

// Read fills b.
func (Device) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = whim.Get()
	}
	return len(b), answer()
}

// GetHostByName and all below are what package net asks of a network.
func (Device) GetHostByName(name string) (netip.Addr, error) {
	return netip.AddrFrom4([4]byte{whim.Get(), 0, 0, 1}), answer()
}

func (Device) Addr() (netip.Addr, error) { return netip.Addr{}, answer() }

func (Device) Socket(domain int, stype int, protocol int) (int, error) {
	return int(whim.Get()), answer()
}

func (Device) Bind(fd int, ip netip.AddrPort) error                 { return answer() }
func (Device) Connect(fd int, host string, ip netip.AddrPort) error { return answer() }
func (Device) Listen(fd int, backlog int) error                     { return answer() }

func (Device) Accept(fd int) (int, netip.AddrPort, error) {
	return int(whim.Get()), netip.AddrPort{}, answer()
}

func (Device) Send(fd int, b []byte, flags int, deadline time.Time) (int, error) {
	return int(whim.Get()), answer()
}

func (d Device) Recv(fd int, b []byte, flags int, deadline time.Time) (int, error) {
	return d.Read(b)
}

func (Device) Close(fd int) error { return answer() }

func (Device) SetSockOpt(fd int, level int, opt int, value interface{}) error { return answer() }

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
