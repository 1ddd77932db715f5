//go:build tinygo && baremetal

package thimble

import (
	"time"
	_ "unsafe" // for go:linkname
)

// tick is the time since some moment, never going back: what time.Since asks,
// without the 600 bytes that it does with the answer.
func tick() time.Duration { return time.Duration(nanotime()) }

//go:linkname nanotime runtime.nanotime
func nanotime() int64
