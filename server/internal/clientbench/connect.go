package main

import (
	"context"
	"fmt"
	"time"

	"github.com/thimble-go/thimble"
)

// oneWay is the delay of the link in each direction.
const oneWay = 50 * time.Millisecond

// patience bounds what takes a few hundred milliseconds.
const patience = 30 * time.Second

// connection is how a client came to its first private channel.
type connection struct {
	took          time.Duration
	socket, asked []int // flights of the connections to the server and to the authorization endpoint
}

// roundTrips is what the connections took, opening included.
func roundTrips(flights []int) int {
	sum := len(flights)
	for _, n := range flights {
		sum += n
	}
	return sum
}

// connect runs a client over links to a server and an authorization endpoint
// until its private channel is confirmed.
func connect(server, endpoint string) (connection, error) {
	var c connection
	socket, err := newLink(server, oneWay)
	if err != nil {
		return c, err
	}
	defer socket.close()
	asked, err := newLink(endpoint, oneWay)
	if err != nil {
		return c, err
	}
	defer asked.close()

	client, err := thimble.New(thimble.Config{
		Key: appKey, Host: socket.address(), Plaintext: true,
		Authorizer: thimble.Endpoint{URL: "http://" + asked.address() + "/pusher/auth"},
	})
	if err != nil {
		return c, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	begin := time.Now()
	var failure error
	room := client.Subscribe(privateName)
	room.Bind(thimble.EventSubscribed, func(thimble.Event) {
		c.took = time.Since(begin)
		c.socket, c.asked = socket.flights(), asked.flights()
		client.Disconnect()
	})
	room.Bind(thimble.EventSubscriptionError, func(e thimble.Event) {
		failure = e.Err
		client.Disconnect()
	})
	client.OnError(func(err error) { failure = err })
	if err := client.Run(ctx); err != nil {
		return c, err
	}
	if c.took == 0 {
		return c, fmt.Errorf("no private channel: %w", failure)
	}
	return c, nil
}
