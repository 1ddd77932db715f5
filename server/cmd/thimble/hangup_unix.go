//go:build unix

package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// onHangup calls fn for each signal HUP, until stop.
func onHangup(fn func()) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	var done sync.WaitGroup
	end := make(chan struct{})
	done.Go(func() {
		for {
			select {
			case <-signals:
				fn()
			case <-end:
				return
			}
		}
	})
	return func() {
		signal.Stop(signals)
		close(end)
		done.Wait()
	}
}
