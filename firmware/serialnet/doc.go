// Package serialnet gives a board without a network the one of the computer
// that it is plugged into: sockets go over its UART or USB serial port to
// "thimble bridge" there, which opens the real connections.
//
//	dev, err := serialnet.New(serialnet.Config{Port: machine.Serial})
//	if err != nil { ... }
//	dev.Use() // now the client has a network, and net.Dial works
//
// Names are looked up by the computer. TCP only, no listening, no TLS: the
// bridge can add TLS for a destination (its option --tls), which protects what
// is beyond the cable and nothing on it.
//
// A Device has no goroutine. It works while somebody waits in one of its
// calls, and in Poll: a program that leaves the network alone for more than
// some seconds calls that in its loop, or loses its connections.
//
// On ordinary Go it does the same over any stream (NewPort), with Device.Dial
// as the Dial of a thimble.Config. docs/serial.md is the guide.
package serialnet
