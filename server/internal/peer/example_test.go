package peer_test

import (
	"fmt"
	"time"

	"github.com/thimble-go/thimble/channelauth"
	"github.com/thimble-go/thimble/internal/websocket"
	"github.com/thimble-go/thimble/server/internal/peer"
)

// The conversation of a transport with a Peer.
func Example() {
	settings := peer.Settings{Signers: []channelauth.Signer{{Key: "key", Secret: "secret"}}}
	p, hello := peer.New(peer.NewLive(settings), "1.2", 0)
	fmt.Printf("to the client: %d bytes\n", len(hello))

	arrived := websocket.AppendFrame(nil, websocket.Text,
		`{"event":"pusher:subscribe","data":{"channel":"room"}}`, &[4]byte{1, 2, 3, 4})
	now := 50 * time.Millisecond
	for {
		used, action := p.Next(arrived, now)
		arrived = arrived[used:]
		if action.Kind == peer.None {
			break
		}
		if action.Kind == peer.Subscribe {
			fmt.Println("joins", action.Channel)
			p.Joined(action.Channel, nil)
		}
	}
	fmt.Println("look again at", p.Deadline())
	// Output:
	// to the client: 101 bytes
	// joins room
	// look again at 2m0.05s
}
