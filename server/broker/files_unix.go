//go:build unix

package broker

import "golang.org/x/sys/unix"

// openFiles is how many files the process may have open, zero if nobody knows.
// Go itself has raised the soft limit to the hard one when the process began.
func openFiles() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), manyFiles))
}
