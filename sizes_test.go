package thimble_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/thimble-go/thimble"
	"github.com/thimble-go/thimble/internal/wire"
)

// liveHeap returns how many bytes are on the heap and in use.
func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what has finalizers goes with the second
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestSizes checks what docs/boards.md says of channels and members. It must
// not run beside others.
func TestSizes(t *testing.T) {
	client := newClient(t, thimble.Config{
		Key: "k", Host: "example.com", Plaintext: true, Authorizer: tokens(`{"user_id":"me"}`),
		Dial: func(context.Context, string, string) (net.Conn, error) { return new(memory), nil },
	})
	const channels = 100
	before := liveHeap()
	for i := range channels {
		client.Subscribe("private-"+strconv.Itoa(i)).Bind("event", func(thimble.Event) {})
	}
	each := (liveHeap() - before) / channels
	t.Logf("a channel with a handler takes %d bytes", each)
	if each > 1200 {
		t.Errorf("a channel with a handler takes %d bytes", each)
	}

	// The list that is sent to who joins 59 others.
	const members = 60
	info := `{"kind":"device","name":"` + strings.Repeat("x", 30) + `"}`
	var ids, hash []string
	for i := range members {
		id := fmt.Sprintf("%q", "device-"+strconv.Itoa(1000+i))
		ids = append(ids, id)
		hash = append(hash, id+":"+info)
	}
	data := fmt.Sprintf(`{"presence":{"count":%d,"ids":[%s],"hash":{%s}}}`, members, strings.Join(ids, ","), strings.Join(hash, ","))
	message := append([]byte(`{"event":"pusher_internal:subscription_succeeded","channel":"presence-devices","data":`), wire.AppendString(nil, data)...)
	t.Logf("info of %d bytes: the list of %d members takes %d bytes", len(info), members, len(message))
	if n := len(message); n > 8<<10 || n < 4<<10 {
		t.Errorf("the list of %d members takes %d bytes", members, n)
	}
	client.Disconnect()
}
