//go:build !tinygo

package thimble

import (
	"context"
	"time"
)

// newScope returns a context that ends with another one, or when end is called.
func newScope(parent context.Context) (ctx context.Context, end func()) {
	return context.WithCancel(parent)
}

// timedScope is newScope with an end of its own.
func timedScope(parent context.Context, d time.Duration) (ctx context.Context, end func()) {
	return context.WithTimeout(parent, d)
}

// afterScope has fn called once a context has ended, unless stop is called
// before.
func afterScope(ctx context.Context, fn func()) (stop func() bool) { return context.AfterFunc(ctx, fn) }
