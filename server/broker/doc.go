// Package broker is a server that speaks Pusher Channels: clients connect to
// it with any Pusher library, and application servers publish through the
// HTTP API with theirs. It needs no account and nothing beside it, and runs
// alone or inside another program.
//
//	b, err := broker.New(broker.Config{
//		Apps: []broker.App{{ID: "1", Key: "app-key", Secret: "app-secret", ClientEvents: true}},
//	})
//	listener, err := net.Listen("tcp", "127.0.0.1:6001")
//	go b.Serve(listener)
//	err = b.Publish(ctx, "1", broker.Event{Name: "on", Channels: []string{"lamp"}, Data: `{}`})
//	err = b.Shutdown(ctx)
//
// # How it fits together
//
//	loop     one goroutine that carries thousands of connections of plain TCP,
//	         on Linux; each of them is a line
//	socket   the other transport, under TLS and elsewhere: one goroutine that
//	         reads a connection, and one more while there is something to write
//	pending  what waits to be written to a connection, bounded in bytes
//	client   internal/peer, which knows the protocol, joined to the hub
//	hub      the channels of one application, in shards
//	channel  who is on it, in what order events go out, and who is present
//
// An event is made into one frame, whoever sends it, and the frame is queued for
// everybody on the channel; nothing is copied until it is written. Each channel
// has a lock of its own, so the order in which events take it is the order in
// which all clients see them. A client that does not read costs itself only:
// what waits for it is bounded, and it is closed with 4100.
//
// A loop reads the request for a WebSocket connection itself, if there is
// nothing odd about it; whatever else comes goes to net/http. Connections from a
// server of somebody else's, behind Handler, are taken over from there.
//
// # Locks
//
// In this order; no two of one line are ever held together:
//
//	Broker.mu    the connections and servers there are; a connection may be
//	             told meanwhile to close, which takes loop.mu
//	shard.mu     which channels there are; held with none below
//	channel.mu   who is on a channel
//	pending.mu   what waits for a connection
//	loop.mu      whether the goroutine of a loop is there
//
// A channel is found under the lock of its shard and used under its own. It may
// have emptied in between: then it is marked dead, and whoever finds it so
// takes it out of the shard and looks again.
//
// # What it promises
//
// At most once, in order, as Pusher itself: an event reaches the clients that
// are on the channel when it is published, or their connections are closed
// with a code that says so.
package broker
