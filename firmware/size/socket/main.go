// What connects as the client does: by the board's network itself, and not by
// net.Dial, which brings package fmt along.
package main

import (
	"net/netip"

	"github.com/thimble-go/thimble/firmware/size/stub"
)

func main() {
	var network stub.Device
	ip, err := network.GetHostByName("broker.example")
	if err == nil {
		var fd int
		if fd, err = network.Socket(2, 1, 6); err == nil {
			err = network.Connect(fd, "", netip.AddrPortFrom(ip, 6001))
		}
	}
	if err != nil {
		println(err.Error())
	}
}
