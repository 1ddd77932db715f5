//go:build go1.25

package thimble_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thimble-go/thimble"
)

// TestPollWhereTimeStandsStill polls on a board whose package time stands still
// while a program runs, as in an emulator: deadlines of the clock that it was
// given must pass all the same.
func TestPollWhereTimeStandsStill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now time.Duration
		dials := 0
		client, err := thimble.New(thimble.Config{
			Key: "k", Host: "example.com", Plaintext: true,
			Clock: func() time.Duration { now += time.Millisecond; return now },
			Dial: func(context.Context, string, string) (net.Conn, error) {
				dials++
				return new(memory), nil // which never greets
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		client.Channel("news").Subscribe()
		for dials < 2 {
			if err := client.Poll(); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		client.Disconnect()
	})
}
