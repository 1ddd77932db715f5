// What only connects, and says if it could not.
package main

import (
	"net"

	"github.com/thimble-go/thimble/firmware/size/stub"
)

func main() {
	stub.Use(stub.Device{})
	if _, err := net.Dial("tcp", "broker.example:6001"); err != nil {
		println(err.Error())
	}
}
