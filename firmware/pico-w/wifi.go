package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/soypat/cyw43439"
	"github.com/soypat/lneto/ethernet"
	"github.com/soypat/lneto/x/xnet"
	"tinygo.org/x/drivers/netdev"
)

const (
	mtu       = 1500
	sockets   = 2 // the client's, and an authorization
	sendBytes = 2048
	recvBytes = 2048

	pollEvery   = 5 * time.Millisecond // while nothing comes or goes
	dialTimeout = 10 * time.Second     // the stack itself would try for ever
	askTimeout  = 3 * time.Second      // DHCP, ARP and DNS, each time of three
	askTimes    = 3
)

var errTLS = errors.New("no TLS on this board: connect in plaintext")

// wifi is the radio of a Pico W with a network stack on top, as package net
// wants it. What Berkeley sockets are is xnet's.
type wifi struct {
	ssid, password string

	*xnet.StackBerkeley
	dev   *cyw43439.Device
	stack xnet.StackAsync
	frame []byte
}

// start brings everything up. It may be called until it succeeds, and again
// when the access point was lost.
func (w *wifi) start() error {
	if w.dev == nil {
		dev := cyw43439.NewPicoWDevice()
		if err := dev.Init(cyw43439.DefaultWifiConfig()); err != nil {
			return err
		}
		w.dev = dev
	}
	if err := w.dev.Join(w.ssid, cyw43439.JoinOptions{Passphrase: w.password}); err != nil {
		return err
	}
	if w.StackBerkeley == nil {
		if err := w.open(); err != nil {
			return err
		}
	}
	return w.address()
}

func (w *wifi) linked() bool { return w.dev.IsLinkUp() }

// open puts the stack on the radio.
func (w *wifi) open() error {
	mac, err := w.dev.HardwareAddr6()
	if err != nil {
		return err
	}
	err = w.stack.Reset(xnet.StackConfig{
		Hostname: "thimble", MaxActiveTCPPorts: sockets, HardwareAddress: mac, MTU: mtu,
		RandSeed: time.Now().UnixNano() | 1,
	})
	if err != nil {
		return err
	}
	w.dev.RecvEthHandle(w.stack.IngressEthernet)
	w.frame = make([]byte, cyw43439.MaxFrameSize)
	conns := w.stack.StackGo(nil, xnet.StackGoConfig{
		ListenerPoolConfig: xnet.TCPPoolConfig{QueueSize: 4, TxBufSize: sendBytes, RxBufSize: recvBytes},
	})
	w.StackBerkeley = xnet.NewBerkeleyStack(func(ctx context.Context, network string, family, sotype int, laddr, raddr net.Addr) (any, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		return conns.Socket(ctx, network, family, sotype, laddr, raddr)
	})
	go w.carry()
	netdev.UseNetdev(w)
	return nil
}

// carry carries frames between radio and stack for ever.
func (w *wifi) carry() {
	for {
		got, _ := w.dev.PollOne()
		n, _ := w.stack.EgressEthernet(w.frame)
		if n > 0 {
			_ = w.dev.SendEth(w.frame[:n]) // what is lost, TCP sends again
		}
		if !got && n == 0 {
			time.Sleep(pollEvery)
		}
	}
}

// address asks for one, rather for that which it has. Meanwhile there is none,
// or the stack would drop answers that are for another one or for everybody, and
// no gateway, which may have been the other access point's.
func (w *wifi) address() error {
	last := w.stack.Addr().As4()
	if err := w.stack.SetIPAddr(netip.IPv4Unspecified()); err != nil {
		return err
	}
	w.stack.SetGateway6(ethernet.BroadcastAddr())
	ask := w.stack.StackRetrying(nil)
	lease, err := ask.DoDHCPv4(last, askTimeout, askTimes)
	if err != nil {
		return err
	}
	if err := w.stack.AssimilateDHCPResults(lease); err != nil {
		return err
	}
	gateway, err := ask.DoResolveHardwareAddress6(lease.Router, askTimeout, askTimes)
	if err != nil {
		return err
	}
	w.stack.SetGateway6(gateway)
	println("Wi-Fi: address", lease.AssignedAddr.String())
	return nil
}

// Socket refuses TLS, which this stack would take for plaintext.
func (w *wifi) Socket(domain, stype, protocol int) (int, error) {
	if protocol == netdev.IPPROTO_TLS {
		return -1, errTLS
	}
	return w.StackBerkeley.Socket(domain, stype, protocol)
}

// GetHostByName looks a name up; an address stands for itself.
func (w *wifi) GetHostByName(name string) (netip.Addr, error) {
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip, nil
	}
	found, err := w.stack.StackRetrying(nil).DoLookupIP(name, askTimeout, askTimes)
	if err != nil {
		return netip.Addr{}, err
	}
	return found[0], nil
}

// Addr is the board's own.
func (w *wifi) Addr() (netip.Addr, error) { return w.stack.Addr(), nil }
