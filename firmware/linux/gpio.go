//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// This is version 2 of the kernel's interface to GPIO chips, which there is
// since Linux 5.10: include/uapi/linux/gpio.h.

// The structures of the kernel. All that is not used is zero.
type (
	// lineConfig is struct gpio_v2_line_config, whose attributes nobody needs
	// here.
	lineConfig struct {
		flags uint64
		_     [6]uint32
		_     [10][3]uint64
	}
	// lineRequest is struct gpio_v2_line_request.
	lineRequest struct {
		offsets  [64]uint32
		consumer [32]byte
		config   lineConfig
		count    uint32
		_        [6]uint32
		fd       int32
	}
	// lineValues is struct gpio_v2_line_values.
	lineValues struct{ bits, mask uint64 }
)

const (
	getLine   = 0xC250B407 // GPIO_V2_GET_LINE_IOCTL
	setValues = 0xC010B40F // GPIO_V2_LINE_SET_VALUES_IOCTL

	flagActiveLow = 1 << 1
	flagOutput    = 1 << 3
)

// ioctl is the system call.
type ioctl func(fd, request uintptr, arg unsafe.Pointer) error

func kernel(fd, request uintptr, arg unsafe.Pointer) error {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(arg))
	if errno != 0 {
		return errno
	}
	return nil
}

// line is an output of a GPIO chip, with an LED at it. The kernel gives it back
// when it is closed, or when the program ends.
type line struct {
	call ioctl
	file *os.File
}

// openLine requests a line, which is off then. It is named gpiochip0:17, and
// !gpiochip0:17 if it is on with a low level.
func openLine(name string, call ioctl) (*line, error) {
	spec, low := strings.CutPrefix(name, "!")
	device, number, ok := strings.Cut(spec, ":")
	offset, err := strconv.ParseUint(number, 10, 16)
	if !ok || device == "" || err != nil {
		return nil, fmt.Errorf("%s is no LED: it is chip:line, such as gpiochip0:17", name)
	}
	if arch := runtime.GOARCH; strings.HasPrefix(arch, "mips") || strings.HasPrefix(arch, "ppc") || strings.HasPrefix(arch, "sparc") {
		return nil, errors.New("no LED on " + arch + ": its system calls are numbered in another way")
	}
	if !filepath.IsAbs(device) {
		device = filepath.Join("/dev", device)
	}
	chip, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return nil, explain(err, device, number)
	}
	defer chip.Close()
	r := lineRequest{count: 1}
	r.offsets[0] = uint32(offset)
	copy(r.consumer[:len(r.consumer)-1], "thimble")
	r.config.flags = flagOutput
	if low {
		r.config.flags |= flagActiveLow
	}
	if err := call(chip.Fd(), getLine, unsafe.Pointer(&r)); err != nil {
		return nil, explain(err, device, number)
	}
	return &line{call, os.NewFile(uintptr(r.fd), name)}, nil
}

// Set switches the LED. A chip that is gone is nothing that the device could
// mend.
func (l *line) Set(on bool) {
	v := lineValues{mask: 1}
	if on {
		v.bits = 1
	}
	_ = l.call(l.file.Fd(), setValues, unsafe.Pointer(&v))
}

// Close gives the line back.
func (l *line) Close() error { return l.file.Close() }

// explain says what can be done.
func explain(err error, device, number string) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("there is no %s: see which there are with ls /dev/gpiochip*", device)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s may not be used by this user: add yourself to the group gpio and log in again", device)
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("line %s of %s is in use by another program or driver: take another line", number, device)
	case errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("%s has no line %s: gpioinfo shows those that it has", device, number)
	case errors.Is(err, syscall.ENOTTY):
		return fmt.Errorf("%s is no GPIO chip, or its kernel is older than 5.10", device)
	}
	return fmt.Errorf("line %s of %s: %w", number, device, err)
}
