package serialnet

import (
	"net/netip"
	"strconv"
	"strings"
)

// maxName is what fits in a frame with a port; DNS has names of up to 253 bytes,
// and nobody uses them.
const maxName = 230

// names gives host names addresses from 240.0.0.0/4, which is no network's:
// the last few, since a name is looked up just before it is connected to.
type names struct {
	last [4]struct {
		name   string
		number uint16
	}
	next   int
	number uint16
}

func (n *names) add(name string) (netip.Addr, error) {
	if name == "" || len(name) > maxName {
		return netip.Addr{}, errName
	}
	for i := range n.last {
		if n.last[i].name == name {
			return number(n.last[i].number), nil
		}
	}
	if n.number++; n.number == 0 {
		n.number = 1
	}
	e := &n.last[n.next]
	n.next = (n.next + 1) % len(n.last)
	e.name, e.number = name, n.number
	return number(n.number), nil
}

func number(n uint16) netip.Addr { return netip.AddrFrom4([4]byte{240, 0, byte(n >> 8), byte(n)}) }

// of returns what an address stands for; false when that is forgotten.
func (n *names) of(ip netip.Addr) (string, bool) {
	if !ip.Is4() {
		return "", false
	}
	if b := ip.As4(); b[0] != 240 {
		return writeIPv4(b), true
	}
	for i := range n.last {
		if n.last[i].name != "" && number(n.last[i].number) == ip {
			return n.last[i].name, true
		}
	}
	return "", false
}

// hostPort writes an address as package net does.
func hostPort(host string, port uint16) string {
	if strings.IndexByte(host, ':') >= 0 {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(port))
}

// parseIPv4 and writeIPv4 do what package netip does, which would be 2 kB.
func parseIPv4(s string) (ip [4]byte, ok bool) {
	for i := range ip {
		part, rest, dot := strings.Cut(s, ".")
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 1 && part[0] == '0' || dot != (i < 3) {
			return ip, false
		}
		ip[i], s = byte(n), rest
	}
	return ip, true
}

func writeIPv4(ip [4]byte) string {
	s := strconv.Itoa(int(ip[0]))
	for _, b := range ip[1:] {
		s += "." + strconv.Itoa(int(b))
	}
	return s
}
