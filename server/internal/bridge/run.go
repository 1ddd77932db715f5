package bridge

import (
	"context"
	"io"
	"time"
)

// Run opens a line and serves it, again and again until ctx ends: devices are
// pulled out and come back, emulators restart. What prevents it is told to
// Notify, each time that it is something new. It returns nil.
func (b *Bridge) Run(ctx context.Context, open func(context.Context) (io.ReadWriteCloser, error)) error {
	said := ""
	for ctx.Err() == nil {
		stream, err := open(ctx)
		if err == nil {
			said = ""
			b.cfg.Notify(Event{Kind: LineUp})
			err = b.Serve(ctx, stream)
			if ctx.Err() != nil {
				break
			}
			b.cfg.Notify(Event{Kind: LineDown, Err: err})
		} else if text := err.Error(); text != said && ctx.Err() == nil {
			said = text
			b.cfg.Notify(Event{Kind: Waiting, Err: err})
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryEvery):
		}
	}
	return nil
}
