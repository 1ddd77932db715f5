//go:build !tinygo

package thimble

import (
	"context"
	"log/slog"
)

// SlogLogger makes a Config.Logger of one of package log/slog, whose handler
// decides about levels too: set Config.LogLevel to LevelDebug to have it decide
// alone.
func SlogLogger(l *slog.Logger) Logger {
	return func(r Record) {
		ctx, level := context.Background(), slog.Level(r.Level)
		if !l.Enabled(ctx, level) {
			return
		}
		var attrs [6]slog.Attr
		n := 0
		add := func(set bool, attr slog.Attr) {
			if set {
				attrs[n] = attr
				n++
			}
		}
		add(r.Channel != "", slog.String("channel", r.Channel))
		add(r.Event != "", slog.String("event", r.Event))
		add(r.Size != 0, slog.Int("size", r.Size))
		add(r.Retry != 0, slog.Duration("retry", r.Retry))
		add(r.Gap != 0, slog.Duration("gap", r.Gap))
		if r.Err != nil {
			add(true, slog.String("error", r.Err.Error()))
		}
		l.LogAttrs(ctx, level, r.Message, attrs[:n]...)
	}
}
