// Package webhook tells the endpoints of applications what happens on their
// channels: it holds back what may undo itself, queues, and delivers over HTTP.
//
//	told      Queue.Tell puts an event down and returns; a goroutine that exists
//	          while there is something does the rest
//	holds     channel_vacated and member_removed wait, and are forgotten when
//	          the client comes back
//	store     a file with what waits for each endpoint, and with what is occupied
//	lanes     what waits for one endpoint: a lane for each channel, in order, with
//	          its retries
//	endpoint  the requests of one endpoint
//
// The queue is in memory, whole and bounded in bytes. The store is its shadow,
// for the next process: nothing is read from it after the start, and nothing is
// delivered before it is in it. When the store fails, delivery goes on from
// memory, and what has changed meanwhile is written when it works again.
//
// holds and lanes have no goroutine, no clock and no I/O: time is an argument.
// It is that of the process, which no change of the clock moves.
//
// # Locks
//
// In this order: Queue.mu, endpoint.mu. Neither is held while something is
// written or sent.
package webhook
