package broker

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/thimble-go/thimble/server/internal/peer"
)

// Clients come to and go from a few channels at once, so that channels empty
// and fill all the time, while others publish and look on. At the end nothing
// is left, and in between no channel has lost or doubled anybody.
func TestHubUnderContention(t *testing.T) {
	t.Parallel()
	app := testApp(t)
	channels := []string{"a", "b", "presence-a", "presence-b"}
	join := func(c *client, channel string, user int) {
		a := peer.Action{Kind: peer.Subscribe, Channel: channel, Member: peer.Member{ID: fmt.Sprint(user)}}
		c.subscribe(&a)
	}
	var clients, others sync.WaitGroup
	stop := make(chan struct{})
	for i := range 8 {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			c := app.stranger(i, void{})
			for range 2000 {
				join(c, channels[random.IntN(len(channels))], i/2)
				c.gone()
			}
		})
	}
	others.Go(func() {
		event := Event{Name: "x", Channels: channels, SocketID: "1.3"}
		for {
			select {
			case <-stop:
				return
			default:
			}
			app.publish(&event)
			for _, ch := range app.hub.occupied("") {
				connections, users := ch.count()
				if connections > 8 || users > 4 || len(ch.userIDs()) > 4 {
					t.Errorf("%s has %d connections of %d users", ch.name, connections, users)
				}
			}
		}
	})
	clients.Wait()
	close(stop)
	others.Wait()
	if n := app.hub.size(); n != 0 {
		t.Errorf("%d channels are left", n)
	}
}
