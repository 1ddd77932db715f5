//go:build !linux

package broker

import "net"

// engine stands for the loops that other systems have.
type engine struct{}

func (e *engine) init(*Broker) {}

func (e *engine) drain() {}

func (e *engine) listen(w *watched) net.Listener { return w }

func (e *engine) carry(*Broker, net.Conn, *opening, admission, []byte) bool { return false }

// limitUnsentOf is for kernels that can be told how much they take.
func limitUnsentOf(net.Conn) {}
