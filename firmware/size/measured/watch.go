//go:build tinygo.riscv

package main

import (
	"device/riscv"
	"net/netip"
	"runtime"
	"time"
	"unsafe"

	"github.com/thimble-go/thimble/firmware/serialnet"
)

// watch is a network that looks at heap and stack whenever it is used, on
// whichever goroutine that is.
type watch struct {
	*serialnet.Device
	base    int // heap in use before there was a client
	highest int
	deepest int
	last    int // file descriptor that was connected
}

func (w *watch) begin() {
	w.base = inUse()
	w.highest = 0
}

// look notes how much of the heap is in use besides, and of the stack.
func (w *watch) look(heap bool) {
	w.deepest = max(w.deepest, depth())
	if heap {
		w.highest = max(w.highest, inUse()-w.base)
	}
}

// peak returns the most that was in use, and starts over.
func (w *watch) peak() int {
	n := w.highest
	w.highest = 0
	return n
}

func (w *watch) heap() int { return inUse() - w.base }

// inUse is what is reachable, goroutines' stacks included.
func inUse() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse)
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// canary stands at the end of each stack (TinyGo, internal/task), and zeros
// above it as far as the stack has never been.
const canary = 0x670c1333b83bf575 & 0xffffffff

const stackSize = 4096 // of the target

// depth is how deep this goroutine's stack has ever been, in bytes.
func depth() int {
	p := riscv.AsmFull("mv {}, sp", nil) &^ 3
	for word(p) != canary {
		p -= 4
	}
	end := p + stackSize
	for p += 4; word(p) == 0; p += 4 {
	}
	return int(end - p)
}

func word(p uintptr) uintptr { return *(*uintptr)(unsafe.Pointer(p)) }

// cut ends the connection under the client's feet.
func (w *watch) cut() { _ = w.Device.Close(w.last) }

func (w *watch) Connect(fd int, host string, ip netip.AddrPort) error {
	w.look(true)
	err := w.Device.Connect(fd, host, ip)
	w.look(true)
	return err
}

func (w *watch) Send(fd int, b []byte, flags int, deadline time.Time) (int, error) {
	w.last = fd
	n, err := w.Device.Send(fd, b, flags, deadline)
	w.look(true)
	return n, err
}

func (w *watch) Recv(fd int, b []byte, flags int, deadline time.Time) (int, error) {
	n, err := w.Device.Recv(fd, b, flags, deadline)
	w.look(n > 0)
	return n, err
}

func (w *watch) Close(fd int) error {
	w.look(true)
	return w.Device.Close(fd)
}
