// Package console is the page on which an operator sees what a broker does:
// its events as they happen, its channels and connections, and a form that
// publishes.
//
// The mental model: the broker tells the Console what happens while somebody
// watches, and not otherwise. Each watcher is one open page; it has a sampler,
// which bounds how much it is shown, and a queue, which bounds how much waits
// for it. What is left out is counted and said.
//
//	event -> watcher: counted -> sampler -> queue -> stream -> page
//
// The page asks for everything else: lists and counts, a few hundred rows at
// most. Nothing here knows the broker but through the interface Broker, and
// nothing that the sampler decides depends on a clock or a goroutine.
//
// The gate stands before everything below api/: a password, or in development
// a loopback connection that was made by a name of this machine. The page
// itself and its parts are no secret.
package console
