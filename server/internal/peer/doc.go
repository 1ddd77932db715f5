// Package peer is the broker's end of one connection, without I/O: no socket,
// no goroutine, no clock and no knowledge of other connections.
//
// The mental model: a transport owns a socket and a Peer. What it reads goes
// to [Peer.Next], which answers with one [Action] at a time; when
// [Peer.Deadline] has passed it calls [Peer.Tick]; when somebody wants the
// connection closed it calls [Peer.Close]. An Action says what to do in the
// world outside, and carries the bytes to send:
//
//	Send         these bytes go to the client
//	Subscribe    the client may join this channel; answer Joined or Declined
//	Unsubscribe  the client leaves this channel
//	Publish      these bytes go to the others on this channel
//	Closing      the last bytes; from here on nothing that comes counts
//	HangUp       send the bytes, if any, then close the socket
//
// A connection lives through three states:
//
//	open ----------> closing ----------> closed
//	      Closing            HangUp
//	open ------------------------------> closed
//	       HangUp (the client closed first, or broke RFC 6455)
//
// A client that is refused at the door starts in closing, which is why nothing
// it sends can count. The Peer keeps the list of the channels that its client
// is on: what is left of a connection is found there, without a walk through
// the channels of the application.
//
// Time is an argument: what has passed, on a monotonic clock, since a moment
// that is the same for all calls. A Peer belongs to one goroutine at a time.
// The bytes in an Action may be shared and must not be changed.
package peer
