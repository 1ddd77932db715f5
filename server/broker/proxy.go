package broker

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// proxies are the addresses that are believed what they say of others.
type proxies []netip.Prefix

// trusted says whether an address is a proxy's.
func (p proxies) trusted(address netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// direct returns the address that the connection comes from.
func direct(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	address, _ := netip.ParseAddr(host)
	return address.Unmap()
}

// client returns the address of the client: the last one in X-Forwarded-For
// that is not a proxy's, since whatever stands before it anybody can have
// written there. Of an IPv6 address the network of 64 bits counts: one host has
// them all. It is empty for a connection without an address.
func (p proxies) client(o *opening) string {
	address := o.from
	if p.trusted(address) {
		hops := strings.Split(o.forwardedFor, ",")
		for i := len(hops) - 1; i >= 0 && p.trusted(address); i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				break
			}
			address = hop.Unmap()
		}
	}
	switch {
	case !address.IsValid():
		return ""
	case address.Is6():
		network, _ := address.WithZone("").Prefix(64)
		return network.String()
	}
	return address.String()
}

// secure says whether the client has come over TLS.
func (p proxies) secure(o *opening) bool {
	return o.secure || p.trusted(o.from) && strings.EqualFold(o.forwardedProto, "https")
}
