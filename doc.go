// Package thimble puts anything that runs Go on Pusher Channels: servers with
// ordinary Go, boards with TinyGo.
//
// The mental model: a Client keeps one connection, for as long as it runs, and
// remembers what was asked for. Channels, handlers and the rest can be set up
// before, during and after; whenever there is a connection, the client brings
// the server to the same view. Lost connections come back by themselves, with
// fresh authorization for each private and presence channel.
//
//	client, err := thimble.New(thimble.Config{Key: "app-key", Cluster: "eu"})
//	news := client.Subscribe("news")
//	news.Bind("headline", func(e thimble.Event) { fmt.Println(e.Text()) })
//	err = client.Run(ctx)
//
// One goroutine drives a client, and all handlers run there, one at a time, in
// the order of the messages: the one that calls Run, or, on a device with a
// loop of its own, the one that calls Poll. Handlers may call any method. All
// methods but Run and Poll may be called from any goroutine at any time.
//
// A handler that takes long delays the events behind it, answers to the
// server's pings included. What waits meanwhile is held by the network, not by
// memory that grows.
package thimble
