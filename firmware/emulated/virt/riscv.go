//go:build tinygo.riscv

package virt

import (
	"errors"
	"runtime/volatile"
	"time"
	"unsafe"
)

// Registers of QEMU's machine "virt": its 16550 UART and the timer of the
// processor (QEMU documentation, "virt Generic Virtual Platform").
var (
	uartData   = (*volatile.Register8)(unsafe.Pointer(uintptr(0x10000000)))
	uartStatus = (*volatile.Register8)(unsafe.Pointer(uintptr(0x10000005)))
	timeLow    = (*volatile.Register32)(unsafe.Pointer(uintptr(0x0200bff8)))
	timeHigh   = (*volatile.Register32)(unsafe.Pointer(uintptr(0x0200bffc)))
)

const (
	received = 1 << 0 // bits of uartStatus
	sendable = 1 << 5

	timeUnit = 100 * time.Nanosecond // 10 MHz
)

// UART is the serial port, which TinyGo only writes to.
type UART struct{}

var errEmpty = errors.New("nothing has come")

// Buffered says whether a byte has come.
func (UART) Buffered() int {
	if uartStatus.Get()&received == 0 {
		return 0
	}
	return 1
}

// ReadByte reads one.
func (UART) ReadByte() (byte, error) {
	if uartStatus.Get()&received == 0 {
		return 0, errEmpty
	}
	return uartData.Get(), nil
}

// Write writes all of p.
func (UART) Write(p []byte) (int, error) {
	for _, c := range p {
		for uartStatus.Get()&sendable == 0 {
		}
		uartData.Set(c)
	}
	return len(p), nil
}

// Clock is the time since the start: TinyGo's own stands still here but for
// sleeping, which takes no time.
func Clock() time.Duration {
	for {
		high := timeHigh.Get()
		low := timeLow.Get()
		if timeHigh.Get() == high {
			return time.Duration(uint64(high)<<32|uint64(low)) * timeUnit
		}
	}
}
