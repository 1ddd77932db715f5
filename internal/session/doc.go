// Package session is the client's side of the Pusher Channels protocol as a
// state machine, without goroutine, clock or socket.
//
// The mental model: a driver owns the socket and the clock, and tells the
// session what happens to them; the session says what to do.
//
//	driver                         session
//	Connect, Subscribe, Trigger -> intents: what the user wants
//	Dialed, Received, Lost      -> what the transport did
//	Authorized                  -> a token has come, or not
//	Advance(now)                -> time has passed
//	                            <- Next: one event at a time, some of which
//	                               ask the driver to act: Dial, Hangup,
//	                               Authorize
//	                            <- Output: bytes to write
//	                            <- Deadline: when to call Advance
//
// Time is a duration, above zero, since a moment that the driver chose, read
// from a clock that only moves forward. So every rule about time is tested with exact
// times, and a step of the wall clock or a night asleep changes nothing.
//
// What the user wants (a connection, these channels) is kept apart from what
// the server has been told on the present connection. Whenever either changes,
// the two are compared and the difference is sent: that is all there is to
// reconnecting, and why an intent survives a drop at any point.
//
// Events borrow the read buffer: what Next returns is valid until Next is
// called again. A Session is not safe for concurrent use; the driver locks.
package session
