//go:build !tinygo || !baremetal

package thimble

import "time"

var began = time.Now()

// tick is the time since some moment, never going back.
func tick() time.Duration { return time.Since(began) }
