// Package load puts a bounded load on a Pusher server and measures what comes
// of it: clients connect and subscribe at a rate, numbered messages are
// published at a rate, and each client notes when which of them arrives.
//
// The clients are those of package thimble. Times are taken in one process, so
// no clocks have to agree: a delivery lasts from the moment before the message
// is handed to the HTTP API, or to the sending client, until the handler of the
// receiving client has it. On a machine that is busy with the load itself, these
// times are its own as much as the server's.
//
// Losses are counted, not guessed: what was published, times those subscribed,
// less what has come.
package load
