//go:build cortexm && qemu

package virt

import (
	"errors"
	"runtime/volatile"
	"time"
	"unsafe"
)

// Registers of QEMU's machine "lm3s6965evb": the UART of a Stellaris LM3S6965,
// which is a PL011, and the SysTick timer of its Cortex-M3.
var (
	uartData   = (*volatile.Register32)(unsafe.Pointer(uintptr(0x4000c000)))
	uartStatus = (*volatile.Register32)(unsafe.Pointer(uintptr(0x4000c018)))

	tickControl = (*volatile.Register32)(unsafe.Pointer(uintptr(0xe000e010)))
	tickReload  = (*volatile.Register32)(unsafe.Pointer(uintptr(0xe000e014)))
	tickNow     = (*volatile.Register32)(unsafe.Pointer(uintptr(0xe000e018)))
)

const (
	empty = 1 << 4 // bits of uartStatus
	full  = 1 << 5

	tickRange  = 1 << 24
	tickEnable = 1<<0 | 1<<2 // by the processor's clock

	timeUnit = 80 * time.Nanosecond // 12.5 MHz
)

// UART is the serial port, which TinyGo only writes to.
type UART struct{}

var errEmpty = errors.New("nothing has come")

// Buffered says whether a byte has come.
func (UART) Buffered() int {
	if uartStatus.Get()&empty != 0 {
		return 0
	}
	return 1
}

// ReadByte reads one.
func (UART) ReadByte() (byte, error) {
	if uartStatus.Get()&empty != 0 {
		return 0, errEmpty
	}
	return byte(uartData.Get()), nil
}

// Write writes all of p.
func (UART) Write(p []byte) (int, error) {
	for _, c := range p {
		for uartStatus.Get()&full != 0 {
		}
		uartData.Set(uint32(c))
	}
	return len(p), nil
}

// turns is how often the timer, which counts down, has gone around; last is
// what it was when it was looked at.
var (
	turns uint64
	last  uint32
)

// Clock is the time since its first call: TinyGo's own stands still here but
// for sleeping, which takes no time. The timer goes around in 1.3 s; a program
// that does not look at it for longer loses a turn.
func Clock() time.Duration {
	if tickControl.Get()&1 == 0 {
		tickReload.Set(tickRange - 1)
		tickNow.Set(0)
		tickControl.Set(tickEnable)
		last = tickNow.Get()
	}
	now := tickNow.Get()
	if now > last {
		turns++
	}
	last = now
	return time.Duration(turns*tickRange+uint64(tickRange-1-now)) * timeUnit
}
