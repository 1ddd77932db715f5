//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// TestLayout compares with what a C compiler makes of linux/gpio.h.
func TestLayout(t *testing.T) {
	t.Parallel()
	var r lineRequest
	for name, is := range map[string][2]uintptr{
		"size of gpio_v2_line_request": {unsafe.Sizeof(r), 592},
		"size of gpio_v2_line_config":  {unsafe.Sizeof(r.config), 272},
		"size of gpio_v2_line_values":  {unsafe.Sizeof(lineValues{}), 16},
		"consumer":                     {unsafe.Offsetof(r.consumer), 256},
		"config":                       {unsafe.Offsetof(r.config), 288},
		"num_lines":                    {unsafe.Offsetof(r.count), 560},
		"fd":                           {unsafe.Offsetof(r.fd), 588},
		// The request numbers hold the size, the type 0xB4 and the direction.
		"GPIO_V2_GET_LINE_IOCTL":        {getLine, 3<<30 | 592<<16 | 0xB4<<8 | 0x07},
		"GPIO_V2_LINE_SET_VALUES_IOCTL": {setValues, 3<<30 | 16<<16 | 0xB4<<8 | 0x0F},
	} {
		if is[0] != is[1] {
			t.Errorf("%s: %#x, want %#x", name, is[0], is[1])
		}
	}
}

// chip is a GPIO chip that remembers what it was asked. It has lines 0 to 27, of
// which 3 is taken.
type chip struct {
	t      *testing.T
	device string
	offset uint32
	flags  uint64
	lit    []bool
}

func newChip(t *testing.T) *chip {
	c := &chip{t: t, device: filepath.Join(t.TempDir(), "gpiochip0")}
	if err := os.WriteFile(c.device, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *chip) ioctl(fd, request uintptr, arg unsafe.Pointer) error {
	switch request {
	case getLine:
		r := (*lineRequest)(arg)
		switch {
		case r.offsets[0] > 27 || r.count != 1:
			return syscall.EINVAL
		case r.offsets[0] == 3:
			return syscall.EBUSY
		}
		if name := string(r.consumer[:]); strings.TrimRight(name, "\x00") != "thimble" {
			c.t.Errorf("consumer %q", name)
		}
		c.offset, c.flags = r.offsets[0], r.config.flags
		given, err := syscall.Open(os.DevNull, syscall.O_RDWR, 0)
		r.fd = int32(given)
		return err
	case setValues:
		v := (*lineValues)(arg)
		if v.mask != 1 {
			c.t.Errorf("mask %#x", v.mask)
		}
		c.lit = append(c.lit, v.bits == 1)
		return nil
	}
	return syscall.ENOTTY
}

func TestLine(t *testing.T) {
	t.Parallel()
	for prefix, flags := range map[string]uint64{"": flagOutput, "!": flagOutput | flagActiveLow} {
		c := newChip(t)
		l, err := openLine(prefix+c.device+":17", c.ioctl)
		if err != nil {
			t.Fatal(err)
		}
		l.Set(true)
		l.Set(false)
		if c.offset != 17 || c.flags != flags || len(c.lit) != 2 || !c.lit[0] || c.lit[1] {
			t.Errorf("line %d, flags %#x, lit %v", c.offset, c.flags, c.lit)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestLineRefused(t *testing.T) {
	t.Parallel()
	c := newChip(t)
	for name, want := range map[string]string{
		c.device + ":3":       "in use by another program",
		c.device + ":99":      "gpioinfo shows",
		"gpiochip0":           "chip:line",
		":17":                 "chip:line",
		"gpiochip0:-1":        "chip:line",
		"gpiochip0:70000":     "chip:line",
		"/nowhere/gpiochip:1": "ls /dev/gpiochip*",
		"nowhere:1":           "there is no /dev/nowhere",
	} {
		if _, err := openLine(name, c.ioctl); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The system call itself, on a device that is no chip.
	if _, err := openLine("/dev/null:1", kernel); err == nil || !strings.Contains(err.Error(), "no GPIO chip") {
		t.Errorf("/dev/null: %v", err)
	}
}
