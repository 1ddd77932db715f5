//go:build linux || darwin || freebsd || netbsd || openbsd

package load

import (
	"math"
	"syscall"
)

// maxFiles is how many files this process may have open. Go has raised the
// limit as far as it may.
func maxFiles() (n int, known bool) {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0, false
	}
	return int(min(uint64(limit.Cur), math.MaxInt32)), true
}
