//go:build !tinygo

package thimble_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/thimble-go/thimble"
)

func TestSlogLogger(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := thimble.SlogLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})))
	log(thimble.Record{Level: thimble.LevelDebug, Message: "not shown"})
	log(thimble.Record{Level: thimble.LevelWarn, Message: "not subscribed", Channel: "c", Event: "e", Size: 3, Retry: time.Second, Gap: time.Minute, Err: errors.New("no")})
	log(thimble.Record{Message: "connected"})
	const want = "level=WARN msg=\"not subscribed\" channel=c event=e size=3 retry=1s gap=1m0s error=no\nlevel=INFO msg=connected\n"
	if out.String() != want {
		t.Errorf("got %s", out.String())
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var v struct{ On bool }
	if err := (thimble.Event{Data: []byte(`{"on":true}`)}).Decode(&v); err != nil || !v.On {
		t.Errorf("%+v, %v", v, err)
	}
	if err := (thimble.Event{Data: []byte(`plain`)}).Decode(&v); err == nil {
		t.Error("no error")
	}
}
