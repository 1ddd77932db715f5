// Package demo is everything that "thimble demo" shows, in one process: a
// broker (or the hosted service in its place), the authorization endpoint, a
// simulated device that runs the application of the boards, and the page.
//
// The mental model: one HTTP server with a few doors.
//
//	/                     the page, embedded
//	/demo/session         what the page needs to know, with a ticket
//	/demo/device[/...]    the plug of the simulated device
//	/pusher/auth          the authorization endpoint
//	/app/, /apps/         the broker; missing when the hosted service is used
//
// A ticket says who somebody is, signed by this process. It stands for the
// login of a real application: whoever shows a ticket joins under the id that
// it names, whoever has none joins as a guest with an id made up here. So the
// device can trust the user id that the server vouches for.
package demo
